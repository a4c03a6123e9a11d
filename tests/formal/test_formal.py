"""Proofs about emitted Verilog at small widths: for every number of stages, both flow controls, any stalls and resets.

A few run always; the rest with ``--formal`` (``nox -s formal``), which also prints what was proved.
"""

from dataclasses import replace

import pytest

from quadcim.cores.cases import CoreCase
from quadcim.hw.activation.plans import unit_steps
from quadcim.sim.formal import prove_case
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.unit import FLOW_CONTROLS, ActivationUnit
from tests.sim.test_bulk import spoiled


def _unit(function: str, input: str, output: str, method: str, technology: str = "generic",
          rounding: str = "faithful") -> ActivationUnit:
    activation = Activation(function, Format.parse(input), Format.parse(output), rounding)  # pyright: ignore
    return ActivationUnit(activation, 0, "elastic", technology, method)


# One of each method, and the technologies that build a method in another way.
_UNITS = {
    "heap": _unit("quad", "SQ2.5", "SQ1.6", "heap"),
    "heap-nearest": _unit("quad", "SQ3.5", "SQ2.5", "heap", rounding="nearest"),
    "heap-ultrascale": _unit("quad", "SQ2.4", "SQ1.5", "heap", "ultrascale"),
    "heap-cells": _unit("quad", "SQ2.4", "UQ0.6", "heap", "cells"),
    "dsp": _unit("quad", "SQ2.4", "SQ2.4", "dsp", "ultrascale", "nearest"),
    "table": _unit("gaussian", "SQ3.4", "UQ0.7", "table"),
    "multipartite": _unit("sine", "SQ2.6", "SQ2.5", "multipartite"),
    "linear": _unit("gaussian", "SQ3.4", "UQ0.8", "linear"),
    "quadratic": _unit("sine", "SQ2.6", "SQ2.6", "quadratic"),
    "quadratic-fpga": _unit("sine", "SQ2.5", "SQ2.6", "quadratic", "fpga"),
    "cordic": _unit("sine", "SQ2.4", "SQ2.4", "cordic"),
    "taylor": _unit("sine", "SQ2.4", "SQ2.4", "taylor"),
}
# The ports alone: few bits, so that any beat may be followed without a hint.
_TINY = _unit("quad", "SQ2.1", "SQ1.3", "heap")
_QUICK = {("heap", 2), ("quadratic", 3), ("tiny", 2), ("dsp", 0)}


def _grid(units: dict[str, ActivationUnit], fewest: int = 0) -> list:
    return [pytest.param(replace(unit, stages=stages, flow_control=flow_control), id=f"{name}-{stages}-{flow_control}",
                         marks=[] if (name, stages) in _QUICK else [pytest.mark.formal])
            for name, unit in units.items() for flow_control in FLOW_CONTROLS
            for stages in range(fewest, len(unit_steps(unit)) + 1)]


def prove_and_record(case: CoreCase, property: str, record_property, *, seconds: int = 60,
                     outcome: str = "proved") -> None:
    proof = case.core.prove(case, property, seconds=seconds)
    verdict = proof.verdict
    record_property("proof", [property, case.top, proof.stages, verdict.cycles,
                              round(verdict.seconds, 2), verdict.outcome])
    assert verdict.outcome == outcome, proof


@pytest.mark.parametrize("property", ["stream", "value"])
@pytest.mark.parametrize("unit", _grid(_UNITS))
def test_units(unit, property, make_case, record_property):
    prove_and_record(make_case(unit), property, record_property)


@pytest.mark.parametrize("unit", _grid({"tiny": _TINY}, fewest=1))
def test_order_seen_from_outside(unit, make_case, record_property):
    prove_and_record(make_case(unit), "order", record_property)


@pytest.mark.parametrize("property, old, new", [
    ("stream", "| ~stage2_valid", "| 1'h0"),                                   # a bubble stays where it is
    ("stream", "stage2_valid <= stage1_valid", "stage2_valid <= 1'h1"),        # beats from nothing
    ("stream", "stage2_valid <= stage1_valid", "stage2_valid <= 1'h0"),        # loses every beat
    ("stream", "o__ready | ~o__valid", "o__ready"),                            # waits for who waits for it
    ("stream", "if (stage3_moves) o__payload", "if (1'h1) o__payload"),        # a result changes while it waits
    ("stream", "if (rst) stage2_valid <= 1'h0;\n    else if", "if"),           # survives the reset
    ("order", "if (stage2_moves) stage2_", "if (1'h1) stage2_"),               # loses a payload when stalled
    ("order", "if (i__ready) stage1_", "if (stage2_moves) stage1_"),           # takes a payload too late
    ("value", "if (stage2_moves) stage2_", "if (1'h1) stage2_"),
    ("value", "stage1_moves = stage2_moves | ~stage1_valid", "stage1_moves = 1'h1"),
    ("value", "stage2_valid <= stage1_valid", "stage2_valid <= i__valid"),     # a result too early
])
def test_broken_flow_control_is_refuted(property, old, new, make_case, tmp_path):
    case = make_case(replace(_TINY, stages=3))
    if "stage1_moves" in old:
        old, new = "i__ready = stage2_moves | ~stage1_valid", "i__ready = 1'h1"
    assert prove_case(spoiled(case, tmp_path, old, new), property).verdict.outcome == "refuted"


@pytest.mark.parametrize("name, stages", [("table", 1), ("multipartite", 0), ("linear", 3)])
def test_a_wrong_table_entry_is_refuted(name, stages, make_case, tmp_path):
    case = make_case(replace(_UNITS[name], stages=stages))
    text = case.rtl[0].read_text()
    old = next(line for line in text.splitlines() if "'d5: entry = " in line)
    value = int(old.rpartition("'h")[2].rstrip(";"), 16)
    new = f"{old.rpartition(chr(39))[0]}'h{value ^ 1:x};"
    assert prove_case(spoiled(case, tmp_path, old, new), "value").verdict.outcome == "refuted"
