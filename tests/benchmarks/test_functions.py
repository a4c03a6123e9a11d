"""A quick part of the tables of functions."""

from benchmarks import catalogue, functions


def test_cost_of_a_function():
    table = functions.measure_cost([8], ["gelu"])
    assert table.missed == 0 and "gelu" in str(table).lower()


def test_errors_of_a_function():
    assert functions.measure_error([8], ["tanh"]).missed == 0


def test_shipped_figures_are_those_measured():
    assert catalogue.measure(["gelu", "relu"], [8]).missed == 0
