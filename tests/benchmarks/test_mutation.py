"""A few mutants of a small unit."""

import shutil

import pytest

from benchmarks import mutation


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")
def test_few_mutants(capsys):
    table = mutation.measure(["phi, combinational"], 8)
    assert table.missed == 0 and "| all | 8 |" in str(table)
    assert "mutation: phi, combinational, 8 mutants" in capsys.readouterr().err
