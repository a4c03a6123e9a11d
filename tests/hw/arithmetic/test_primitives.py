"""The models of primitives against what their documentation says of them, in a simulator or two."""

import random
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from amaranth.hdl import Cat, Const, Fragment, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.arithmetic import primitives
from quadcim.hw.arithmetic.primitives import PRIMITIVES, carry8, lut6_2, lut_init, primitives_in, primitives_verilog
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.emit.yosys import YosysFailure, run_passes
from quadcim.sim.tools import find_simulator, run_tool
from quadcim.spec.errors import IllegalSetting

pytestmark = pytest.mark.shared_seeds

_HW = Path(primitives.__file__).parent
_LUT = {f"I{index}": 1 for index in range(6)}
_CARRY = {"CI": 1, "CI_TOP": 1, "DI": 8, "S": 8}
_RAM = {**{f"ADDR{port}": 5 for port in "ABCDEFGH"}, **{f"DI{port}": 2 for port in "ABCDEFGH"}, "WE": 1}
_DSP = {"A": 30, "ALUMODE": 4, "B": 18, "C": 48, "CARRYIN": 1, "CARRYINSEL": 3, "D": 27, "INMODE": 5, "OPMODE": 9,
        "PCIN": 48}
_ENABLES = ("CEA1", "CEA2", "CEAD", "CEALUMODE", "CEB1", "CEB2", "CEC", "CECARRYIN", "CECTRL", "CED", "CEINMODE", "CEM",
            "CEP")
_RESETS = ("RSTA", "RSTALLCARRYIN", "RSTALUMODE", "RSTB", "RSTC", "RSTCTRL", "RSTD", "RSTINMODE", "RSTM", "RSTP")

Settings = Mapping[str, str | int]


@pytest.fixture
def icarus(tmp_path):
    """Simulates instances of one module: `simulate` with the simulator and a folder."""
    try:
        find_simulator("icarus")
    except IllegalSetting as error:
        pytest.skip(str(error))

    def run(*arguments, **options) -> list[list[int]]:
        return simulate(tmp_path, *arguments, **options)

    return run


def simulate(folder: Path, verilog: str, module: str, instances: Sequence[Settings], inputs: Mapping[str, int],
             output: str, width: int, beats: Sequence[Mapping[str, int]], *,
             clock: str | None = None) -> list[list[int]]:
    """An output of some instances that get the same inputs: for each beat a value from each, before the clock edge."""
    total = sum(inputs.values())
    ports, low = [], 0
    for name, bits in inputs.items():
        ports.append(f".{name}(beat[{low + bits - 1}:{low}])")
        low += bits
    ports += [f".{clock}(clk)"] if clock else []
    lines = [f"module tb; reg [{total - 1}:0] beats [0:{len(beats) - 1}]; reg [{total - 1}:0] beat; reg clk = 0;",
             'integer k; initial begin $readmemh("beats.hex", beats);',
             f"for (k = 0; k < {len(beats)}; k = k + 1) begin beat = beats[k]; #1;",
             *(f'$write("%h ", o{index});' for index in range(len(instances))),
             '$write("\\n"); clk = 1; #1 clk = 0; #1; end $finish; end']
    for index, settings in enumerate(instances):
        lines.append(f"wire [{width - 1}:0] o{index};")
        parameters = ", ".join(f".{name}({_literal(value)})" for name, value in settings.items())
        lines.append(f"{module} {f'#({parameters})' if parameters else ''} u{index} "
                     f"({', '.join([*ports, f'.{output}(o{index})'])});")
    (folder / "beats.hex").write_text("".join(f"{_pack(inputs, beat):x}\n" for beat in beats))
    (folder / "tb.v").write_text("\n".join([verilog, *lines, "endmodule\n"]))
    run_tool(["iverilog", "-g2005", "-s", "tb", "-o", folder / "tb.vvp", folder / "tb.v"])
    done = subprocess.run(["vvp", "-n", "tb.vvp"], cwd=folder, capture_output=True, text=True, check=True)
    rows = done.stdout.splitlines()
    assert len(rows) == len(beats), rows[-1]
    return [[int(word, 16) for word in row.split()] for row in rows]


def _pack(inputs: Mapping[str, int], beat: Mapping[str, int]) -> int:
    word, low = 0, 0
    for name, bits in inputs.items():
        word |= (beat.get(name, 0) & (1 << bits) - 1) << low
        low += bits
    return word


def _literal(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value) if value < 1 << 31 else f"64'h{value:x}"


def test_lut_init():
    assert lut_init(lambda a, b: a & b, 2) == 0b1000
    assert lut_init(lambda a, b: a and not b, 2) == 0b0010
    assert lut_init(lambda a, b, c: a + b + c > 1, 3) == 0b11101000


def test_lut6_2(icarus, seed):
    """All addresses of random tables."""
    rng = random.Random(seed)
    tables = [rng.getrandbits(64) for _ in range(8)]
    instances = [{"INIT": table} for table in tables]
    beats = [{f"I{bit}": address >> bit & 1 for bit in range(6)} for address in range(64)]
    verilog = primitives_verilog()
    o6 = icarus(verilog, "LUT6_2", instances, _LUT, "O6", 1, beats)
    o5 = icarus(verilog, "LUT6_2", instances, _LUT, "O5", 1, beats)
    for address in range(64):
        assert o6[address] == [table >> address & 1 for table in tables]
        assert o5[address] == [table >> address % 32 & 1 for table in tables]


def test_carry8(icarus, seed):
    rng = random.Random(seed)
    beats = [{name: rng.getrandbits(bits) for name, bits in _CARRY.items()} for _ in range(2000)]
    instances = [{}, {"CARRY_TYPE": "SINGLE_CY8"}, {"CARRY_TYPE": "DUAL_CY4"}]
    verilog = primitives_verilog()
    sums = icarus(verilog, "CARRY8", instances, _CARRY, "O", 8, beats)
    carries = icarus(verilog, "CARRY8", instances, _CARRY, "CO", 8, beats)
    for beat, o, co in zip(beats, sums, carries, strict=True):
        want = [_carry_chain(beat, dual=dual) for dual in (False, False, True)]
        assert list(zip(o, co, strict=True)) == want


def _carry_chain(beat: Mapping[str, int], *, dual: bool) -> tuple[int, int]:
    """UG574: a multiplexer and an exclusive-or a bit."""
    carry, o, co = beat["CI"], 0, 0
    for bit in range(8):
        if dual and bit == 4:
            carry = beat["CI_TOP"]
        select, data = beat["S"] >> bit & 1, beat["DI"] >> bit & 1
        o |= (select ^ carry) << bit
        carry = carry if select else data
        co |= carry << bit
    return o, co


def test_ram32m16(icarus, seed):
    rng = random.Random(seed)
    init = {f"INIT_{port}": rng.getrandbits(64) for port in "ABCDEFGH"}
    beats = [{name: rng.getrandbits(bits) for name, bits in _RAM.items()} for _ in range(500)]
    for port in "AGH":
        words = [init[f"INIT_{port}"] >> 2 * address & 3 for address in range(32)]
        got = icarus(primitives_verilog(), "RAM32M16", [init], _RAM, f"DO{port}", 2, beats, clock="WCLK")
        for beat, (value,) in zip(beats, got, strict=True):
            assert value == words[beat[f"ADDR{port}"]]
            if beat["WE"]:
                words[beat["ADDRH"]] = beat[f"DI{port}"]


class DspModel:
    """UG579 in integers: each register holds what it was last given; the sums are those of its tables."""

    def __init__(self, settings: Settings):
        self._settings = settings
        names = "A1 A2 B1 B2 C D AD M P INMODE OPMODE ALUMODE CARRYIN"
        self._held: dict[str, int] = dict.fromkeys(names.split(), 0)
        self._next: dict[str, int] = {}
        self._beat: Mapping[str, int] = {}

    def step(self, beat: Mapping[str, int]) -> int:
        """P before the clock edge; then the edge."""
        self._beat, self._next = beat, {}
        self._register("A1", beat["A"], "CEA1", "RSTA")
        self._register("A2", self._held["A1"] if self._settings["AREG"] == 2 else beat["A"], "CEA2", "RSTA")
        self._register("B1", beat["B"], "CEB1", "RSTB")
        self._register("B2", self._held["B1"] if self._settings["BREG"] == 2 else beat["B"], "CEB2", "RSTB")
        p = self._stage("P", self._result(), "CEP", "RSTP")
        self._held |= self._next
        return p

    def _register(self, name: str, value: int, enable: str, reset: str) -> None:
        if self._beat[reset]:
            self._next[name] = 0
        elif self._beat[enable]:
            self._next[name] = value

    def _stage(self, name: str, value: int, enable: str, reset: str) -> int:
        self._register(name, value, enable, reset)
        return self._held[name] if self._settings[f"{name}REG"] else value

    def _control(self, name: str, enable: str, reset: str) -> int:
        inverted = self._settings.get(f"IS_{name}_INVERTED", 0)
        assert isinstance(inverted, int)
        return self._stage(name, self._beat[name] ^ inverted, enable, reset)

    def _product(self) -> int:
        inmode = self._control("INMODE", "CEINMODE", "RSTINMODE")
        gate, a_is_added = inmode & 2, self._settings["PREADDINSEL"] == "A"
        a = 0 if gate and a_is_added else _signed(self._operand("A", inmode & 1), 27)
        b = 0 if gate and not a_is_added else _signed(self._operand("B", inmode & 16), 18)
        d = self._stage("D", self._beat["D"], "CED", "RSTD") * (inmode >> 2 & 1)
        other = a if a_is_added else b
        ad = self._stage("AD", d - other if inmode & 8 else d + other, "CEAD", "RSTD")
        left = _signed(ad, 27) if self._settings["AMULTSEL"] == "AD" else a
        right = _signed(ad, 18) if self._settings["BMULTSEL"] == "AD" else b
        return self._stage("M", left * right, "CEM", "RSTM")

    def _operand(self, name: str, first: int) -> int:
        if not self._settings[f"{name}REG"]:
            return self._beat[name]
        return self._held[f"{name}1" if first else f"{name}2"]

    def _result(self) -> int:
        opmode = self._control("OPMODE", "CECTRL", "RSTCTRL")
        c, p = self._stage("C", self._beat["C"], "CEC", "RSTC"), self._held["P"]
        product, pcin = self._product(), self._beat["PCIN"]
        concatenated = self._operand("A", 0) << 18 | self._operand("B", 0)
        w = {0: 0, 1: p, 2: self._settings["RND"], 3: c}[opmode >> 7]
        x = {0: 0, 1: product, 2: p, 3: concatenated}[opmode & 3]
        y = {0: 0, 1: 0, 2: -1, 3: c}[opmode >> 2 & 3]
        z = {0: 0, 1: pcin, 2: p, 3: c, 5: _signed(pcin, 48) >> 17, 6: _signed(p, 48) >> 17}[opmode >> 4 & 7]
        others = w + x + y + self._control("CARRYIN", "CECARRYIN", "RSTALLCARRYIN")
        match self._control("ALUMODE", "CEALUMODE", "RSTALUMODE"):
            case 0:
                result = z + others
            case 1:
                result = -z + others - 1
            case 2:
                result = -z - others - 1
            case _:
                result = z - others
        return result & (1 << 48) - 1


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


def _settings(rng: random.Random, preg: int, inverted: Settings) -> Settings:
    flags = ("ADREG", "ALUMODEREG", "CARRYINREG", "CREG", "DREG", "INMODEREG", "MREG", "OPMODEREG")
    return {"AREG": rng.randrange(3), "BREG": rng.randrange(3), **{flag: rng.randrange(2) for flag in flags},
            "PREG": preg, "AMULTSEL": rng.choice(("A", "AD")), "BMULTSEL": rng.choice(("B", "AD")),
            "PREADDINSEL": rng.choice("AB"), "USE_MULT": "DYNAMIC", "RND": rng.getrandbits(48), **inverted}


def _dsp_beat(rng: random.Random, preg: int, inverted: Settings) -> dict[str, int]:
    """Random operands, every ALUMODE and INMODE, and every OPMODE that is defined."""
    beat = {name: rng.getrandbits(bits) for name, bits in _DSP.items()}
    beat |= {name: int(rng.random() < 0.8) for name in _ENABLES}
    beat |= {name: int(rng.random() < 0.04) for name in _RESETS}
    xy = rng.choice((0b0000, 0b0101, 0b1000, 0b1100, 0b0011, 0b1011, 0b1111, *((0b0010, 0b1010, 0b1110) * preg)))
    w, z = rng.choice((0, 2, 3, *((1,) * preg))), rng.choice((0, 1, 3, 5, *((2, 6) * preg)))
    flipped = {name: inverted.get(f"IS_{name}_INVERTED", 0) for name in ("OPMODE", "ALUMODE")}
    return beat | {"OPMODE": (w << 7 | z << 4 | xy) ^ int(flipped["OPMODE"]), "CARRYINSEL": 0,
                   "ALUMODE": rng.randrange(4) ^ int(flipped["ALUMODE"])}


@pytest.mark.parametrize("preg", [0, 1])
@pytest.mark.parametrize("invert", [False, True])
def test_dsp48e2(icarus, seed, preg, invert):
    """Random settings with random operands, modes, clock enables and resets."""
    rng = random.Random(f"{seed} {preg} {invert}")
    inverted: Settings = {} if not invert else {
        "IS_OPMODE_INVERTED": rng.getrandbits(9), "IS_ALUMODE_INVERTED": rng.getrandbits(4),
        "IS_INMODE_INVERTED": rng.getrandbits(5), "IS_CARRYIN_INVERTED": 1}
    instances = [_settings(rng, preg, inverted) for _ in range(40)]
    beats = [_dsp_beat(rng, preg, inverted) for _ in range(400)]
    inputs = {**_DSP, **dict.fromkeys((*_ENABLES, *_RESETS), 1)}
    results = icarus(primitives_verilog(), "DSP48E2", instances, inputs, "P", 48, beats, clock="CLK")
    models = [DspModel(settings) for settings in instances]
    for number, (beat, got) in enumerate(zip(beats, results, strict=True)):
        for model, settings, value in zip(models, instances, got, strict=True):
            assert value == model.step(beat), f"beat {number} of {settings}"


@pytest.mark.parametrize("stages", [{"AREG": 0}, {"AREG": 1}, {"AREG": 2}, {"ADREG": 1}, {"MREG": 1}, {"PREG": 1},
                                    {"AREG": 2, "ADREG": 1, "MREG": 1, "PREG": 1}], ids=str)
def test_dsp48e2_latency(icarus, stages):
    """The square of the pre-adder's sum comes as many cycles after A as there are registers on the way."""
    names = ("ADREG", "ALUMODEREG", "AREG", "BREG", "CARRYINREG", "CREG", "DREG", "INMODEREG", "MREG", "OPMODEREG",
             "PREG")
    settings = {**dict.fromkeys(names, 0), "CARRYINSELREG": 0, "AMULTSEL": "AD", "BMULTSEL": "AD", **stages}
    inputs = {**_DSP, **dict.fromkeys((*_ENABLES, *_RESETS), 1)}
    still = {**dict.fromkeys(_ENABLES, 1), "OPMODE": 0b000000101, "INMODE": 0b00100, "D": -5}
    beats = [{**still, "A": a} for a in range(20)]
    got = [p for p, in icarus(primitives_verilog(), "DSP48E2", [settings], inputs, "P", 48, beats,
                              clock="CLK")]
    latency = sum(stages.values())
    assert got[latency:] == [(a - 5) ** 2 for a in range(20 - latency)]


_UNSUPPORTED = [("CARRY8", {"CARRY_TYPE": "CY16"}), ("RAM32M16", {"IS_WCLK_INVERTED": 1}), ("DSP48E2", {"AREG": 3}),
                ("DSP48E2", {"MREG": 2}), ("DSP48E2", {"AMULTSEL": "B"}), ("DSP48E2", {"USE_SIMD": "TWO24"}),
                ("DSP48E2", {"IS_CLK_INVERTED": 1}), ("DSP48E2", {"A_INPUT": "CASCADE"}),
                ("DSP48E2", {"USE_MULT": "NEVER"})]


@pytest.mark.parametrize(("module", "settings"), _UNSUPPORTED, ids=str)
def test_unsupported_settings_stop(icarus, module, settings):
    """The simulation stops with a message."""
    inputs, output = {"CARRY8": (_CARRY, "O"), "RAM32M16": (_RAM, "DOA"), "DSP48E2": (_DSP, "P")}[module]
    with pytest.raises(AssertionError, match=f"unsupported setting of {module}"):
        icarus(primitives_verilog(), module, [settings], inputs, output, 1, [{}] * 2)


@pytest.mark.parametrize("controls", [{"OPMODE": 0b000000001}, {"OPMODE": 0b001110000}, {"ALUMODE": 0b0100},
                                      {"CARRYINSEL": 2}, {"OPMODE": 0b000000011}], ids=str)
def test_undefined_controls_stop(icarus, controls):
    registers = dict.fromkeys(("OPMODEREG", "ALUMODEREG", "CARRYINSELREG"), 0)
    with pytest.raises(AssertionError, match="unsupported OPMODE"):
        icarus(primitives_verilog(), "DSP48E2", [registers], _DSP, "P", 48, [controls] * 3, clock="CLK")


class _Adder(wiring.Component):
    """a + b in LUT6_2 and CARRY8, and a parity and a majority beside it."""

    a: In(10)  # pyright: ignore[reportInvalidTypeForm]
    b: In(10)  # pyright: ignore[reportInvalidTypeForm]
    y: Out(16)  # pyright: ignore[reportInvalidTypeForm]

    def elaborate(self, platform) -> Module:
        m = Module()
        propagate = [lut6_2(m, f"either_{k}", [self.a[k], self.b[k]], lambda a, b: a ^ b)[0] for k in range(10)]
        low, carries = carry8(m, "low", Cat(propagate[:8]), self.a[:8], Const(0))
        high, last = carry8(m, "high", Cat(propagate[8:]), self.a[8:], carries[7])
        six = [*self.a[:3], *self.b[:3]]
        parity, _ = lut6_2(m, "parity", six, lambda *bits: sum(bits) % 2)
        most, both = lut6_2(m, "most", six[:3], lambda a, b, c: a + b + c > 1, lambda a, b, c: a and b)
        m.d.comb += self.y.eq(Cat(low, high[:2], last[1], parity, most, both))
        return m


def test_instances(icarus, seed):
    """Helpers, emission and models together."""
    rng = random.Random(seed)
    verilog = emit_verilog(_Adder(), name="adder", header="").text
    assert primitives_in(verilog) == ("CARRY8", "LUT6_2")
    beats = [{"a": rng.getrandbits(10), "b": rng.getrandbits(10)} for _ in range(1000)]
    text = primitives_verilog() + verilog
    got = icarus(text, "adder", [{}], {"a": 10, "b": 10}, "y", 16, beats)
    for beat, (y,) in zip(beats, got, strict=True):
        a, b = beat["a"], beat["b"]
        parity = (a & 7 ^ b & 7).bit_count() % 2
        most, both = int((a & 7).bit_count() > 1), int(a & 3 == 3)
        assert y == a + b | parity << 11 | most << 12 | both << 13


def test_constant_functions_need_no_instance():
    m = Module()
    inputs = [Const(0, 1), Signal(), Const(1, 1)]
    upper, lower = lut6_2(m, "lut", inputs, lambda a, b, c: a & b | c, lambda a, b, _c: a & b)
    assert isinstance(upper, Const) and isinstance(lower, Const) and (upper.value, lower.value) == (1, 0)
    upper, _lower = lut6_2(m, "lut", [Const(0, 1), Signal()], lambda a, b: a | b)
    assert not isinstance(upper, Const)
    assert len(Fragment.get(m, None).subfragments) == 1


def test_too_many_inputs():
    m = Module()
    with pytest.raises(ValueError, match="7 inputs"):
        lut6_2(m, "wide", [Const(0)] * 7, lambda *bits: 0)
    with pytest.raises(ValueError, match="6 inputs of a look-up table that has 5"):
        lut6_2(m, "wide", [Const(0)] * 6, lambda *bits: 0, lambda *bits: 1)
    with pytest.raises(ValueError, match="eight bits"):
        carry8(m, "wide", Const(0, 9), Const(0, 8), 0)
    Fragment.get(m, None)  # Amaranth warns of modules that were built in vain


def test_files_that_are_read_twice_count_once(tmp_path):
    for name in ("primitives.v", "cells.v"):
        text = (_HW / name).read_text()
        (tmp_path / name).write_text(text + text)
        run_tool([find_simulator("icarus").executable, "-g2005", "-o", tmp_path / "t", tmp_path / name])
        # What nothing instantiates runs by itself, and stops nothing.
        (tmp_path / "top.v").write_text('module top; initial #9 $display("still here"); endmodule\n')
        run_tool([find_simulator("icarus").executable, "-g2005", "-o", tmp_path / "t", tmp_path / name,
                  tmp_path / "top.v"])
        said = subprocess.run([find_simulator("icarus").executable.with_name("vvp"), tmp_path / "t"],
                              capture_output=True, text=True, check=True)
        assert said.stdout == "still here\n"


@pytest.mark.parametrize("name", PRIMITIVES)
def test_verilator_and_yosys_read_it(name, tmp_path):
    source = tmp_path / "primitives.v"
    source.write_text(primitives_verilog())
    run_tool([find_simulator("verilator").executable, "--lint-only", "-Wno-fatal", "--language", "1364-2005",
              "--top-module", name, source])
    yosys(name, [source])


def test_yosys_refuses_unsupported_settings(tmp_path):
    (tmp_path / "primitives.v").write_text(primitives_verilog())
    (tmp_path / "top.v").write_text("module top; DSP48E2 #(.AREG(3)) dsp (); endmodule\n")
    with pytest.raises(YosysFailure):
        yosys("top", [tmp_path / "primitives.v", tmp_path / "top.v"])


def yosys(top: str, sources: Sequence[Path]) -> None:
    """Reads and checks a design."""
    run_passes(*(["read_verilog", str(source)] for source in sources), ["hierarchy", "-check", "-top", top], "proc",
               "check -assert")
