// Evaluates a netlist of gates from many power-ups at once, clock cycle by clock cycle, and drives its streams. A bit of
// a word is the value of a wire after one power-up; what is the same in all of them is known.

#include <cstdint>
#include <vector>

namespace {

using Lanes = uint64_t;
constexpr Lanes ALL = ~Lanes{0};

bool known(Lanes value) { return value == 0 || value == ALL; }

// xorshift64*: stall patterns need speed, not quality.
uint64_t draw(uint64_t &state) {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return state * UINT64_C(0x2545F4914F6CDD1D);
}
bool chance(uint64_t &state, uint64_t share) { return draw(state) >> 32 < share; }

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
  uint64_t span;        // cycles from the first beat in to the first one of the last frame
  uint64_t latency;     // cycles from the last beat in of the first frame to the first beat out
  uint64_t wrong;       // handshakes that are unknown, results that change while they wait, beats after the last one
};

namespace {

struct Design {
  Netlist net;
  std::vector<Lanes> wire, before, next;
  uint64_t noise = UINT64_C(0x9E3779B97F4A7C15);

  // Registers power up as anything.
  explicit Design(const Netlist &n) : net(n), wire(n.wires), before(n.wires), next(n.registers) {
    for (int k = 0; k < n.registers; k++) wire[n.reg[3 * k]] = draw(noise);
    wire[1] = ALL;
  }

  void put(const Port &port, bool value) {
    if (port.width) wire[port.wires[0]] = value ? ALL : 0;
  }
  void load(const Port &port, const uint8_t *bits) {
    for (int k = 0; k < port.width; k++) wire[port.wires[k]] = bits[k] ? ALL : 0;
  }
  // Anything, but for the first of the power-ups, whose changes are counted: there it stays as it was.
  void scramble(const Port &port) {
    for (int k = 0; k < port.width; k++) wire[port.wires[k]] = (draw(noise) & ~Lanes(1)) | (wire[port.wires[k]] & 1);
  }
  Lanes get(const Port &port) const { return port.width ? wire[port.wires[0]] : ALL; }

  void settle() {
    const int64_t base = net.wires - net.gates;
    for (int r = 0; r < net.runs; r++) {
      const int32_t kind = net.run[3 * r], first = net.run[3 * r + 1], last = first + net.run[3 * r + 2];
      const int32_t *a = net.operand + (first - base), *b = a + net.gates, *s = b + net.gates;
      for (int32_t k = first; k < last; k++, a++, b++, s++) {
        const Lanes x = wire[*a], y = wire[*b];
        switch (kind) {
          case 0: wire[k] = ~x; break;
          case 1: wire[k] = x & y; break;
          case 2: wire[k] = x | y; break;
          case 3: wire[k] = x ^ y; break;
          case 4: wire[k] = (x & ~wire[*s]) | (y & wire[*s]); break;
          case 5: wire[k] = x & ~y; break;
          case 6: wire[k] = x | ~y; break;
          case 7: wire[k] = ~(x & y); break;
          case 8: wire[k] = ~(x | y); break;
          case 9: wire[k] = ~(x ^ y); break;
        }
      }
    }
  }

  void commit() {
    for (int k = 0; k < net.registers; k++) next[k] = wire[net.reg[3 * k + 1]];
    for (int k = 0; k < net.registers; k++) wire[net.reg[3 * k]] = next[k];
  }

  // Changes after the first of the power-ups.
  void count(uint32_t *changes) {
    for (int k = 0; k < net.wires; k++) changes[k] += (wire[k] ^ before[k]) & 1;
    before = wire;
  }
};

}  // namespace

extern "C" void *quadcim_power_up_new(const Netlist *net) { return new Design(*net); }

extern "C" void quadcim_power_up_delete(void *design) { delete static_cast<Design *>(design); }

// A reset of one cycle, then all writes, then the beats, until so many results have come out or the cycles are spent;
// payloads are a byte a bit, and so are results, where 2 is unknown. Once k beats have been accepted, released[k] results
// may have come; the first frame has `first_frame` beats, and the last one begins with beat `last_frame`. A side pauses
// with a probability of its share / 2**32. If fewer results are wanted than there are, the others come up to an output that is not ready, for the idle cycles. What is
// not valid differs from power-up to power-up, and so does the valid that comes during a reset. Changes of wires are
// counted while there are beats inside, unless `changes` is null.
extern "C" void quadcim_power_up_run(void *handle, const uint8_t *inputs, const uint64_t *released,
                                     uint64_t beats, uint64_t results, uint64_t wanted, uint64_t first_frame,
                                     uint64_t last_frame, const uint8_t *writes, uint64_t write_count, uint64_t in_pause, uint64_t out_pause,
                                     uint64_t seed, uint64_t max_cycles, uint64_t idle_cycles, uint8_t *outputs,
                                     uint32_t *changes, Statistics *statistics) {
  Design &design = *static_cast<Design *>(handle);
  const Netlist &net = design.net;
  Statistics s{};
  uint64_t state = 2 * seed + 1, written = 0, first_in = 0, frame_in = 0, idle = 0;
  bool offered = false, offered_write = false, held = false, started = false;
  std::vector<Lanes> kept(net.o_payload.width);
  design.scramble(net.i_payload), design.scramble(net.w_payload), design.scramble(net.i_valid);
  design.put(net.w_valid, false), design.put(net.o_ready, false), design.put(net.reset, !net.reset_low);
  design.settle(), design.commit();
  design.put(net.reset, net.reset_low);
  for (uint64_t cycle = 0; cycle < max_cycles && idle < idle_cycles; cycle++) {
    const bool fills = s.delivered == wanted && wanted < results, ready = written == write_count;
    offered_write = offered_write || !ready;
    offered = offered || (ready && s.accepted < beats && (fills || !(in_pause && chance(state, in_pause))));
    const bool taking = ready && !fills && !(out_pause && chance(state, out_pause));
    if (offered) design.load(net.i_payload, inputs + s.accepted * net.i_payload.width);
    else design.scramble(net.i_payload);
    if (offered_write) design.load(net.w_payload, writes + written * net.w_payload.width);
    else design.scramble(net.w_payload);
    design.put(net.i_valid, offered), design.put(net.w_valid, offered_write), design.put(net.o_ready, taking);
    design.settle();
    const Lanes valid = design.get(net.o_valid), in = design.get(net.i_ready), write = design.get(net.w_ready);
    if (!known(valid) || (offered && !known(in)) || (offered_write && !known(write))) s.wrong++;
    bool same = true;
    for (int k = 0; k < net.o_payload.width; k++) {
      const Lanes bit = design.wire[net.o_payload.wires[k]];
      same = same && kept[k] == bit;
      kept[k] = bit;
    }
    if (held && (valid != ALL || !same)) s.wrong++;
    const bool accepted = offered && in == ALL;
    if (accepted && !started) started = true, first_in = cycle, design.before = design.wire;
    if (accepted && s.accepted + 1 == first_frame) frame_in = cycle;
    if (accepted && s.accepted == last_frame) s.span = cycle - first_in;
    if (changes && started && s.delivered < wanted) design.count(changes);
    if (valid == ALL && (taking || !net.o_ready.width)) {
      if (s.delivered == wanted || s.delivered >= released[s.accepted + accepted]) {
        s.wrong++;
      } else {
        for (int k = 0; k < net.o_payload.width; k++)
          outputs[s.delivered * net.o_payload.width + k] = known(kept[k]) ? kept[k] & 1 : 2;
        if (!s.delivered) s.latency = cycle - frame_in;
        s.delivered++, s.cycles = cycle - first_in;
      }
    }
    held = valid == ALL && !taking && net.o_ready.width;
    if (accepted) s.accepted++, offered = false;
    if (offered_write && write == ALL) written++, offered_write = false;
    if (s.delivered == wanted) idle++;
    design.commit();
  }
  *statistics = s;
}
