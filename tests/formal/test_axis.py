"""A proof about emitted AXI4-Stream wrappers: what comes with a beat leaves with its result, under any stalls.

Seen from the ports alone, for ever: any one beat is picked, those before it are counted. TUSER of the picked beat is
its own payload, so that a result stands beside what it is the result of.
"""

from string import Template

import pytest

from quadcim.cores.cases import CoreCase
from quadcim.hw.cim.plan import plan_macro
from quadcim.sim.prover import Verdict, prove
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.conftest import make_unit

_UNITS = {
    **{f"{flow}-{stages}": (make_unit("SQ2.1", "SQ1.3", "faithful", stages, flow), None)
       for flow in ("elastic", "always") for stages in range(3)},
    "constant macro": (CimMacro(2, 1, 2, storage="constant", stages=1), CimIntegers(cells=((1,), (0,)))),
    "deeper constant macro": (CimMacro(2, 1, 2, storage="constant", stages=2), CimIntegers(cells=((1,), (1,)))),
    "loaded macro": (CimMacro(2, 1, 2, stages=2), None),
}

_HARNESS = Template("""\
module harness(input aclk, input aresetn, input [$in_msb:0] next_data, input next_last, input next_valid,
               input m_axis_tready, input pick$weights_in);
  // A beat that is offered stays until it is taken.
  reg [$in_msb:0] data = 0;
  reg last = 0, offered = 0;
  wire s_axis_tvalid = aresetn & (offered | next_valid);
  wire [$in_msb:0] x = offered ? data : next_data;
  wire s_axis_tlast = offered ? last : next_last;
  wire s_axis_tready, m_axis_tvalid, m_axis_tlast;
  wire [$in_msb:0] m_axis_tuser;
  wire [7:0] m_axis_tdata, s_axis_tdata = x;
  $top dut (.aclk(aclk), .aresetn(aresetn), .s_axis_tdata(s_axis_tdata), .s_axis_tlast(s_axis_tlast),
    .s_axis_tuser(x), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready), .m_axis_tdata(m_axis_tdata),
    .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser), .m_axis_tvalid(m_axis_tvalid),
    .m_axis_tready(m_axis_tready)$weights);
  wire taken = s_axis_tvalid & s_axis_tready, given = m_axis_tvalid & m_axis_tready;
  reg [3:0] inside = 0, ahead = 0;
  reg picked = 0, kept_last = 0, held = 0;
  reg [$in_msb:0] kept = 0;
  reg [7:0] held_data = 0;
  reg [$in_msb+1:0] held_passed = 0;
  always @(posedge aclk) begin
    offered <= s_axis_tvalid & ~s_axis_tready;
    data <= x;
    last <= s_axis_tlast;
    held <= aresetn & m_axis_tvalid & ~m_axis_tready;
    held_data <= m_axis_tdata;
    held_passed <= {m_axis_tlast, m_axis_tuser};
    inside <= aresetn ? inside + taken - given : 0;
    if (!aresetn) picked <= 0;
    else if (picked) begin
      if (given) begin picked <= ahead != 0; ahead <= ahead - 1; end
    end else if (taken & pick) begin
      picked <= 1; ahead <= inside - given; kept <= x; kept_last <= s_axis_tlast;
    end
  end
  always @* if (aresetn) begin
    if (held) assert (m_axis_tvalid && held_data == m_axis_tdata && held_passed == {m_axis_tlast, m_axis_tuser});
    if (inside == 0) assert (!m_axis_tvalid);
    assert (inside <= $most);
    assert (s_axis_tready || inside >= $least);
    if (picked && ahead == 0 && m_axis_tvalid) assert (m_axis_tuser == kept && m_axis_tlast == kept_last$result);
  end
$golden
endmodule
""")


def _capacity(case: CoreCase) -> int:
    return plan_macro(case.spec, case.integers).capacity if case.core.name == "cim" else case.latency_cycles


def _golden(case: CoreCase, bits: int) -> str:
    """The results as bytes; of a macro whose weights are loaded, there are none to tell."""
    output = next(port for port in case.ports if port.name == "o__payload")
    entries = []
    for x, y in enumerate(case.stimulus.expected(range(1 << bits))):
        signed = output.format is not None and output.format.signed and y >> output.width - 1
        entries.append(f"      {x}: want = {y - (1 << output.width) * signed & 0xFF};")
    return "\n".join(["  reg [7:0] want;", "  always @* case (m_axis_tuser)", *entries, "  endcase"])


def _prove(case: CoreCase, wrapper: str | None = None) -> Verdict:
    top, loaded = f"{case.top}_axis", any(port.name == "w__payload" for port in case.ports)
    bits = next(port.width for port in case.ports if port.name == "i__payload")
    capacity, interval = _capacity(case), case.initiation_interval_cycles
    harness = _HARNESS.substitute(
        top=top, in_msb=bits - 1, most=capacity + 2,
        # A unit of one cycle a beat takes beats as long as there is room.
        least=capacity + 2 if interval == 1 else 1,
        weights_in=", input [7:0] weights, input write" * loaded,
        weights=", .s_axis_w_tdata(weights), .s_axis_w_tvalid(write)" * loaded,
        result="" if loaded else " && m_axis_tdata == want", golden="" if loaded else _golden(case, bits))
    source = case.folder / f"vcu128/{top}.v"
    if wrapper is not None:
        source = case.folder.parent / "spoiled.v"
        source.write_text(wrapper)
    return prove([*(["read_verilog", str(path)] for path in (*case.simulation_sources, source))], harness,
                 cycles=2 * (capacity + case.latency_cycles + 2 * interval), seconds=120)


def _case(name: str, make_case) -> CoreCase:
    spec, integers = _UNITS[name]
    bits = 4 if isinstance(spec, CimMacro) else spec.activation.input.width
    return make_case(spec, "vcu128", integers=integers, user_bits=bits)


@pytest.mark.parametrize("name", [
    name if name in ("elastic-0", "elastic-1", "always-0", "always-1") else pytest.param(name, marks=pytest.mark.formal)
    for name in _UNITS])
def test_what_comes_with_a_beat_leaves_with_its_result(name, make_case, record_property):
    case = _case(name, make_case)
    verdict = _prove(case)
    record_property("proof", ["passed", case.top.removeprefix("quadcim_"), case.latency_cycles, verdict.cycles,
                              round(verdict.seconds, 2), verdict.outcome])
    assert verdict.outcome == "proved", verdict


@pytest.mark.parametrize("name, old, new", [
    ("elastic-1", "passed_o__ready = m_axis_tvalid & m_axis_tready", "passed_o__ready = m_axis_tvalid"),
    ("elastic-1", "if (rst) oldest <= 3'h7;\n    else if", "if"),
    ("elastic-1", "oldest != 3'h2", "oldest != 3'h1"),                   # a queue that is too short
    ("always-1", "oldest != 3'h2", "oldest != 3'h3"),                    # more beats than the queue of results holds
    ("always-1", "if (writes ^ reads)", "if (writes)"),
])
def test_a_broken_wrapper_is_refuted(name, old, new, make_case):
    case = _case(name, make_case)
    text = (case.folder / f"vcu128/{case.top}_axis.v").read_text()
    assert old in text
    assert _prove(case, text.replace(old, new)).outcome == "refuted"
