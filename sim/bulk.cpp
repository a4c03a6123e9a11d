// Evaluates a netlist of gates for 256 independent copies of a design at once, one a bit of a vector, and drives their
// streams from arrays, one clock cycle a turn of the loop.

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr int WORDS = 4, LANES = 64 * WORDS;
typedef uint64_t Vector __attribute__((vector_size(8 * WORDS), aligned(8 * WORDS)));

// xorshift64*: stall patterns need speed, not quality.
struct Random {
  uint64_t state;
  // True with a probability of share / 2**32.
  bool chance(uint64_t share) {
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return ((state * UINT64_C(0x2545F4914F6CDD1D)) >> 32) < share;
  }
};

// Bit k of word j becomes bit j of word k.
void transpose(uint64_t block[64]) {
  uint64_t mask = 0x00000000FFFFFFFF;
  for (int size = 32; size; size >>= 1, mask ^= mask << size)
    for (int k = 0; k < 64; k = ((k | size) + 1) & ~size) {
      uint64_t swap = ((block[k] >> size) ^ block[k | size]) & mask;
      block[k] ^= swap << size;
      block[k | size] ^= swap;
    }
}

bool any(const Vector &value) { return value[0] | value[1] | value[2] | value[3]; }

// Calls the function with the number of each lane whose bit is set.
template <class Function> void each(const Vector &mask, Function function) {
  for (int group = 0; group < WORDS; group++)
    for (uint64_t left = mask[group]; left; left &= left - 1) function(64 * group + __builtin_ctzll(left));
}

// The lanes, of those in the mask, for which the function is true.
template <class Function> Vector where(const Vector &mask, Function function) {
  Vector result{};
  for (int group = 0; group < WORDS; group++) {
    uint64_t word = 0;
    for (uint64_t left = mask[group]; left; left &= left - 1) {
      const int lane = __builtin_ctzll(left);
      word |= uint64_t(function(64 * group + lane)) << lane;
    }
    result[group] = word;
  }
  return result;
}

}  // namespace

struct Port {
  const int32_t *wires;  // the lowest bit first; a port that the design lacks has none
  int32_t width;
};

struct Netlist {
  int32_t wires, runs, registers;
  const int32_t *run, *operand, *reg;
  int64_t gates;
  Port reset, i_payload, i_valid, i_ready, o_payload, o_valid, o_ready, w_payload, w_valid, w_ready;
};

struct Statistics {
  uint64_t cycles;           // clock cycles from the end of the reset to the last beat out
  uint64_t accepted;         // beats in
  uint64_t delivered;        // beats out
  uint64_t first_accepted;   // cycle of the first beat in
  uint64_t first_delivered;  // cycle of the first beat out
  uint64_t late;             // beats that came out after the last one expected
};

namespace {

struct Design {
  const Netlist &net;
  std::vector<Vector> wire, next;

  explicit Design(const Netlist &n) : net(n), wire(n.wires), next(n.registers) {
    wire[1] = ~Vector{};
    for (int k = 0; k < n.registers; k++) wire[n.reg[3 * k]] = n.reg[3 * k + 2] ? ~Vector{} : Vector{};
    put(n.reset, ~Vector{});
    for (int cycle = 0; cycle < 2; cycle++) settle(), commit();
    put(n.reset, Vector{});
  }

  void put(const Port &port, Vector value) {
    if (port.width) wire[port.wires[0]] = value;
  }
  Vector get(const Port &port) const { return port.width ? wire[port.wires[0]] : ~Vector{}; }

  template <class Function> void evaluate(int32_t out, int32_t count, Function function) {
    const int64_t base = net.wires - net.gates;
    for (int64_t k = out; k < out + count; k++) {
      const int32_t *a = net.operand + (k - base);
      wire[k] = function(wire[a[0]], wire[a[net.gates]], wire[a[2 * net.gates]]);
    }
  }

  void settle() {
    for (int k = 0; k < net.runs; k++) {
      const int32_t kind = net.run[3 * k], out = net.run[3 * k + 1], count = net.run[3 * k + 2];
      typedef const Vector &V;
      switch (kind) {
        case 0: evaluate(out, count, [](V a, V, V) { return ~a; }); break;
        case 1: evaluate(out, count, [](V a, V b, V) { return a & b; }); break;
        case 2: evaluate(out, count, [](V a, V b, V) { return a | b; }); break;
        case 3: evaluate(out, count, [](V a, V b, V) { return a ^ b; }); break;
        case 4: evaluate(out, count, [](V a, V b, V s) { return (a & ~s) | (b & s); }); break;
        case 5: evaluate(out, count, [](V a, V b, V) { return a & ~b; }); break;
        case 6: evaluate(out, count, [](V a, V b, V) { return a | ~b; }); break;
        case 7: evaluate(out, count, [](V a, V b, V) { return ~(a & b); }); break;
        case 8: evaluate(out, count, [](V a, V b, V) { return ~(a | b); }); break;
        case 9: evaluate(out, count, [](V a, V b, V) { return ~(a ^ b); }); break;
      }
    }
  }

  void commit() {
    for (int k = 0; k < net.registers; k++) next[k] = wire[net.reg[3 * k + 1]];
    for (int k = 0; k < net.registers; k++) wire[net.reg[3 * k]] = next[k];
  }

  // Each lane's payload from its own words.
  void load(const Port &port, const uint32_t *const source[LANES]) {
    const int words = (port.width + 31) / 32;
    uint64_t block[64];
    for (int group = 0; group < WORDS; group++)
      for (int word = 0; word < words; word += 2) {
        for (int lane = 0; lane < 64; lane++) {
          const uint32_t *from = source[64 * group + lane];
          block[lane] = from ? from[word] | (word + 1 < words ? uint64_t(from[word + 1]) << 32 : 0) : 0;
        }
        transpose(block);
        for (int k = 0; k < 64 && 32 * word + k < port.width; k++) wire[port.wires[32 * word + k]][group] = block[k];
      }
  }

  // The payloads of the lanes in `mask`, each to its own words.
  void store(const Port &port, const Vector &mask, uint32_t *const target[LANES]) const {
    const int words = (port.width + 31) / 32;
    uint64_t block[64];
    for (int group = 0; group < WORDS; group++) {
      if (!mask[group]) continue;
      for (int word = 0; word < words; word += 2) {
        for (int k = 0; k < 64; k++)
          block[k] = 32 * word + k < port.width ? wire[port.wires[32 * word + k]][group] : 0;
        transpose(block);
        for (int lane = 0; lane < 64; lane++) {
          if (!(mask[group] >> lane & 1)) continue;
          uint32_t *to = target[64 * group + lane];
          to[word] = uint32_t(block[lane]);
          if (word + 1 < words) to[word + 1] = uint32_t(block[lane] >> 32);
        }
      }
    }
  }
};

}  // namespace

// Sends `beats` beats and stores what comes out, in order; lane k takes the k-th `share` of them.
// A side pauses in a cycle with a probability of its share / 2**32; a beat on offer stays until it is accepted.
// Every lane makes all `writes` on its stream w: write k when `write_after[k]` of its beats have been delivered. Its beat
// k waits for `beat_after[k]` writes; both may be null. For each beat, `writes_before` gets the number of writes that
// were taken before the cycle in which it was accepted.
extern "C" void quadcim_gates_run(const Netlist *net, const uint32_t *inputs, uint32_t *outputs, uint64_t beats,
                                  uint64_t share, uint64_t in_pause, uint64_t out_pause, uint64_t seed, uint64_t max_cycles,
                                  uint64_t idle_cycles, const uint32_t *writes, uint64_t write_count,
                                  const uint64_t *write_after, const uint64_t *beat_after,
                                  uint64_t *writes_before, Statistics *statistics) {
  Design design(*net);
  const int in_words = (net->i_payload.width + 31) / 32, out_words = (net->o_payload.width + 31) / 32;
  const int write_words = (net->w_payload.width + 31) / 32;
  uint64_t first[LANES], count[LANES], accepted[LANES] = {}, delivered[LANES] = {}, written[LANES] = {};
  const uint32_t *source[LANES], *write_source[LANES] = {};
  uint32_t *target[LANES];
  Random random[LANES];
  Vector offered{}, offered_write{};
  for (int lane = 0; lane < LANES; lane++) {
    first[lane] = lane * share < beats ? lane * share : beats;
    count[lane] = first[lane] + share < beats ? share : beats - first[lane];
    source[lane] = count[lane] ? inputs + first[lane] * in_words : nullptr;
    target[lane] = outputs + first[lane] * out_words;
    random[lane].state = (seed * LANES + lane) * 2 + 1;
    for (int k = 0; k < 4; k++) random[lane].chance(0);  // neighbouring seeds begin alike
  }
  Statistics s{};
  bool changed = true;
  const Vector all = ~Vector{};
  Vector unsent = where(all, [&](int lane) { return count[lane] > 0; });    // lanes with beats to send
  Vector unfinished = unsent;                                               // lanes with beats to receive
  Vector unwritten = write_count ? all : Vector{};                          // lanes with writes to make
  while (s.delivered < beats && s.cycles < max_cycles) {
    Vector offering = unsent & ~offered, taking = all;
    if (beat_after)
      offering = where(offering, [&](int lane) { return written[lane] >= beat_after[first[lane] + accepted[lane]]; });
    if (in_pause) offering = where(offering, [&](int lane) { return !random[lane].chance(in_pause); });
    if (out_pause) taking = where(all, [&](int lane) { return !random[lane].chance(out_pause); });
    offered |= offering;
    Vector writing = unwritten & ~offered_write;
    if (write_after)
      writing = where(writing, [&](int lane) { return delivered[lane] >= write_after[written[lane]]; });
    if (any(writing)) {
      each(writing, [&](int lane) { write_source[lane] = writes + written[lane] * write_words; });
      design.load(net->w_payload, write_source);
      offered_write |= writing;
    }
    if (changed) design.load(net->i_payload, source);
    design.put(net->i_valid, offered);
    design.put(net->o_ready, taking);
    design.put(net->w_valid, offered_write);
    design.settle();
    Vector out = design.get(net->o_valid) & taking;
    each(out & ~unfinished, [&](int) { s.late++; });
    out &= unfinished;
    if (any(out)) {
      if (out[0] & 1 && delivered[0] == 0) s.first_delivered = s.cycles;
      design.store(net->o_payload, out, target);
      each(out, [&](int lane) { target[lane] += out_words, delivered[lane]++, s.delivered++; });
      unfinished &= ~where(out, [&](int lane) { return delivered[lane] == count[lane]; });
    }
    const Vector in = design.get(net->i_ready) & offered, write = design.get(net->w_ready) & offered_write;
    changed = any(in);
    if (changed) {
      if (in[0] & 1 && accepted[0] == 0) s.first_accepted = s.cycles;
      each(in, [&](int lane) {
        writes_before[first[lane] + accepted[lane]++] = written[lane];
        s.accepted++;
      });
      unsent &= ~where(in, [&](int lane) { return accepted[lane] == count[lane]; });
      each(in & unsent, [&](int lane) { source[lane] += in_words; });
      offered &= ~in;
    }
    if (any(write)) {
      each(write, [&](int lane) { written[lane]++; });
      unwritten &= ~where(write, [&](int lane) { return written[lane] == write_count; });
      offered_write &= ~write;
    }
    design.commit();
    s.cycles++;
  }
  const Vector used = where(all, [&](int lane) { return count[lane] > 0; });
  design.put(net->i_valid, Vector{});
  design.put(net->w_valid, Vector{});
  design.put(net->o_ready, ~Vector{});
  for (uint64_t idle = 0; idle < idle_cycles; idle++) {
    design.settle();
    each(design.get(net->o_valid) & used, [&](int) { s.late++; });
    design.commit();
  }
  *statistics = s;
}
