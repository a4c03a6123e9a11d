"""Verdicts about small harnesses."""

import pytest

from quadcim.hw.emit.yosys import YosysFailure
from quadcim.sim.prover import prove

_COUNTER = """\
module harness(input clk, input go);
  reg [3:0] count = 0;
  always @(posedge clk) if (go) count <= count == LAST ? 0 : count + 1;
  always @* assert (count != 9);
endmodule
"""


@pytest.mark.parametrize("last, cycles, outcome, seen", [(8, 12, "proved", 12), (9, 12, "refuted", 9),
                                                         (9, 4, "refuted", None)])
def test_counter(last, cycles, outcome, seen):
    verdict = prove([], _COUNTER.replace("LAST", str(last)), cycles=cycles, seconds=10)
    assert verdict.outcome == outcome and seen in (None, verdict.cycles)


@pytest.mark.parametrize("what, outcome", [("a || !a", "proved"), ("a && !a", "refuted"), ("a || b", "refuted"),
                                           ("(a ^ b) == (b ^ a)", "proved"), ("held || !held", "proved"),
                                           ("!held", "refuted"), ("held && !held", "refuted")])
def test_small_assertions(what, outcome):
    text = ("module harness(input clk, input a, input b); reg held = 0; always @(posedge clk) held <= a ^ b; "
            f"always @* assert ({what}); endmodule")
    assert prove([], text, cycles=2, seconds=10).outcome == outcome


def test_a_failure_that_is_deeper_than_the_search():
    late = ("module harness(input clk, input a); reg [19:0] line = 0; always @(posedge clk) line <= {line[18:0], a}; "
            "always @* assert (!line[19]); endmodule")
    assert prove([], late, cycles=3, seconds=10).outcome == "refuted"


def test_errors_of_yosys_are_told():
    with pytest.raises(YosysFailure, match="missing"):
        prove([], "module harness; missing m (); endmodule", cycles=2, seconds=10)
