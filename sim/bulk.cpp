// Drives a unit with one input stream and one output stream from arrays, one clock cycle a turn of the loop.
// The generated "design.h" defines `Design`: its inputs by reference, its outputs, cycle() and commit().

#include <cstdint>

#include "design.h"

namespace {

// xorshift64*: stall patterns need speed, not quality.
struct Random {
  uint64_t state;
  // True with a probability of share / 2**32.
  bool chance(uint64_t share) {
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return ((state * UINT64_C(0x2545F4914F6CDD1D)) >> 32) < share;
  }
};

}  // namespace

struct Statistics {
  uint64_t cycles;          // clock cycles from the end of the reset to the last beat out
  uint64_t accepted;        // beats in
  uint64_t delivered;       // beats out
  uint64_t first_accepted;  // cycle of the first beat in
  uint64_t first_delivered; // cycle of the first beat out
  uint64_t late;            // beats that came out after the last one expected
};

// Sends `beats` beats of IN_WORDS words and stores the beats of OUT_WORDS words that come out.
// A side pauses in a cycle with a probability of its share / 2**32; a beat on offer stays until it is accepted.
extern "C" void quadcim_bulk_run(const uint32_t *inputs, uint32_t *outputs, uint64_t beats, uint64_t in_pause,
                                 uint64_t out_pause, uint64_t seed, uint64_t max_cycles, Statistics *statistics) {
  Design design;
  Random random{seed * 2 + 1};
  Statistics s{};
  design.reset();
  bool offered = false;
  while (s.delivered < beats && s.cycles < max_cycles) {
    if (!offered && s.accepted < beats) offered = in_pause == 0 || !random.chance(in_pause);
    bool taking = out_pause == 0 || !random.chance(out_pause);
    design.offer(offered, inputs + s.accepted * IN_WORDS);
    design.take(taking);
    design.settle();
    if (design.valid() && taking) {
      if (s.delivered == 0) s.first_delivered = s.cycles;
      design.fetch(outputs + s.delivered * OUT_WORDS);
      s.delivered++;
    }
    if (offered && design.ready()) {
      if (s.accepted == 0) s.first_accepted = s.cycles;
      s.accepted++;
      offered = false;
    }
    design.commit();
    s.cycles++;
  }
  for (int idle = 0; idle < IDLE_CYCLES; idle++) {
    design.offer(false, inputs);
    design.take(true);
    design.settle();
    if (design.valid()) s.late++;
    design.commit();
  }
  *statistics = s;
}
