"""Verdicts about small harnesses."""

import pytest

from quadcim.hw.yosys import YosysFailure
from quadcim.sim.prover import prove

_COUNTER = """\
module harness(input clk, input go);
  reg [3:0] count = 0;
  always @(posedge clk) if (go) count <= count == LAST ? 0 : count + 1;
  always @* assert (count != 9);
endmodule
"""


@pytest.mark.parametrize("last, cycles, outcome, seen", [(8, 20, "proved", 20), (9, 20, "refuted", 9),
                                                         (9, 4, "refuted", 9)])
def test_counter(last, cycles, outcome, seen):
    verdict = prove([], _COUNTER.replace("LAST", str(last)), cycles=cycles, seconds=10)
    assert verdict.outcome == outcome and (verdict.cycles == seen or cycles < 9)


def test_constant_assertions():
    always = "module harness(input a); always @* assert (a || !a); endmodule"
    assert prove([], always, cycles=2, seconds=10).outcome == "proved"
    assert prove([], always.replace("||", "&&"), cycles=2, seconds=10).outcome == "refuted"


def test_errors_of_yosys_are_told():
    with pytest.raises(YosysFailure, match="missing"):
        prove([], "module harness; missing m (); endmodule", cycles=2, seconds=10)
