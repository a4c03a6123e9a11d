// Evaluates a netlist of gates with three values, 0, 1 and unknown, clock cycle by clock cycle, and drives its streams.
// A value is a set: bit 0 says that it may be 0, bit 1 that it may be 1.

#include <cstdint>
#include <vector>

namespace {

constexpr uint8_t ZERO = 1, ONE = 2, UNKNOWN = 3;

uint8_t invert(uint8_t a) { return (a & 1) << 1 | a >> 1; }
uint8_t both(uint8_t a, uint8_t b) { return (a & b & 2) | ((a | b) & 1); }
uint8_t either(uint8_t a, uint8_t b) { return ((a | b) & 2) | (a & b & 1); }
uint8_t differ(uint8_t a, uint8_t b) { return either(both(a, invert(b)), both(invert(a), b)); }
uint8_t choose(uint8_t a, uint8_t b, uint8_t s) { return s == ZERO ? a : s == ONE ? b : a | b; }

// xorshift64*: stall patterns need speed, not quality.
bool chance(uint64_t &state, uint64_t share) {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return ((state * UINT64_C(0x2545F4914F6CDD1D)) >> 32) < share;
}

}  // namespace

struct Port {
  const int32_t *wires;  // the lowest bit first; a port that the design lacks has none
  int32_t width;
};

struct Netlist {
  int32_t wires, runs, registers, reset_low;
  const int32_t *run, *operand, *reg;
  int64_t gates;
  Port reset, i_payload, i_valid, i_ready, o_payload, o_valid, o_ready, w_payload, w_valid, w_ready;
};

struct Statistics {
  uint64_t cycles;      // clock cycles from the first beat in to the last beat out
  uint64_t accepted;    // beats in
  uint64_t delivered;   // beats out
  uint64_t latency;     // cycles from the first beat in to the first beat out
  uint64_t wrong;       // handshakes that are unknown, results that change while they wait, beats after the last one
};

namespace {

struct Design {
  Netlist net;
  std::vector<uint8_t> wire, before, next;

  // Registers power up as unknown, and so do inputs.
  explicit Design(const Netlist &n) : net(n), wire(n.wires, UNKNOWN), before(n.wires, UNKNOWN), next(n.registers) {
    wire[0] = ZERO, wire[1] = ONE;
  }

  void put(const Port &port, bool value) {
    if (port.width) wire[port.wires[0]] = value ? ONE : ZERO;
  }
  void load(const Port &port, const uint8_t *bits, bool inverted) {
    for (int k = 0; k < port.width; k++) wire[port.wires[k]] = (bits[k] != 0) != inverted ? ONE : ZERO;
  }
  uint8_t get(const Port &port) const { return port.width ? wire[port.wires[0]] : ONE; }

  void settle() {
    const int64_t base = net.wires - net.gates;
    for (int r = 0; r < net.runs; r++) {
      const int32_t kind = net.run[3 * r], first = net.run[3 * r + 1], last = first + net.run[3 * r + 2];
      const int32_t *a = net.operand + (first - base), *b = a + net.gates, *s = b + net.gates;
      for (int32_t k = first; k < last; k++, a++, b++, s++) {
        const uint8_t x = wire[*a], y = wire[*b];
        switch (kind) {
          case 0: wire[k] = invert(x); break;
          case 1: wire[k] = both(x, y); break;
          case 2: wire[k] = either(x, y); break;
          case 3: wire[k] = differ(x, y); break;
          case 4: wire[k] = choose(x, y, wire[*s]); break;
          case 5: wire[k] = both(x, invert(y)); break;
          case 6: wire[k] = either(x, invert(y)); break;
          case 7: wire[k] = invert(both(x, y)); break;
          case 8: wire[k] = invert(either(x, y)); break;
          case 9: wire[k] = invert(differ(x, y)); break;
        }
      }
    }
  }

  void commit() {
    for (int k = 0; k < net.registers; k++) next[k] = wire[net.reg[3 * k + 1]];
    for (int k = 0; k < net.registers; k++) wire[net.reg[3 * k]] = next[k];
  }

  // Changes from a known value to another one.
  void count(uint32_t *changes) {
    for (int k = 0; k < net.wires; k++) changes[k] += (wire[k] ^ before[k]) == UNKNOWN;
    before = wire;
  }
};

}  // namespace

extern "C" void *quadcim_unknown_new(const Netlist *net) { return new Design(*net); }

extern "C" void quadcim_unknown_delete(void *design) { delete static_cast<Design *>(design); }

// A reset of some cycles, then all writes, then the beats, until so many have come out or the cycles are spent; payloads
// and results are a byte a bit. A side pauses with a probability of its share / 2**32. Changes of wires are counted while
// there are beats inside, unless `changes` is null.
extern "C" void quadcim_unknown_run(void *handle, uint64_t reset_cycles, const uint8_t *inputs, uint64_t beats,
                                    uint64_t wanted, const uint8_t *writes, uint64_t write_count, uint64_t in_pause,
                                    uint64_t out_pause, uint64_t seed, uint64_t max_cycles, uint64_t idle_cycles,
                                    uint8_t *outputs, uint32_t *changes, Statistics *statistics) {
  Design &design = *static_cast<Design *>(handle);
  const Netlist &net = design.net;
  Statistics s{};
  uint64_t state = 2 * seed + 1, written = 0, first_in = 0, idle = 0;
  bool offered = false, offered_write = false, held = false, started = false;
  std::vector<uint8_t> kept(net.o_payload.width);
  design.put(net.i_valid, false), design.put(net.w_valid, false), design.put(net.o_ready, false);
  design.put(net.reset, !net.reset_low);
  for (uint64_t cycle = 0; cycle < reset_cycles; cycle++) design.settle(), design.commit();
  design.put(net.reset, net.reset_low);
  for (uint64_t cycle = 0; cycle < max_cycles && idle < idle_cycles; cycle++) {
    offered_write = offered_write || written < write_count;
    const bool ready = written == write_count;
    offered = offered || (ready && s.accepted < beats && !(in_pause && chance(state, in_pause)));
    const bool taking = ready && !(out_pause && chance(state, out_pause));
    const uint64_t next = s.accepted < beats ? s.accepted : beats - 1;
    design.load(net.i_payload, inputs + next * net.i_payload.width, !offered);
    if (write_count)
      design.load(net.w_payload, writes + (written < write_count ? written : 0) * net.w_payload.width, !offered_write);
    design.put(net.i_valid, offered), design.put(net.w_valid, offered_write), design.put(net.o_ready, taking);
    design.settle();
    const uint8_t valid = design.get(net.o_valid), in = design.get(net.i_ready), write = design.get(net.w_ready);
    if (valid == UNKNOWN || (offered && in == UNKNOWN) || (offered_write && write == UNKNOWN)) s.wrong++;
    bool same = true;
    for (int k = 0; k < net.o_payload.width; k++) {
      const uint8_t bit = design.wire[net.o_payload.wires[k]];
      same = same && kept[k] == bit;
      kept[k] = bit;
    }
    if (held && (valid != ONE || !same)) s.wrong++;
    if (offered && in == ONE && !started) started = true, first_in = cycle, design.before = design.wire;
    if (changes && started && s.delivered < wanted) design.count(changes);
    if (valid == ONE && (taking || !net.o_ready.width)) {
      if (s.delivered == wanted || s.delivered >= s.accepted + (offered && in == ONE)) {
        s.wrong++;
      } else {
        for (int k = 0; k < net.o_payload.width; k++) outputs[s.delivered * net.o_payload.width + k] = kept[k];
        if (!s.delivered) s.latency = cycle - first_in;
        s.delivered++, s.cycles = cycle - first_in;
      }
    }
    held = valid == ONE && !taking && net.o_ready.width;
    if (offered && in == ONE) s.accepted++, offered = false;
    if (offered_write && write == ONE) written++, offered_write = false;
    if (s.delivered == wanted) idle++;
    design.commit();
  }
  *statistics = s;
}
