"""A quick part of the tables of functions."""

import json

import pytest

from benchmarks import catalogue, functions
from quadcim.spec.functions import FUNCTIONS


def test_cost_of_a_function():
    table = functions.measure_cost([8], ["gelu"])
    assert table.missed == 0 and "gelu" in str(table).lower()


def test_errors_of_a_function():
    assert functions.measure_error([8], ["tanh"]).missed == 0


def test_every_function_is_shipped_at_every_width():
    shipped = json.loads(catalogue.SHIPPED.read_text(encoding="ascii"))
    widths = [str(width) for width in catalogue.WIDTHS]
    assert {name: [*found] for name, found in shipped.items()} == dict.fromkeys(FUNCTIONS, widths)


def test_an_update_that_is_cut_off_ships_nothing(monkeypatch, tmp_path):
    def figures(function: str, width: int) -> dict[str, int]:
        if width == catalogue.WIDTHS[-1]:
            raise KeyboardInterrupt
        return {"lut": 1}

    shipped = tmp_path / "functions.json"
    shipped.write_text("{}")
    monkeypatch.setattr(catalogue, "SHIPPED", shipped)
    monkeypatch.setattr(catalogue, "figures", figures)
    with pytest.raises(KeyboardInterrupt):
        catalogue.update()
    assert shipped.read_text() == "{}" and [*tmp_path.iterdir()] == [shipped]


def test_shipped_figures_are_those_measured():
    assert catalogue.measure(["gelu", "relu"], [8]).missed == 0
