"""What formulas say of engines, against Yosys and by hand."""

import pytest

from benchmarks.inr_resources import engine
from quadcim.cores.inr.describe import describe_inr
from quadcim.cores.inr.network import random_network
from quadcim.hw.inr.plan import Table, plan_engine
from quadcim.hw.inr.resources import engine_parts, engine_resources
from quadcim.spec.ultrascale import adder_luts, block_rams, choice_luts, compare_luts, table_luts
from quadcim.synth.fpga import map_to_fpga

_ENGINES = (("2x16x16x3", "1x2,4x4,1x2", {}),
            ("2x16x16x1", "16x1,1x16,1x1", {"weight_bits": 4, "activation_bits": 6, "stages": 2}),
            ("1x12x12x2", "4x1,3x2,2x1", {"function": "sine", "activation_bits": 8, "stages": 0}))


@pytest.mark.parametrize("row", _ENGINES, ids=lambda row: f"{row[0]}-{row[1]}")
def test_yosys_agrees(row, make_case, tmp_path):
    spec = engine(*row)
    said = engine_resources(plan_engine(spec, random_network(spec)))
    found = map_to_fpga(make_case(spec), tmp_path, report=lambda _step: None)
    assert said.lut == pytest.approx(found.lut, rel=0.1)
    assert said.flip_flops == pytest.approx(found.flip_flops, rel=0.1)
    assert (said.dsp, said.bram36) == (found.dsp, found.bram36)


def test_parts_add_up():
    spec = engine(*_ENGINES[0])
    plan = plan_engine(spec, random_network(spec))
    parts, whole = engine_parts(plan), engine_resources(plan)
    assert sum(part.lut for part in parts.values()) == whole.lut
    assert parts["elements of layer 2"].dsp == 16 and "activation of layer 3" not in parts


def test_constants_that_multiply_by_wires_take_no_dsp_block():
    spec = engine("2x2x1", "2x2,1x2", {})
    plan = plan_engine(spec, random_network(spec))
    weights = [weight for layer in plan.network.layers for row in layer.weight for weight in row]
    assert engine_resources(plan).dsp == sum(abs(weight).bit_count() > 1 for weight in weights)


@pytest.mark.parametrize("width, rows, halves", [
    (36, 512, 1), (72, 512, 2), (73, 512, 3), (16, 2048, 2), (9, 4096, 2), (2, 32768, 4), (64, 1500, 6)])
def test_block_rams(width, rows, halves):
    assert block_rams(width, rows)[0] == halves


@pytest.mark.parametrize("width, rows, style", [
    (4096, 4, "auto"), (512, 64, "auto"), (14, 128, "auto"), (12, 256, "auto"), (128, 128, "block"), (24, 256, "block"),
    (16, 1024, "block")])
def test_small_constants_are_not_forced_into_block_ram(width, rows, style):
    assert Table(width, (0,) * rows).style == style


def test_logic_by_hand():
    assert [adder_luts(operands, 10) for operands in (1, 2, 3, 4, 8)] == [0, 10, 20, 35, 95]
    assert [choice_luts(choices) for choices in (1, 2, 4, 5, 8)] == [0, 1, 1, 2, 3]
    assert [compare_luts(bits) for bits in (1, 6, 7, 16)] == [0, 1, 2, 3]
    assert [table_luts(rows) for rows in (16, 64, 65, 256)] == [1, 1, 2, 4]


@pytest.mark.parametrize("technology, says", [("generic", True), ("fpga", True), ("cells", False)])
def test_report_says_it(technology, says):
    spec = engine("2x8x1", "1x2,1x2", {"technology": technology})
    rows = dict(describe_inr(plan_engine(spec, random_network(spec))).structure)
    assert ("on UltraScale+" in rows) == says
    assert not says or " 4 DSP48E2, 0 block RAM of 36 kbit, estimated" in rows["on UltraScale+"]
