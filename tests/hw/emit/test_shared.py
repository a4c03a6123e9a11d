"""Modules that are emitted once for many instances: they are what as many copies would be, clock and reset included."""

import re

import pytest
from amaranth.hdl import Fragment, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.cim.plan import plan_macro
from quadcim.hw.cim.unit import CimUnit
from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.emit.yosys import run_passes
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.reset import RESETS


class _Plus(wiring.Component):
    """Nothing but logic."""

    a: Value
    y: Value

    def __init__(self):
        super().__init__({"a": In(4), "y": Out(4)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.y.eq(self.a + 3)
        return m


class _Held(_Plus):
    """A register that no reset reaches, so that the module has a clock alone."""

    def elaborate(self, platform) -> Module:
        m, word = Module(), Signal(4, reset_less=True)
        m.d.sync += word.eq(self.a)
        m.d.comb += self.y.eq(word)
        return m


class _Counting(_Plus):
    """A register with a reset and without, and shared modules of both kinds inside."""

    def __init__(self, *, shared: bool):
        super().__init__()
        self._shared = shared

    def elaborate(self, platform) -> Module:
        m, count, plus, held = Module(), Signal(4, init=5), Signal(4), Signal(4)
        m.d.sync += count.eq(plus + self.a)
        _add(m, "plus", _Plus(), shared=self._shared, a=count, y=plus)
        _add(m, "held", _Held(), shared=self._shared, a=count ^ self.a, y=held)
        m.d.comb += self.y.eq(held)
        return m


def _add(m: Module, name: str, component: _Plus, *, shared: bool, **connections: Value) -> None:
    if shared:
        m.submodules[name] = SharedModule(component, name, **connections)
        return
    m.submodules[name] = component
    for port, value in connections.items():
        inner = getattr(component, port)
        m.d.comb += inner.eq(value) if component.signature.members[port].flow == In else value.eq(inner)


class _Pair(_Plus):
    def __init__(self, *, shared: bool):
        super().__init__()
        self._shared = shared

    def elaborate(self, platform) -> Module:
        m, between = Module(), Signal(4)
        one = _Counting(shared=True) if self._shared else None
        for name, (a, y) in {"first": (self.a, between), "second": (between, self.y)}.items():
            if one:
                m.submodules[name] = SharedModule(one, "counting", a=a, y=y)
            else:
                _add(m, name, _Counting(shared=False), shared=False, a=a, y=y)
        return m


def _prove_equal(tmp_path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (tmp_path / f"{name}.v").write_text(text)
    run_passes(*(["read_verilog", str(tmp_path / f"{name}.v")] for name in texts), "proc", "flatten", "async2sync",
               "opt_clean", "equiv_make gold gate equiv", "hierarchy -top equiv", "opt_clean", "equiv_simple -undef",
               "equiv_induct -undef", "equiv_status -assert")


@pytest.mark.parametrize("reset", RESETS.values(), ids=RESETS)
def test_a_shared_module_with_state_is_what_copies_are(reset, tmp_path):
    _prove_equal(tmp_path, {name: emit_verilog(_Pair(shared=name == "gate"), name=name, header="", reset=reset,
                                               initialise=not reset.asynchronous).text for name in ("gold", "gate")})


def test_a_shared_module_has_what_it_needs():
    text = emit_verilog(_Pair(shared=True), name="pair", header="").text
    ports = {name: set(re.findall(r"(?:input|output) (?:wire|reg) (?:\[\d+:0\] )?(\w+)", body))
             for name, body in re.findall(r"^module (\w+) \((.*?)\);", text, re.MULTILINE | re.DOTALL)}
    assert ports == {"pair": {"clk", "rst", "a", "y"}, "pair_counting": {"clk", "rst", "a", "y"},
                     "pair_plus": {"a", "y"}, "pair_held": {"clk", "a", "y"}}


class _Macros(wiring.Component):
    """Two macros, of one module or of two: their valid bits and the numbers of their planes are reset."""

    x: Value
    y: Value

    def __init__(self, *, shared: bool):
        self._plan = plan_macro(CimMacro(3, 2, 2, storage="constant", stages=2),
                                CimIntegers(((1, 0), (0, 1), (1, 1))))
        unit = CimUnit(self._plan)
        self._width, self._result = len(unit.i.payload), len(unit.o.payload)
        self._units = [unit] * 2 if shared else [unit, CimUnit(self._plan)]
        super().__init__({"x": In(self._width + 2), "y": Out(2 * (self._result + 2))})

    def elaborate(self, platform) -> Module:
        m, outputs = Module(), []
        for index, unit in enumerate(self._units):
            payload, valid, ready = Signal(self._result), Signal(), Signal()
            m.submodules[f"unit_{index}"] = SharedModule(
                unit, f"macro_{0 if self._units[0] is self._units[1] else index}", i__payload=self.x[2:],
                i__valid=self.x[index], i__ready=ready, o__payload=payload, o__valid=valid, o__ready=self.x[1 - index])
            outputs += [payload, valid, ready]
        place = 0
        for part in outputs:
            m.d.comb += self.y[place:place + len(part)].eq(part)
            place += len(part)
        return m


def test_a_shared_macro_is_reset():
    texts = [emit_verilog(_Macros(shared=shared), name="top", header="", initialise=False).text
             for shared in (True, False)]
    resets = [len(re.findall(r"if \(rst\)", text)) for text in texts]
    assert resets[0] > 0 and resets[1] == 2 * resets[0]


class _Fast(_Plus):
    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.fast += self.y.eq(self.a)
        return m


class _HasFast(_Plus):
    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.fast = SharedModule(_Fast(), "fast", a=self.a, y=self.y)
        return m


def test_another_domain_is_an_error():
    with pytest.raises(ValueError, match="fast: a shared module has the domain sync and no other, not fast_clk"):
        emit_verilog(_HasFast(), name="top", header="")


def test_instances_stand_in_the_order_of_their_numbers():
    class Row(_Plus):
        def elaborate(self, platform) -> Module:
            m, plus, last = Module(), _Plus(), Signal(4)
            for number in range(12):
                y = Signal(4, name=f"z_{20 - number}")
                m.submodules[f"part_{number}"] = SharedModule(plus, "part", a=self.a, y=y)
                last ^= y
            m.d.comb += self.y.eq(last)
            return m

    text = emit_verilog(Row(), name="row", header="").text
    assert re.findall(r"^  row_part part_(\d+) ", text, re.MULTILINE) == [str(number) for number in range(12)]


def test_two_components_of_one_name_in_one_place_are_an_error():
    class Twice(_Plus):
        def elaborate(self, platform) -> Module:
            m = Module()
            for component in (_Plus(), _Plus()):
                Fragment.get(component, None)  # Amaranth warns of components that are never elaborated
                m.submodules += SharedModule(component, "plus", a=self.a, y=Signal(4))
            return m

    with pytest.raises(ValueError, match="plus: instances of different components"):
        emit_verilog(Twice(), name="top", header="")


class _Different(wiring.Component):
    """Two unlike macros as submodules: their columns are modules of the same name."""

    def __init__(self):
        self._units = {name: CimUnit(plan_macro(macro, CimIntegers())) for name, macro in (
            ("small", CimMacro(3, 2, 2, stages=2)), ("large", CimMacro(7, 3, 4, banks=2, stages=4)))}
        super().__init__({name: Out(unit.signature) for name, unit in self._units.items()})

    def elaborate(self, platform) -> Module:
        m = Module()
        for name, unit in self._units.items():
            m.submodules[name] = unit
            wiring.connect(m, wiring.flipped(getattr(self, name)), unit)
        return m


def test_unlike_modules_of_one_name_are_named_after_where_they_are(tmp_path):
    text = emit_verilog(_Different(), name="top", header="").text
    assert {*re.findall(r"^module top_(\w+)", text, re.MULTILINE)} == {
        "small", "large", "bit_cells", "column", "column_sum", "large_bit_cells", "large_column",
        "large_column_column_sum"}
    (tmp_path / "top.v").write_text(text)
    run_passes(["read_verilog", str(tmp_path / "top.v")], "hierarchy -check -top top", "proc", "check -assert")
