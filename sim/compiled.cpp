// Drives what Verilator makes of a design, behind ports with names and widths of its own, from arrays: a clock cycle a
// turn of the loop. The same arguments as `quadcim_gates_run` in bulk.cpp has, for a single copy of the design.

#include <cstdint>

#include "Vquadcim_bulk.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

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

// A payload between a port and words; bits beyond the port's width are none of it.
template <class Number> void load(Number &port, const uint32_t *from, int width) {
  uint64_t value = from[0] | (width > 32 ? uint64_t(from[1]) << 32 : 0);
  port = Number(value & (~UINT64_C(0) >> (64 - width)));
}
template <std::size_t words> void load(VlWide<words> &port, const uint32_t *from, int width) {
  for (std::size_t k = 0; k < words; k++) port[k] = from[k];
  if (width % 32) port[words - 1] &= (1u << width % 32) - 1;
}
template <class Number> void store(const Number &port, uint32_t *to, int width) {
  to[0] = uint32_t(port);
  if (width > 32) to[1] = uint32_t(uint64_t(port) >> 32);
}
template <std::size_t words> void store(const VlWide<words> &port, uint32_t *to, int) {
  for (std::size_t k = 0; k < words; k++) to[k] = port[k];
}

struct Statistics {
  uint64_t cycles, accepted, delivered, first_accepted, first_delivered, late;
};

struct Design {
  VerilatedContext context;
  Vquadcim_bulk top{&context};

  Design() {
    top.rst = 1, top.i_valid = 0, top.w_valid = 0, top.o_ready = 0;
    settle(), commit(), settle(), commit();
    top.rst = 0;
  }
  void settle() { top.clk = 0, top.eval(); }
  void commit() { top.clk = 1, top.eval(); }
};

}  // namespace

// Libraries of several designs are loaded side by side: nothing else of one is seen by the others.
extern "C" __attribute__((visibility("default"))) void quadcim_compiled_run(
    const uint32_t *inputs, uint32_t *outputs, const uint64_t *in_start, const uint64_t *out_start,
    uint64_t first_frame, uint64_t in_pause, uint64_t out_pause, uint64_t seed, uint64_t max_cycles,
    uint64_t idle_cycles, const uint32_t *writes, uint64_t write_count, const uint64_t *write_after,
    const uint64_t *beat_after, uint64_t *writes_before, Statistics *statistics) {
  Design design;
  Vquadcim_bulk &top = design.top;
  const uint64_t beats = in_start[1], results = out_start[1];
  constexpr int in_words = (I_WIDTH + 31) / 32, out_words = (O_WIDTH + 31) / 32, write_words = (W_WIDTH + 31) / 32;
  Random random{seed * 2 + 1};
  for (int k = 0; k < 4; k++) random.chance(0);  // neighbouring seeds begin alike
  Statistics s{};
  uint64_t written = 0;
  bool offered = false, offered_write = false;
  while (s.delivered < results && s.cycles < max_cycles) {
    if (!offered && s.accepted < beats && !(beat_after && written < beat_after[s.accepted]) &&
        !(in_pause && random.chance(in_pause)))
      offered = true, load(top.i_payload, inputs + s.accepted * in_words, I_WIDTH);
    if (!offered_write && written < write_count && !(write_after && s.delivered < write_after[written]))
      offered_write = true, load(top.w_payload, writes + written * write_words, W_WIDTH);
    const bool taking = !(out_pause && random.chance(out_pause));
    top.i_valid = offered, top.o_ready = taking, top.w_valid = offered_write;
    design.settle();
    if (top.o_valid && taking) {
      if (!s.delivered) s.first_delivered = s.cycles;
      store(top.o_payload, outputs + s.delivered++ * out_words, O_WIDTH);
    }
    if (offered && top.i_ready) {
      if (s.accepted + 1 == first_frame) s.first_accepted = s.cycles;
      writes_before[s.accepted++] = written;
      offered = false;
    }
    if (offered_write && top.w_ready) written++, offered_write = false;
    design.commit();
    s.cycles++;
  }
  top.i_valid = 0, top.w_valid = 0, top.o_ready = 1;
  for (uint64_t idle = 0; idle < idle_cycles; idle++) {
    design.settle();
    s.late += beats && top.o_valid;
    design.commit();
  }
  *statistics = s;
}
