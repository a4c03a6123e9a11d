from benchmarks import cost
from quadcim.hw.emit.synthesis import fpga_cost, gate_cost


def test_ruler_reads_the_naive_form_as_the_references_were_read(tmp_path):
    path = tmp_path / "naive.v"
    path.write_text(cost.naive_verilog(8))
    assert fpga_cost([path], "naive_phi").lut == 95
    assert round(gate_cost([path], "naive_phi").total_ge) == 399


def test_cost_of_one_width(capsys):
    table = cost.measure([8])
    assert table.missed == 0
    lines = str(table).splitlines()
    assert lines[4] == "| n | form | LUT | CARRY4 | FF | GE | bar | result |"
    assert len({line.count("|") for line in lines[4:] if line}) == 1
    assert "faithful, 3 stages, always" in str(table)
    output = capsys.readouterr()
    assert output.out == "" and "cost: 8 bits" in output.err
