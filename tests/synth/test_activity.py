"""Counting changes in a value change dump."""

import re

import pytest

from quadcim.sim.tools import ToolError
from quadcim.synth.activity import read_activity

_DUMP = """\
$timescale 1ps $end
$scope module dut $end
$var wire 4 ! bus [3:0] $end
$var wire 1 " one $end
$var wire 1 # \\odd.name[2] $end
$var wire 1 % unknown $end
$upscope $end
$enddefinitions $end
#5000
$dumpvars
b0 !
x"
1#
0%
$end
#15000
b101 !
0"
0#
1%
#25000
b1x10 !
1"
#35000
b1111 !
#45000
"""


def test_counts(tmp_path):
    path = tmp_path / "dump.vcd"
    path.write_text(_DUMP)
    nets = {("bus", bit): bit for bit in range(4)} | {("one", 0): 10, ("odd.name[2]", 0): 11}
    activity = read_activity(path, nets)
    assert activity.cycles == 4
    # Bit 2 turns X and back, which counts for nothing; so does the X of a register before its first value.
    assert activity.changes == {0: 3, 1: 1, 2: 1, 3: 1, 10: 1, 11: 1}
    assert activity.per_cycle(0) == 0.75 and activity.per_cycle(99) == 0


@pytest.mark.parametrize("names", ["$var wire 1 & alias $end\n", "$var wire 1 \" alias $end\n",
                                   "$var wire 1 \" unheard $end\n"])
def test_a_net_of_several_names_is_counted_once(names, tmp_path):
    path = tmp_path / "dump.vcd"
    path.write_text(_DUMP.replace("$upscope", f"{names}$upscope").replace('x"', 'x"\nx&').replace(
        '0"', '0"\n0&').replace('1"', '1"\n1&'))
    assert read_activity(path, {("alias", 0): 10, ("one", 0): 10}).changes == {10: 1}


def test_an_empty_dump_is_an_error(tmp_path):
    path = tmp_path / "dump.vcd"
    path.write_text(_DUMP[:_DUMP.index("#15000")])
    with pytest.raises(ToolError, match="no clock cycle"):
        read_activity(path, {})


def test_ticks_last_what_the_dump_says(tmp_path):
    path = tmp_path / "fine.vcd"
    path.write_text(re.sub(r"#(\d+)", r"#\g<1>000", _DUMP.replace("1ps", "1fs")))
    assert read_activity(path, {}).cycles == 4
    path.write_text(_DUMP.replace("$timescale", "$comment"))
    with pytest.raises(ToolError, match="no time scale"):
        read_activity(path, {})
