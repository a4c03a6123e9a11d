"""Fitting an implicit neural representation to a signal."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from quadcim.models.inr.course import Course, History
from quadcim.models.inr.inference import as_signal
from quadcim.models.inr.networks import Inr, coordinates, output_scale
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.training.inr import check_range

__all__ = ["BATCH", "default_learning_rate", "fine_tune", "fit", "predict"]

BATCH = 2048
"""Samples of a step. A layer's values stay in the cache; in equal time, more steps on fewer pixels reach a better
picture."""
_REPORT_STEPS = 50
_FINAL_RATE = 0.1  # of the learning rate at the start
# How far Adam moves the folded weights, omega W, in a step: what `python -m benchmarks quality` found best, for sinc a
# trial. Phi's fits diverge from 0.14 on.
_STEP = {"quad": 0.05, "sine": 0.05, "finer": 0.1, "gaussian": 0.2, "gabor": 0.07, "sinc": 0.05, "relu": 0.01}
# Fine-tuning ends at a lower rate: integers jump, and what they jump by must die away.
_FINE, _FINE_FINAL_RATE = 0.1, 0.01


def default_learning_rate(omega: float, activation: str = "quad") -> float:
    """Choose the rate at which Adam moves the folded weights, ``omega W``, by a step that suits the activation."""
    return _STEP[activation] / omega


def fit(network: Inr | QuantisedInr, signal: NDArray[np.integer], *, steps: int, lr: float, seed: int,
        batch: int = BATCH, course: Course | None = None) -> History:
    """Fit a network to a signal, in place: Adam on random samples, the rate decaying exponentially to a tenth.

    Parameters
    ----------
    network : Inr or QuantisedInr
        With as many channels as the signal.
    signal : ndarray
        Raw integers of the network's output format, with the axes of the signal, the slowest one first, and channels:
        a picture is uint8, height x width x channels.
    steps : int
        Optimiser steps, 1 to 1000000.
    lr : float
        Learning rate at the start, 1e-9 to 10; in the first layer ``omega / first_omega`` times that.
    seed : int
        Of the choice of samples.
    batch : int
        Random samples of a step; all of them if there are no more.
    course : Course, optional
        Keeps where the fit is, and says where it was.

    Returns
    -------
    list of (int, float)
        PSNR in dB, after so many steps, of the samples since the entry before.

    Raises
    ------
    IllegalSetting
        If a setting is out of range.
    """
    return _fit(network, signal, steps=steps, lr=lr, seed=seed, final_rate=_FINAL_RATE, batch=batch, course=course,
                phase=0)


def fine_tune(network: Inr | QuantisedInr, signal: NDArray[np.integer], *, steps: int = 200, lr: float | None = None,
              seed: int = 0, course: Course | None = None) -> History:
    """Adapt a fitted network, in place, to what was changed in it: another activation, or integers.

    As `fit` does, but the rate decays to a hundredth.

    Parameters
    ----------
    network : Inr or QuantisedInr
        What `quadcim.models.inr.networks.swap_sine` gives, or a fitted network as its hardware computes it.
    signal : ndarray
        What it was fitted to.
    steps : int
        Optimiser steps, 1 to 1000000.
    lr : float, optional
        Learning rate at the start, 1e-9 to 10; by default a tenth of what suits a fit.
    seed : int
        Of the choice of samples.
    course : Course, optional
        As for `fit`.

    Returns
    -------
    list of (int, float)
        As for `fit`.

    Raises
    ------
    IllegalSetting
        If a setting is out of range.
    """
    if lr is None:
        lr = _FINE * default_learning_rate(network.omega, network.activation)
    return _fit(network, signal, steps=steps, lr=lr, seed=seed, final_rate=_FINE_FINAL_RATE, batch=BATCH, course=course,
                phase=1)


def _fit(network: Inr | QuantisedInr, signal: NDArray[np.integer], *, steps: int, lr: float, seed: int,
         final_rate: float, batch: int, course: Course | None, phase: int) -> History:
    check_range(steps=steps, lr=lr)
    optimiser = torch.optim.Adam(_groups(network, lr))
    generator = torch.Generator().manual_seed(seed)
    first, history = (0, []) if course is None else course.restore(phase, network, optimiser, generator)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, final_rate ** (1 / steps))
    losses: list[Tensor] = []
    name = ("fit", "fine-tune")[phase]
    with _one_thread(), torch.enable_grad(), tqdm(total=steps, initial=first, desc=name, unit="step") as bar:
        batches = _batches(signal, network, batch, generator)
        for step, (x, wanted) in zip(range(first + 1, steps + 1), batches, strict=False):
            optimiser.zero_grad()
            loss = torch.mean((network(x) - wanted) ** 2)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
            if step % _REPORT_STEPS == 0 or step == steps:
                history.append((step, _psnr_db(losses)))
                bar.set_postfix_str(f"{history[-1][1]:.2f} dB", refresh=False)
                bar.update(len(losses))
                losses.clear()
                if course is not None:
                    course.keep(phase, history, network, optimiser, generator, whole=step == steps)
    return history


def _groups(network: Inr | QuantisedInr, lr: float) -> list[dict[str, Any]]:
    """Parameters with their rates: a step moves what goes into the first activations as far as into others."""
    inner = network.network if isinstance(network, QuantisedInr) else network
    first = [inner.weights[0], inner.biases[0]]
    others = [*inner.weights[1:], *inner.biases[1:]]
    return [{"params": first, "lr": lr * inner.omega / inner.first_omega}, {"params": others, "lr": lr}]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep PyTorch to one thread: the result is the same on any number of cores.

    Little time is lost. A step takes milliseconds, and where other work keeps a core busy, threads that wait for one
    another at each operation have been measured to take thirty times as long as one alone.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _batches(signal: NDArray[np.integer], network: Inr | QuantisedInr, batch: int,
             generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Coordinates, and what is wanted there in [-1, 1], of the samples of each step; without end."""
    *shape, channels = signal.shape
    x = coordinates(*shape)
    scale, offset = output_scale(network.output)
    raw_scale = np.float32(2**network.output.fraction_bits * scale)
    wanted = torch.from_numpy(signal.reshape(-1, channels) / raw_scale - np.float32(offset / scale))
    while True:
        if len(x) <= batch:
            yield x, wanted
        else:
            chosen = torch.randint(len(x), (batch,), generator=generator)
            yield x[chosen], wanted[chosen]


def _psnr_db(losses: list[Tensor]) -> float:
    mean = torch.stack(losses).mean().item()
    return 10 * math.log10(2**2 / max(mean, 1e-12))  # samples span 2; a floor, as a plain picture can be fitted exactly


@torch.no_grad()
def predict(network: Inr | QuantisedInr, *shape: int) -> NDArray[np.integer]:
    """Render the network's signal in floating point, rounded half up to its format: the shape, and channels."""
    fmt = network.output
    samples = torch.cat([network.samples(x) for x in coordinates(*shape).split(1 << 16)])
    rounded = (samples + 0.5).floor().clamp(fmt.minimum, fmt.maximum).to(torch.int64)
    return as_signal(rounded.reshape(*shape, -1).numpy(), fmt)
