"""Names that a case may have, and those that it has by default."""

import re
from contextlib import suppress
from pathlib import Path

import pyosys
import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.naming import LONGEST_NAME, case_name, check_case_name


@pytest.mark.parametrize("name", ["a", "phi16", "Tanh_2", "PHI", "MAC_8", "FIR", "BUFFER", "FADE", "a" * LONGEST_NAME])
def test_legal_names(name):
    assert check_case_name(name) == name


@pytest.mark.parametrize("name", [
    "", " ", "a b", "-x", "_a", "1a", "a-b", "a.b", "a/b", "a$", "é", "a\n", "a" * (LONGEST_NAME + 1), "module",
    "logic", "std", "process", "LUT6_2", "quadcim_full_adder", "quadcim_cells"])
def test_refused_names(name):
    with pytest.raises(IllegalSetting, match="name must be a letter, then at most 29 letters, digits and underscores"):
        check_case_name(name)


def test_primitives_of_the_board_are_refused():
    share = Path(pyosys.__file__).parent / "share/xilinx"
    text = "".join((share / name).read_text() for name in ("cells_sim.v", "cells_xtra.v"))
    names = re.findall(r"^module \\?([A-Z]\w*)", text, re.MULTILINE)
    taken = []
    for name in names:
        with suppress(IllegalSetting):
            taken.append(check_case_name(name))
    assert len(names) > 400 and taken == []


@pytest.mark.parametrize(("readable", "begin"), [
    ("tanh_sq3_13_s4", "tanh_sq3_13_s4_"), ("my-own--bump_sq3_13_s4", "my_own_bump_sq3_13_s4_"),
    ("cim_1024x512_s8p8_s12", "cim_1024x512_s8p8_s12_"), ("quadcim-x_s1", "quadcimx_s1_"), ("a" * 99, "a" * 21 + "_")])
def test_default_names_are_legal_and_readable(readable, begin):
    name = case_name(readable, {"digest": 1})
    assert check_case_name(name).startswith(begin) and len(name) == len(begin) + 8
    assert name != case_name(readable, {"digest": 2})
