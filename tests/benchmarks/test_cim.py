from benchmarks import cim
from quadcim.spec.cim import CimIntegers, CimMacro


def test_a_lutram_counts_as_eight_luts():
    macro = CimMacro(12, 5, 2, technology="ultrascale", storage="lutram", stages=2)
    assert cim._lut(macro, CimIntegers(), {"partial_sums": 2}) == (2 * 3 * 8, 0)


def test_parts_add_up():
    macro = CimMacro(16, 1, 2, technology="ultrascale", stages=2)
    column, cells, both = (cim._lut(macro, CimIntegers(), parts) for parts in (
        {"column": 1}, {"bit_cells": 1}, {"column": 1, "bit_cells": 1}))
    assert both == (column[0] + cells[0], column[1] + cells[1]) and cells == (0, 16)
