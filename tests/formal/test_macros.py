"""Proofs about macros whose weights are loaded: no beat mixes weights, whatever is written when.

A few run always; the rest with ``--formal``.
"""

import re
from dataclasses import replace

import pytest

from quadcim.cores.cim.proofs import prove_macro
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.formal.test_formal import prove_and_record
from tests.hw.cim.cim_case import legal_stages
from tests.sim.test_bulk import spoiled

_MACROS = {
    "3 x 2, 2 bits": CimMacro(3, 2, 2),
    "2 x 2, 2 bits, signed": CimMacro(2, 2, 2, signed=True),
    "2 x 1, 2 bits at once": CimMacro(2, 1, 2, bits_per_cycle=2),
    "2 x 1, 3 bits": CimMacro(2, 1, 3),
    "two banks": CimMacro(2, 1, 2, banks=2),
    "two banks, 2 bits at once": CimMacro(2, 1, 2, banks=2, bits_per_cycle=2),
    "cells": CimMacro(3, 1, 2, technology="cells"),
    "ultrascale": CimMacro(3, 1, 2, technology="ultrascale"),
    "lutram": CimMacro(3, 1, 2, storage="lutram", technology="ultrascale"),
    "lutram, two columns": CimMacro(2, 2, 1, storage="lutram", technology="ultrascale"),
    "lutram, 2 bits at once": CimMacro(3, 1, 2, storage="lutram", technology="ultrascale", bits_per_cycle=2),
}
_BLACK_BOXES = {"3 x 1": CimMacro(3, 1, 2), "two banks": CimMacro(2, 1, 2, banks=2)}
_SELECTED = {"registers": CimMacro(2, 1, 2, stages=3), "banks": CimMacro(2, 1, 2, banks=2, stages=3),
             "lutram": CimMacro(3, 1, 2, storage="lutram", technology="ultrascale", stages=3)}
"""A register follows the choice of a plane."""


def _stages(macros: dict[str, CimMacro]):
    for name, macro in macros.items():
        fewest, most = legal_stages(macro.rows, macro.columns, macro.activation_bits, CimIntegers(),
                                    signed=macro.signed, bits_per_cycle=macro.bits_per_cycle, storage=macro.storage,
                                    technology=macro.technology, banks=macro.banks)
        for stages in range(fewest, most + 1):
            yield pytest.param(replace(macro, stages=stages), id=f"{name}-{stages}",
                               marks=[] if macro.columns == 1 and stages == 1 else [pytest.mark.formal])


@pytest.mark.parametrize("macro", list(_stages(_MACROS)))
def test_no_beat_mixes_weights(macro, make_case, record_property):
    prove_and_record(make_case(macro), "sum", record_property, seconds=240)


@pytest.mark.parametrize("macro", list(_stages(_BLACK_BOXES)))
def test_no_beat_mixes_weights_of_a_hard_macro(macro, make_case, record_property):
    prove_and_record(make_case(macro), "cells", record_property, seconds=240)


@pytest.mark.formal
def test_no_beat_mixes_tables(make_case, record_property):
    macro = CimMacro(3, 1, 1, storage="lutram", technology="ultrascale", stages=1)
    prove_and_record(make_case(macro), "tables", record_property, seconds=540, outcome="bounded")


@pytest.mark.parametrize("old, new", [
    ("if (moves[1]) accumulator <=", "if (1'h1) accumulator <="),              # adds what is no plane
    ("settled <= accumulator[0]", "settled <= accumulator[1]"),                # a wrong bit
    ("if (write[1]) weights[1] <= data", "if (write[0]) weights[1] <= data"),  # the weight of another row
    ("stage1_valid <= i__valid", "stage1_valid <= plane"),                     # a beat without its first plane
])
def test_broken_macros_are_refuted(old, new, make_case, tmp_path):
    case = make_case(CimMacro(2, 1, 2, stages=3))
    assert prove_macro(spoiled(case, tmp_path, old, new), "sum").verdict.outcome == "refuted"


_HOLD = {r" partly = [^;]*;": " partly = 1'h0;"}
_UNREAD = {r" write_waits = [^;]*;": " write_waits = 1'h0;"}
_EARLY = {r"held_write\[": "w__payload[", r"write_held & ~write_waits": "w__valid & w__ready"}


@pytest.mark.parametrize("property, name, edits", [
    # The hold is removed: into the midst of a beat.
    ("sum", "registers", _HOLD), ("cells", "registers", _HOLD), ("sum", "banks", _HOLD), ("sum", "lutram", _HOLD),
    # Before a plane of a beat that was accepted is read.
    ("sum", "registers", _UNREAD), ("cells", "registers", _UNREAD), ("cells", "banks", _UNREAD),
    ("sum", "lutram", {r"table_waits & stage1_moves": "table_waits"}),
    # A cycle early, past the register.
    ("sum", "registers", _EARLY), ("cells", "registers", _EARLY),
    # Rows wait for what they need not wait for.
    ("sum", "banks", {r" & \(held_write\[2\] == stage1_bank\)": ""}),
    ("sum", "banks", {r"write_waits \? write_passes :": "write_waits ? 1'h0 :"}),
    ("sum", "registers", {r"assign w__ready = ": "assign w__ready = ~i__valid & "}),
    ("sum", "lutram", {r"\(write_row\[2\] & partly\)": "partly"}),
])
def test_weights_out_of_time_are_refuted(property, name, edits, make_case, tmp_path):
    case = make_case(_SELECTED[name])
    for number, (old, new) in enumerate(edits.items()):
        found = re.findall(old, case.rtl[0].read_text())
        assert found
        case = spoiled(case, tmp_path / str(number), found[0], new)
    assert prove_macro(case, property).verdict.outcome == "refuted"
