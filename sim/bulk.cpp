// Evaluates a netlist of gates and memories for 256 independent copies of a design at once, one a bit of a vector, and drives their
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

struct WritePort {
  Port address, data, enable;
};

struct ReadPort {
  Port address;
  int32_t memory, first;
};

struct Memory {
  int32_t width, offset, writes;
  int64_t rows;
  const uint64_t *contents;  // each row as words, the lowest first
  const WritePort *write;
};

struct Netlist {
  int32_t wires, runs, registers;
  const int32_t *run, *operand, *reg;
  int64_t outputs;
  const Memory *memory;
  int32_t memories;
  const ReadPort *read;
  Port reset, i_payload, i_valid, i_ready, o_payload, o_valid, o_ready, w_payload, w_valid, w_ready;
};

struct Statistics {
  uint64_t cycles;           // clock cycles from the end of the reset to the last beat out
  uint64_t accepted;         // beats in
  uint64_t delivered;        // beats out
  uint64_t first_accepted;   // cycle of the last beat in of the first frame
  uint64_t first_delivered;  // cycle of the first beat out
  uint64_t late;             // beats that came out after the last one expected
};

namespace {

// Up to 64 wires' bits as a number a lane, and back. Where they are few, one transposition does for several words.
struct Field {
  const int bits, width, together;
  explicit Field(int n) : bits(n), width(n <= 16 ? 16 : n <= 32 ? 32 : 64), together(64 / width) {}

  template <class Wire> void gather(Wire wire, uint64_t number[LANES]) const {
    for (int group = 0; group < WORDS; group += together) {
      uint64_t block[64] = {};
      for (int t = 0; t < together; t++)
        for (int k = 0; k < bits; k++) block[t * width + k] = wire(k)[group + t];
      transpose(block);
      for (int t = 0; t < together; t++)
        for (int lane = 0; lane < 64; lane++)
          number[64 * (group + t) + lane] = block[lane] >> (t * width) & (~UINT64_C(0) >> (64 - width));
    }
  }

  template <class Wire> void scatter(const uint64_t number[LANES], Wire wire) const {
    for (int group = 0; group < WORDS; group += together) {
      uint64_t block[64] = {};
      for (int t = 0; t < together; t++)
        for (int lane = 0; lane < 64; lane++)
          block[lane] |= (number[64 * (group + t) + lane] & (~UINT64_C(0) >> (64 - width))) << (t * width);
      transpose(block);
      for (int t = 0; t < together; t++)
        for (int k = 0; k < bits; k++) wire(k)[group + t] = block[t * width + k];
    }
  }
};

// Calls the function with each 64 bits of a number that is so wide: the first bit, and the field.
template <class Function> void fields(int width, Function function) {
  for (int low = 0; low < width; low += 64) function(low, Field(width - low < 64 ? width - low : 64));
}

// A memory of each lane; what is never written is the same for all.
struct Rows {
  const Memory &memory;
  const int64_t words, lanes;
  std::vector<uint64_t> word;

  explicit Rows(const Memory &m) : memory(m), words((m.width + 63) / 64), lanes(m.writes ? LANES : 1) {
    word.reserve(m.rows * words * lanes);
    for (int64_t lane = 0; lane < lanes; lane++) word.insert(word.end(), m.contents, m.contents + m.rows * words);
  }

  // Where the row of a lane begins, or -1 beyond the rows.
  int64_t place(int lane, uint64_t address) const {
    const int64_t index = int64_t(address) - memory.offset;
    return index < 0 || index >= memory.rows ? -1 : ((lanes > 1 ? lane * memory.rows : 0) + index) * words;
  }

  void read(const ReadPort &port, std::vector<Vector> &wire) const {
    uint64_t address[LANES], number[LANES];
    Field(port.address.width).gather([&](int k) { return wire[port.address.wires[k]]; }, address);
    fields(memory.width, [&](int low, const Field &field) {
      for (int lane = 0; lane < LANES; lane++) {
        const int64_t from = place(lane, address[lane]);
        number[lane] = from < 0 ? 0 : word[from + low / 64];
      }
      field.scatter(number, [&](int k) -> Vector & { return wire[port.first + low + k]; });
    });
  }

  void write(const WritePort &port, const std::vector<Vector> &wire) {
    Vector written{};
    for (int k = 0; k < port.enable.width; k++) written |= wire[port.enable.wires[k]];
    if (!any(written)) return;
    uint64_t address[LANES], data[LANES], enable[LANES];
    Field(port.address.width).gather([&](int k) { return wire[port.address.wires[k]]; }, address);
    fields(memory.width, [&](int low, const Field &field) {
      field.gather([&](int k) { return wire[port.data.wires[low + k]]; }, data);
      field.gather([&](int k) { return wire[port.enable.wires[low + k]]; }, enable);
      each(written, [&](int lane) {
        const int64_t to = place(lane, address[lane]);
        if (to >= 0) word[to + low / 64] = (word[to + low / 64] & ~enable[lane]) | (data[lane] & enable[lane]);
      });
    });
  }
};

struct Design {
  const Netlist &net;
  std::vector<Vector> wire, next;
  std::vector<Rows> rows;

  explicit Design(const Netlist &n) : net(n), wire(n.wires), next(n.registers) {
    for (int k = 0; k < n.memories; k++) rows.emplace_back(n.memory[k]);
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
    const int64_t base = net.wires - net.outputs;
    for (int64_t k = out; k < out + count; k++) {
      const int32_t *a = net.operand + (k - base);
      wire[k] = function(wire[a[0]], wire[a[net.outputs]], wire[a[2 * net.outputs]]);
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
        case 10: rows[net.read[count].memory].read(net.read[count], wire); break;
      }
    }
  }

  void commit() {
    for (Rows &memory : rows)
      for (int k = 0; k < memory.memory.writes; k++) memory.write(memory.memory.write[k], wire);
    for (int k = 0; k < net.registers; k++) next[k] = wire[net.reg[3 * k + 1]];
    for (int k = 0; k < net.registers; k++) wire[net.reg[3 * k]] = next[k];
  }

  // Each lane's payload from its own words.
  void load(const Port &port, const uint32_t *const source[LANES]) {
    uint64_t number[LANES];
    fields(port.width, [&](int low, const Field &field) {
      for (int lane = 0; lane < LANES; lane++) {
        const uint32_t *from = source[lane] ? source[lane] + low / 32 : nullptr;
        number[lane] = from ? from[0] | (field.bits > 32 ? uint64_t(from[1]) << 32 : 0) : 0;
      }
      field.scatter(number, [&](int k) -> Vector & { return wire[port.wires[low + k]]; });
    });
  }

  // The payloads of the lanes in `mask`, each to its own words.
  void store(const Port &port, const Vector &mask, uint32_t *const target[LANES]) const {
    uint64_t number[LANES];
    fields(port.width, [&](int low, const Field &field) {
      field.gather([&](int k) { return wire[port.wires[low + k]]; }, number);
      each(mask, [&](int lane) {
        uint32_t *to = target[lane] + low / 32;
        to[0] = uint32_t(number[lane]);
        if (field.bits > 32) to[1] = uint32_t(number[lane] >> 32);
      });
    });
  }
};

}  // namespace

// Sends beats and stores what comes out, in order: lane k takes the beats from in_start[k] up to in_start[k + 1], and
// gives the results from out_start[k] up to out_start[k + 1]. The first frame has `first_frame` beats.
// A side pauses in a cycle with a probability of its share / 2**32; a beat on offer stays until it is accepted.
// Every lane makes all `writes` on its stream w: write k when `write_after[k]` of its results have been delivered. Its beat
// k waits for `beat_after[k]` writes; both may be null. For each beat, `writes_before` gets the number of writes that
// were taken before the cycle in which it was accepted.
extern "C" void quadcim_gates_run(const Netlist *net, const uint32_t *inputs, uint32_t *outputs, const uint64_t *in_start,
                                  const uint64_t *out_start, uint64_t first_frame, uint64_t in_pause,
                                  uint64_t out_pause, uint64_t seed, uint64_t max_cycles,
                                  uint64_t idle_cycles, const uint32_t *writes, uint64_t write_count,
                                  const uint64_t *write_after, const uint64_t *beat_after,
                                  uint64_t *writes_before, Statistics *statistics) {
  Design design(*net);
  const int in_words = (net->i_payload.width + 31) / 32, out_words = (net->o_payload.width + 31) / 32;
  const int write_words = (net->w_payload.width + 31) / 32;
  const uint64_t *first = in_start, results = out_start[LANES];
  uint64_t count[LANES], expected[LANES], accepted[LANES] = {}, delivered[LANES] = {}, written[LANES] = {};
  const uint32_t *source[LANES], *write_source[LANES] = {};
  uint32_t *target[LANES];
  Random random[LANES];
  Vector offered{}, offered_write{};
  for (int lane = 0; lane < LANES; lane++) {
    count[lane] = in_start[lane + 1] - in_start[lane];
    expected[lane] = out_start[lane + 1] - out_start[lane];
    source[lane] = count[lane] ? inputs + first[lane] * in_words : nullptr;
    target[lane] = outputs + out_start[lane] * out_words;
    random[lane].state = (seed * LANES + lane) * 2 + 1;
    for (int k = 0; k < 4; k++) random[lane].chance(0);  // neighbouring seeds begin alike
  }
  Statistics s{};
  bool changed = true;
  const Vector all = ~Vector{};
  Vector unsent = where(all, [&](int lane) { return count[lane] > 0; });    // lanes with beats to send
  Vector unfinished = unsent;                                               // lanes with beats to receive
  Vector unwritten = write_count ? all : Vector{};                          // lanes with writes to make
  while (s.delivered < results && s.cycles < max_cycles) {
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
      unfinished &= ~where(out, [&](int lane) { return delivered[lane] == expected[lane]; });
    }
    const Vector in = design.get(net->i_ready) & offered, write = design.get(net->w_ready) & offered_write;
    changed = any(in);
    if (changed) {
      if (in[0] & 1 && accepted[0] + 1 == first_frame) s.first_accepted = s.cycles;
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
