"""Signals rendered whole through the Verilog: each sample against the golden model and against a model of its own."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.cores.catalogue import core_of
from quadcim.cores.inr.render import render_case
from quadcim.generate import generate_case
from quadcim.models.inr.checkpoint import load_frozen
from quadcim.models.inr.train import train_inr
from quadcim.pictures import read_image
from quadcim.progress import unheard
from quadcim.signals import SignalKind, write_sound
from quadcim.spec.inr_engine import InrEngine, InrIntegers
from quadcim.training.inr import InrTraining

__all__ = ["measure"]

_PICTURES, _STEPS, _CHUNK = 3, 300, 1 << 16
_MULTIPLIERS = {64: 130, 256: 520}
_FRAMES, _RATE = 32, 44_100


@dataclass(frozen=True)
class _Signal:
    """A signal, and the hidden layers of its network."""

    kind: SignalKind
    path: Path
    hidden: int
    layers: int
    settings: dict[str, Any]


def measure(images: Sequence[Path]) -> Table:
    """Render three pictures through 64 x 2, the last one through 256 x 3, a video and a sound."""
    table = Table("Whole signals from the Verilog",
                  f"QuadINRs of so many hidden layers, {_STEPS} steps of training; rendered by Verilator on all "
                  "processors. Samples that differ from the golden model, and from a model in numpy of docs/inr.md "
                  "that reads integers.json alone. The video is a camera that moves over the first picture, the sound "
                  "a chord.",
                  ("signal", "samples", "network", "multipliers", "PSNR, dB", "differ from golden", "from numpy",
                   "cycles a sample", "rendered, s", "million products/s"))
    with tempfile.TemporaryDirectory() as folder:
        for number, signal in enumerate(_signals(images, Path(folder))):
            say(f"rendering: {signal.path.name}, {signal.hidden} x {signal.layers}")
            _measure(table, signal, Path(folder, str(number)))
    return table


def _signals(images: Sequence[Path], folder: Path) -> Iterator[_Signal]:
    chosen = images[:_PICTURES]
    for image in chosen:
        yield _Signal("image", image, 64, 2, {})
    yield _Signal("image", chosen[-1], 256, 3, {})
    picture = read_image(images[0], size=192)
    height, width = (side * 3 // 4 for side in picture.shape[:2])
    np.save(folder / "camera.npy", np.stack([picture[step:step + height, step:step + width]
                                             for step in range(_FRAMES)]))
    yield _Signal("video", folder / "camera.npy", 64, 3, {})
    seconds = np.arange(_RATE) / _RATE
    chord = sum(np.sin(2 * np.pi * note * seconds) for note in (220.0, 277.18, 329.63)) * np.exp(-2 * seconds)
    write_sound((8000 * chord)[:, None].astype(np.int16), folder / "chord.wav", rate=_RATE)
    yield _Signal("audio", folder / "chord.wav", 64, 3, {})


def _measure(table: Table, signal: _Signal, folder: Path) -> None:
    """A row."""
    settings = InrTraining(hidden=signal.hidden, layers=signal.layers, steps=_STEPS, **signal.settings)
    metrics = train_inr(settings, source=signal.path, kind=signal.kind, out=folder / "trained")
    network = load_frozen(folder / "trained/frozen.safetensors")
    engine = InrEngine.of(network, _MULTIPLIERS[signal.hidden])
    activation = core_of(engine).usual_integers(engine).activation
    generate_case(engine, InrIntegers(network, activation), target=find_target("generic"), clock_mhz=100,
                  out=folder / "case")
    case = load_case(folder / "case")
    shown = render_case(case, unheard)
    own = _own_samples(json.loads((folder / "case/integers.json").read_text(encoding="ascii")))
    differ = int((shown.samples.reshape(own.shape) != own).any(axis=1).sum())
    count = prod(network.shape)
    products = count * sum(before * after for before, after in engine.shapes)
    table.add(f"{signal.kind} {signal.path.name}", " x ".join(map(str, network.shape)),
              f"{signal.hidden} x {signal.layers}", engine.multipliers, metrics["psnr_integer_db"], shown.differences,
              differ, f"{shown.cycles:.2f}", f"{shown.seconds:.1f}", f"{products / shown.seconds / 1e6:.0f}",
              bars=(Bar(shown.differences, "<=", 0, "differ"), Bar(differ, "<=", 0, "differ")))


def _own_samples(integers: dict[str, Any]) -> NDArray[np.int64]:
    """The samples of a QuadINR, from the integers of its case: docs/inr.md and docs/phi.md, and nothing else."""
    network = integers["network"]
    axes = [2 * np.arange(size) + 1 - size for size in network["shape"]]
    grid = np.stack([axis.reshape(-1) for axis in np.meshgrid(*axes, indexing="ij")[::-1]], axis=1)
    return np.concatenate([_layers(network, grid[low:low + _CHUNK]) for low in range(0, len(grid), _CHUNK)])


def _layers(network: dict[str, Any], x: NDArray[np.int64]) -> NDArray[np.int64]:
    *hidden, last = network["layers"]
    phi = _phi(int(hidden[0]["output"].partition(".")[2]))
    for layer in hidden:
        x = phi[_linear(layer, x)]  # a negative index counts from the end, as two's complement does
    return _linear(last, x)


def _linear(layer: dict[str, Any], x: NDArray[np.int64]) -> NDArray[np.int64]:
    """``overflow(floor((sum of w x + b) / 2^shift + 1/2))``; all numbers are below 2^53, and exact."""
    sums = x.astype(np.float64) @ np.array(layer["weight"], np.float64).T + np.array(layer["bias"])
    y = np.floor(sums / 2.0 ** np.array(layer["shift"]) + 0.5).astype(np.int64)
    whole, _, fraction = layer["output"].lstrip("SUQ").partition(".")
    width, signed = int(whole) + int(fraction), layer["output"][0] == "S"
    low = -(1 << width - 1) if signed else 0
    if layer["overflow"] == "wrap":
        return (y - low) % (1 << width) + low
    return np.clip(y, low, low + (1 << width) - 1)


def _phi(bits: int) -> NDArray[np.int64]:
    """Of every raw input of SQ2.bits, in the order of their bits: phi, to the nearest of SQ1.(bits - 1)."""
    top = 1 << bits - 1
    results = []
    for raw in [*range(2 << bits), *range(-(2 << bits), 0)]:
        v = Fraction(raw, 1 << bits)
        size = floor(abs(v) * (2 - abs(v)) * top + Fraction(1, 2))
        results.append(min(size, top - 1) if v > 0 else -size)
    return np.array(results)
