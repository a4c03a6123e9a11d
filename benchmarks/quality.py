"""Which activation represents pictures best, in floating point and in integers: all tuned alike."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.report import Bar, Table, say
from quadcim.models.inr.fit import fit, predict
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr
from quadcim.pictures import psnr_db, read_image
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import FROZEN_ACTIVATIONS

__all__ = ["measure"]

_SIDE, _HIDDEN, _LAYERS, _STEPS, _BATCH, _SEEDS = 128, 64, 3, 1000, 4096, 3
_TUNED_ON = 2
"""Pictures, the first ones, on which omega and rate are chosen; the others are measured."""
_BITS = {8: 1.0, 10: 0.2}
"""Widths of weights and activations, and what they may cost QuadINR on average, dB."""
_PLOT = Path(__file__).parents[1] / "docs/images/inr-quality.png"


@dataclass(frozen=True)
class _Method:
    """An activation; what omegas are tried, and how far Adam moves ``omega W`` in a step, the published ones first."""

    name: str
    activation: str
    omegas: tuple[float, ...]
    moves: tuple[float, ...] = (0.05, 0.015, 0.1, 0.2)
    omega: float = 0
    move: float = 0

    def network(self, seed: int) -> Inr:
        """As it begins."""
        return Inr(channels=1, hidden=_HIDDEN, layers=_LAYERS, activation=self.activation, omega=self.omega, seed=seed)


_ROOT = 2**0.5
_METHODS = (
    _Method("QuadINR", "quad", (30, 15, 20, 45)),
    _Method("SIREN", "sine", (30, 20, 45, 60)),
    _Method("FINER", "finer", (30, 10, 15, 20)),
    _Method("Gauss", "gaussian", (30 * _ROOT, 5 * _ROOT, 10 * _ROOT, 20 * _ROOT), (0.2, 0.02, 0.05, 0.1)),
    _Method("WIRE, real part", "gabor", (10 * _ROOT, 3 * _ROOT, 5 * _ROOT, 20 * _ROOT), (0.07, 0.01, 0.02, 0.04)),
    _Method("ReLU, encoded", "relu", (1,), (0.001, 0.002, 0.005, 0.01)),
)
_MATCHED = "SIREN, frequency matched"

Job = tuple[_Method, NDArray[np.uint8], int]


def measure(images: Sequence[Path]) -> Table:
    """Choose omega and rate on the first two pictures, and compare on the others.

    Raises
    ------
    IllegalSetting
        If there are fewer than three pictures.
    """
    if len(images) <= _TUNED_ON:
        raise IllegalSetting("images", f"at least {_TUNED_ON + 1} pictures, the first {_TUNED_ON} to tune on (centre "
                             f"crops of {_SIDE} x {_SIDE})", f"{len(images)}")
    crops = [_crop(path) for path in images]
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        def run(jobs: Iterable[Job]) -> Iterator[dict[str, float]]:
            return pool.map(_psnr, jobs)

        tuned = [_tune(method, crops[:_TUNED_ON], run) for method in _METHODS]
        quad = tuned[0]
        # sin(omega pi / 2 z) is what phi(omega z) approximates; a step moves its argument as far.
        tuned.insert(2, replace(quad, name=_MATCHED, activation="sine", omega=quad.omega * np.pi / 2,
                                move=quad.move * np.pi / 2))
        jobs = [(method, crop, seed) for method in tuned for crop in crops[_TUNED_ON:] for seed in range(_SEEDS)]
        results: dict[str, list[dict[str, float]]] = {method.name: [] for method in tuned}
        for number, (job, result) in enumerate(zip(jobs, run(jobs), strict=True), 1):
            results[job[0].name].append(result)
            say(f"quality: {number} of {len(jobs)}, {job[0].name}, {result['float']:.2f} dB")
    _plot(results)
    return _table(tuned, results, len(crops) - _TUNED_ON)


def _crop(path: Path) -> NDArray[np.uint8]:
    """The centre of a picture, grey."""
    picture = read_image(path).astype(np.float64)
    grey = picture if picture.shape[2] == 1 else picture @ np.array([[0.299], [0.587], [0.114]])
    height, width = ((side - _SIDE) // 2 for side in grey.shape[:2])
    if min(height, width) < 0:
        raise IllegalSetting("images", f"pictures of at least {_SIDE} x {_SIDE} pixels", str(path))
    return np.round(grey[height:height + _SIDE, width:width + _SIDE]).astype(np.uint8)


def _psnr(job: Job) -> dict[str, float]:
    """Of a fit in floating point, and in integers of each width."""
    method, picture, seed = job
    network = method.network(seed)
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        fit(network, picture, steps=_STEPS, lr=method.move / method.omega, seed=seed, batch=_BATCH)
    found = {"float": psnr_db(predict(network, _SIDE, _SIDE), picture)}
    if method.activation in FROZEN_ACTIVATIONS:
        for bits in _BITS:
            frozen = freeze(network, shape=(_SIDE, _SIDE), weight_bits=bits, activation_bits=bits,
                            first_layer_bits=max(bits, 14))
            found[f"{bits} bits"] = psnr_db(render(frozen), picture)
    return found


def _tune(method: _Method, crops: Sequence[NDArray[np.uint8]],
          run: Callable[[Iterable[Job]], Iterator[dict[str, float]]]) -> _Method:
    """The omega that is best with the first rate, then the rate that is best with it."""
    def best(candidates: Sequence[_Method]) -> _Method:
        found = [result["float"] for result in run([(one, crop, 0) for one in candidates for crop in crops])]
        means = [mean(found[low:low + len(crops)]) for low in range(0, len(found), len(crops))]
        for one, db in zip(candidates, means, strict=True):
            say(f"quality: {one.name}, omega {one.omega:.1f}, omega * rate {one.move}: {db:.2f} dB")
        return candidates[int(np.argmax(means))]

    first = best([replace(method, omega=omega, move=method.moves[0]) for omega in method.omegas])
    return best([replace(first, move=move) for move in method.moves])


def _table(methods: Sequence[_Method], results: Mapping[str, Sequence[Mapping[str, float]]], pictures: int) -> Table:
    table = Table("Quality of activations",
                  f"Centre crops of {_SIDE} x {_SIDE} of {pictures} pictures, grey, {_SEEDS} seeds; networks "
                  f"2-{'-'.join([str(_HIDDEN)] * _LAYERS)}-1, {_STEPS} steps of {_BATCH} random pixels; omega and rate "
                  f"of each chosen on {_TUNED_ON} other pictures. PSNR in dB: mean and deviation in floating point, "
                  "gain of QuadINR over it (mean, greatest), mean loss in integers of 8 and of 10 bits (14 in the "
                  "first layer).",
                  ("activation", "omega", "rate", "float", "deviation", "QuadINR's gain", "greatest", "loss, 8 bits",
                   "loss, 10 bits"))
    quad = [result["float"] for result in results["QuadINR"]]
    for method in methods:
        found = results[method.name]
        floats = [result["float"] for result in found]
        gains = [ours - theirs for ours, theirs in zip(quad, floats, strict=True)]
        losses = {bits: mean(result["float"] - result[f"{bits} bits"] for result in found)
                  for bits in _BITS if f"{bits} bits" in found[0]}
        bars = tuple(Bar(loss, "<=", _BITS[bits], f"dB of {bits} bits") for bits, loss in losses.items()
                     if method.activation == "quad")
        table.add(method.name, f"{method.omega:.1f}", f"{method.move / method.omega:.2g}", f"{mean(floats):.2f}",
                  f"{stdev(floats):.2f}", f"{mean(gains):+.2f}", f"{max(gains):+.2f}",
                  *(f"{losses[bits]:.2f}" if bits in losses else "" for bits in _BITS), bars=bars)
    return table


def _plot(results: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """All results as points by activation, means as bars."""
    figure = Figure(figsize=(8, 4.2), dpi=120, layout="constrained")
    axis = figure.subplots()
    for place, found in enumerate(results.values()):
        for offset, (name, colour) in enumerate([("float", "tab:blue"), ("8 bits", "tab:orange")]):
            values = [result[name] for result in found if name in result]
            if values:
                x = place + 0.3 * offset - 0.15
                axis.bar(x, mean(values), 0.28, color=colour, alpha=0.4, label=None if place else name)
                axis.plot(np.linspace(x - 0.1, x + 0.1, len(values)), values, ".", color=colour, markersize=3)
    lowest = min(result["float"] for found in results.values() for result in found)
    axis.set(ylabel="PSNR, dB", ylim=(max(0, lowest - 2), None), title="A point for each picture and seed")
    axis.set_xticks(range(len(results)), [name.replace(", ", ",\n") for name in results])
    axis.legend()
    FigureCanvasAgg(figure).print_png(_PLOT, metadata={"Software": None})
