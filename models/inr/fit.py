"""Fitting an implicit neural representation to a picture."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from quadcim.models.inr.networks import PIXEL_SCALE, Inr, coordinates
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.training.inr import check_range

__all__ = ["default_learning_rate", "fine_tune", "fit", "predict"]

# A layer's values stay in the cache; in equal time, more steps on fewer pixels reach a better picture.
_BATCH_PIXELS = 2048
_REPORT_STEPS = 50
_FINAL_RATE = 0.1  # of the learning rate at the start
# How far Adam moves the folded weights, omega W, in a step. From 0.14 phi's fits diverge, from 0.05 finer's.
_STEP = {"quad": 0.05, "sine": 0.05, "finer": 0.02, "gaussian": 0.1, "gabor": 0.05, "sinc": 0.05, "relu": 0.005}
# Fine-tuning ends at a lower rate: integers jump, and what they jump by must die away.
_FINE, _FINE_FINAL_RATE = 0.1, 0.01


def default_learning_rate(omega: float, activation: str = "quad") -> float:
    """Choose the rate at which Adam moves the folded weights, ``omega W``, by a step that suits the activation."""
    return _STEP[activation] / omega


def fit(network: Inr | QuantisedInr, picture: NDArray[np.uint8], *, steps: int, lr: float,
        seed: int) -> list[tuple[int, float]]:
    """Fit a network to a picture, in place: Adam on random pixels, the rate decaying exponentially to a tenth.

    Parameters
    ----------
    network : Inr or QuantisedInr
        With as many channels as the picture.
    picture : ndarray
        uint8, height x width x channels.
    steps : int
        Optimiser steps, 1 to 1000000, on 2048 random pixels each (all of them if there are no more).
    lr : float
        Learning rate at the start, 1e-9 to 10.
    seed : int
        Of the choice of pixels.

    Returns
    -------
    list of (int, float)
        PSNR in dB, after so many steps, of the pixels since the entry before.

    Raises
    ------
    IllegalSetting
        If a setting is out of range.
    """
    return _fit(network, picture, steps=steps, lr=lr, seed=seed, final_rate=_FINAL_RATE)


def fine_tune(network: Inr | QuantisedInr, picture: NDArray[np.uint8], *, steps: int = 200, lr: float | None = None,
              seed: int = 0) -> list[tuple[int, float]]:
    """Adapt a fitted network, in place, to what was changed in it: another activation, or integers.

    As `fit` does, but the rate decays to a hundredth.

    Parameters
    ----------
    network : Inr or QuantisedInr
        What `quadcim.models.inr.networks.swap_sine` gives, or a fitted network as its hardware computes it.
    picture : ndarray
        What it was fitted to.
    steps : int
        Optimiser steps, 1 to 1000000.
    lr : float, optional
        Learning rate at the start, 1e-9 to 10; by default a tenth of what suits a fit.
    seed : int
        Of the choice of pixels.

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
    return _fit(network, picture, steps=steps, lr=lr, seed=seed, final_rate=_FINE_FINAL_RATE)


def _fit(network: Inr | QuantisedInr, picture: NDArray[np.uint8], *, steps: int, lr: float, seed: int,
         final_rate: float) -> list[tuple[int, float]]:
    check_range(steps=steps, lr=lr)
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, final_rate ** (1 / steps))
    history, losses = [], []
    with _one_thread(), torch.enable_grad(), tqdm(total=steps, desc="fit", unit="step") as bar:
        for step, (x, colour) in enumerate(_batches(picture, steps, seed), start=1):
            optimiser.zero_grad()
            loss = torch.mean((network(x) - colour) ** 2)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.detach())
            if step % _REPORT_STEPS == 0 or step == steps:
                history.append((step, _psnr_db(losses)))
                bar.set_postfix_str(f"{history[-1][1]:.2f} dB", refresh=False)
                bar.update(len(losses))
                losses.clear()
    return history


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


def _batches(picture: NDArray[np.uint8], steps: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Coordinates and colours in [-1, 1] of the pixels of each step."""
    height, width, channels = picture.shape
    x = coordinates(height, width)
    colour = torch.from_numpy(picture.reshape(-1, channels) / np.float32(PIXEL_SCALE) - 1)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        if len(x) <= _BATCH_PIXELS:
            yield x, colour
        else:
            chosen = torch.randint(len(x), (_BATCH_PIXELS,), generator=generator)
            yield x[chosen], colour[chosen]


def _psnr_db(losses: list[Tensor]) -> float:
    mean = torch.stack(losses).mean().item()
    return 10 * math.log10(2**2 / max(mean, 1e-12))  # colours span 2; a floor, as a plain picture can be fitted exactly


@torch.no_grad()
def predict(network: Inr | QuantisedInr, height: int, width: int) -> NDArray[np.uint8]:
    """Render the network's picture in floating point, rounded half up to uint8: height x width x channels."""
    pixels = torch.cat([network.pixels(x) for x in coordinates(height, width).split(1 << 16)])
    rounded = (pixels + 0.5).floor().clamp(0, 255).to(torch.uint8)
    return rounded.reshape(height, width, -1).numpy()
