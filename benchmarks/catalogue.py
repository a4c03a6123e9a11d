"""The figures that ``quadcim list functions`` shows: measured here, shipped as ``quadcim/functions.json``."""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.fit.freeze import freeze
from quadcim.hw.activation.units import create_unit
from quadcim.hw.emit.synthesis import fpga_cost, gate_cost
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.spec.activation import Activation
from quadcim.spec.functions import FUNCTIONS, usual_formats
from quadcim.spec.unit import ActivationUnit

__all__ = ["SHIPPED", "WIDTHS", "figures", "measure", "update"]

SHIPPED = Path(__file__).parents[1] / "quadcim/cores/activation/functions.json"
WIDTHS = (8, 12, 16)


def figures(function: str, width: int) -> dict[str, int | float]:
    """LUT and gate equivalents of the combinational faithful unit in its usual formats, and its greatest error."""
    say(f"catalogue: {function}, {width} bits")
    activation = Activation(function, *usual_formats(FUNCTIONS[function], width), "faithful")
    units = {technology: ActivationUnit(activation, 0, "always", technology) for technology in ("fpga", "generic")}
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for technology, unit in units.items():
            paths[technology] = Path(folder, f"{technology}.v")
            paths[technology].write_text(emit_verilog(create_unit(unit), name="top", header="").text)
        return {"lut": fpga_cost([paths["fpga"]], "top").lut,
                "gates": round(gate_cost([paths["generic"]], "top").total_ge),
                "max_error_ulp": max(freeze(unit).max_error_ulp for unit in units.values())}


def measure(functions: Sequence[str] = tuple(FUNCTIONS), widths: Sequence[int] = WIDTHS) -> Table:
    """Compare what is shipped with what is measured now."""
    shipped = json.loads(SHIPPED.read_text(encoding="ascii"))
    table = Table("Catalogue", "Combinational faithful units in their usual formats, beside what is shipped.",
                  ("function", "bits", "LUT", "GE", "max error, ulp"))
    for function in functions:
        for width in widths:
            now, before = figures(function, width), shipped[function].get(str(width), {})
            table.add(function, width, *now.values(),
                      bars=(Bar(sum(now[name] != before.get(name) for name in now), "<=", 0, "figures differ"),))
    return table


def update() -> None:
    """Measure everything, and ship it once it is whole."""
    measured: dict[str, dict[str, dict[str, int | float]]] = {function: {} for function in FUNCTIONS}
    for width in WIDTHS:
        for function in FUNCTIONS:
            measured[function][str(width)] = figures(function, width)
    SHIPPED.with_suffix(".new").write_text(json.dumps(measured, indent=1) + "\n", encoding="ascii")
    SHIPPED.with_suffix(".new").replace(SHIPPED)


if __name__ == "__main__":
    sys.exit(update())
