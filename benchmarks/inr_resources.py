"""Engines: what the formulas say that they take of an FPGA, and what Yosys makes of their Verilog."""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.cores.inr.network import random_network
from quadcim.cores.inr.points import WIDTHS, engine_of
from quadcim.generate import generate_case
from quadcim.hw.activation.plans import unit_integers
from quadcim.hw.inr.plan import plan_engine
from quadcim.hw.inr.resources import engine_resources
from quadcim.progress import unheard
from quadcim.spec.activation import Activation
from quadcim.spec.folding import Folding, legal_foldings
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.inr import FrozenInr
from quadcim.spec.inr_engine import InrEngine, InrIntegers
from quadcim.synth.fpga import map_to_fpga

__all__ = ["ENGINES", "engine", "measure"]

ENGINES = (
    ("2x64x64x1", "1x2,8x8,1x1", {}),
    ("2x64x64x1", "1x1,1x2,1x1", {}),
    ("2x64x64x1", "64x2,64x1,1x16", {"technology": "fpga"}),
    ("2x32x32x3", "16x1,2x16,1x8", {}),
    ("2x32x32x3", "4x2,2x32,3x4", {"stages": 6, "technology": "fpga"}),
    ("2x32x32x3", "1x1,2x2,1x1", {"weight_bits": 12, "activation_bits": 10}),
    ("2x32x32x3", "32x2,8x8,3x2", {"function": "sine", "activation_bits": 8}),
    ("2x32x32x3", "2x1,4x4,1x2", {"function": "gaussian", "activation_bits": 9, "stages": 2}),
    ("2x24x24x3", "3x2,4x6,1x4", {"function": "finer", "activation_bits": 8}),
    ("2x32x32x3", "4x2,4x8,1x4", {"technology": "ultrascale"}),
    ("1x16x16x16x1", "1x1,2x4,2x4,1x1", {"weight_bits": 4, "activation_bits": 6}),
    ("1x16x16x16x1", "16x1,16x2,2x16,1x4", {"stages": 0, "activation_stages": 0}),
    ("3x24x48x3", "4x3,24x2,3x4", {"weight_bits": 6}),
    ("3x24x48x3", "24x3,4x24,1x12", {"weight_bits": 6, "activation_bits": 7}),
    ("2x128x128x3", "1x2,8x16,3x1", {}),
    ("2x256x256x3", "1x2,8x8,3x1", {}),
    ("2x256x256x3", "1x2,16x16,3x1", {}),
)
"""Sizes, foldings, and settings that are not the usual ones."""
_RANDOM, _SEED = 6, 11
_MOST_CYCLES, _MOST_MULTIPLIERS, _MOST_PERCENT = 1024, 150, 10


def engine(sizes: str, folding: str, settings: dict) -> InrEngine:
    """An engine from a row."""
    given = {"stages": 1, "activation_stages": 2, **settings}
    function, widths = given.pop("function", "quad"), {name: given.pop(name, usual) for name, usual in WIDTHS.items()}
    found = engine_of(sizes, widths, **given)
    if function != "quad":
        formats = usual_formats(find_function(function), widths["activation_bits"])
        found = replace(found, activation=Activation(function, *formats, "faithful"))
    return replace(found, foldings=tuple(map(Folding.parse, folding.split(","))))


def _random_engines() -> Iterator[tuple[str, str, dict]]:
    """Sizes, widths and foldings that nobody chose."""
    draw = random.Random(_SEED)
    for _ in range(_RANDOM):
        sizes = (draw.randint(1, 3), *(draw.choice([12, 20, 24, 32, 40, 48, 64]) for _ in range(draw.randint(1, 3))),
                 draw.choice([1, 3]))
        foldings = [draw.choice([folding for folding in legal_foldings(after, before)
                                 if folding.cycles(after, before) <= _MOST_CYCLES
                                 and folding.multipliers <= _MOST_MULTIPLIERS]) for before, after in pairwise(sizes)]
        most = 1 + max((folding.simd - 1).bit_length() for folding in foldings)
        yield "x".join(map(str, sizes)), ",".join(map(str, foldings)), {
            "weight_bits": draw.choice([4, 6, 8, 12]), "activation_bits": draw.randint(6, 10),
            "stages": draw.randint(0, most)}


def measure(engines: Sequence[tuple[str, str, dict]] = ENGINES) -> Table:
    """Estimate each engine, then generate and map it."""
    table = Table(
        "Resources of engines", "The formulas of `quadcim.hw.inr.resources`, and `quadcim synth` (Yosys, UltraScale+) "
        f"of the generated case; error: formula over Yosys. DSP48E2 and block RAM of 36 kbit (RAMB18 are halves) may "
        f"also differ by one. The last {_RANDOM} engines are drawn by chance, seed {_SEED}.",
        ("engine", "folding", "settings", "formula, ms", "LUT", "Yosys", "error, %", "flip-flops", "Yosys", "error, %",
         "DSP", "Yosys", "BRAM", "Yosys"))
    for sizes, folding, settings in (*engines, *(_random_engines() if engines is ENGINES else ())):
        say(f"inr-resources: {sizes}, {folding}")
        _measure(table, sizes, folding, settings)
    return table


def _measure(table: Table, sizes: str, folding: str, settings: dict) -> None:
    """A row."""
    spec = engine(sizes, folding, settings)
    network: FrozenInr = random_network(spec)
    plan = plan_engine(spec, network)
    start = time.perf_counter()
    said = engine_resources(plan)
    milliseconds = 1e3 * (time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        generate_case(spec, InrIntegers(network, unit_integers(spec.unit)), target=find_target("generic"),
                      out=work / "case")
        found = map_to_fpga(load_case(work / "case"), work, report=unheard)
    lut, flip_flops = (100 * (one / other - 1) for one, other in ((said.lut, found.lut),
                                                                  (said.flip_flops, found.flip_flops)))
    bars = (Bar(abs(lut), "<=", _MOST_PERCENT, "% LUT"), Bar(_off(said.dsp, found.dsp), "<=", _MOST_PERCENT, "% DSP"),
            Bar(_off(said.bram36, found.bram36), "<=", _MOST_PERCENT, "% BRAM"))
    about = " ".join(f"{name}={value}" for name, value in settings.items())
    table.add(sizes, folding, about, f"{milliseconds:.1f}", round(said.lut), found.lut, f"{lut:+.1f}",
              said.flip_flops, found.flip_flops, f"{flip_flops:+.1f}", said.dsp, found.dsp, f"{said.bram36:g}",
              f"{found.bram36:g}", bars=bars)


def _off(said: float, found: float) -> float:
    """The error in %; none where there is one more or less."""
    return 0 if abs(said - found) <= 1 else 100 * abs(said / found - 1) if found else float("inf")
