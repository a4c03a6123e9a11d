"""The neural tangent kernel of a network: which directions of a signal its training learns, and how fast."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from quadcim.models.inr.networks import Inr

__all__ = ["ntk_spectrum", "spectrum_numbers", "tangent_kernel", "write_spectra"]

_SIDES = {1: (144,), 2: (12, 12), 3: (4, 6, 6)}
"""Of the grid at which spectra are taken: 144 samples, however many axes."""


def tangent_kernel(network: Inr, x: Tensor) -> Tensor:
    """Compute the kernel of a network at some coordinates.

    Parameters
    ----------
    network : Inr
        The network.
    x : Tensor
        n x axes.

    Returns
    -------
    Tensor
        n x n: ``sum over parameters and channels of df(x1) / dp * df(x2) / dp``.

    Notes
    -----
    Jacot et al., arXiv 1806.07572. A layer ``u = omega (W h + b)`` adds ``omega^2 (d d^T) * (h h^T + 1)``, with d the
    gradient with respect to u: no gradient of a parameter is ever stored.
    """
    with torch.enable_grad():
        way, y = network.traced(x)
        sums = [total for _given, total in way]
        kernel = torch.zeros(len(x), len(x), dtype=torch.float64)
        for channel in range(y.shape[1]):
            gradients = torch.autograd.grad(y[:, channel].sum(), sums, retain_graph=True)
            for omega, (given, _total), gradient in zip(network.omegas, way, gradients, strict=True):
                h, d = given.detach().double(), gradient.double()
                kernel += omega**2 * (d @ d.T) * (h @ h.T + 1)
    return kernel


def ntk_spectrum(network: Inr) -> NDArray[np.float64]:
    """The eigenvalues of the kernel on an even grid of 144 samples, the greatest first, as shares of their sum."""
    centres = [(2 * torch.arange(side) + 1) / side - 1 for side in _SIDES[network.settings["axes"]]]
    grid = torch.stack(torch.meshgrid(*centres, indexing="ij")[::-1], dim=-1).reshape(-1, len(centres))
    values = torch.linalg.eigvalsh(tangent_kernel(network, grid)).flip(0).clamp(min=0).numpy()
    return values / values.sum()


def spectrum_numbers(spectrum: NDArray[np.float64]) -> dict[str, float]:
    """What a spectrum says: how many eigenvalues matter, the share of the greatest, and how small the least is.

    The entropy rank is ``exp(-sum of p log p)`` of the shares p; the least eigenvalue is told as part of the mean.
    """
    shares = spectrum[spectrum > 0]
    return {"samples": len(spectrum), "entropy_rank": round(math.exp(-np.sum(shares * np.log(shares))), 2),
            "greatest_share": round(float(spectrum[0]), 4),
            "least_of_mean": float(f"{spectrum[-1] * len(spectrum):.3g}")}


def write_spectra(path: Path, spectra: Mapping[str, NDArray[np.float64]]) -> None:
    """Draw spectra by title, as one PNG."""
    figure = Figure(figsize=(6, 4), dpi=150, layout="constrained")
    axis = figure.subplots()
    for name, spectrum in spectra.items():
        rank = spectrum_numbers(spectrum)["entropy_rank"]
        axis.semilogy(np.arange(1, len(spectrum) + 1), np.maximum(spectrum, 1e-12), label=f"{name}: rank {rank:.1f}")
    axis.set(title="Neural tangent kernel", xlabel="Eigenvalue", ylabel="Share of their sum")
    axis.grid(visible=True, alpha=0.3)
    axis.legend()
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
