"""Two-level weights: ``W ~ alpha * B + beta`` with B of -1 and 1, in closed form."""

from dataclasses import dataclass

import torch
from torch import Tensor

from quadcim.spec.cnn import BINARISERS
from quadcim.spec.errors import check_one_of

__all__ = ["Binarised", "binarise", "relative_error", "straight_through_binary"]

@dataclass(frozen=True, slots=True)
class Binarised:
    """Binary weights.

    Parameters
    ----------
    sign : Tensor
        -1 and 1, in the shape and type of the weights.
    alpha, beta : Tensor
        Half the distance of the two levels, at least 0, and their middle; they broadcast over the weights.
    """

    sign: Tensor
    alpha: Tensor
    beta: Tensor

    @property
    def weight(self) -> Tensor:
        """The weights that are stood for: ``alpha * sign + beta``."""
        return self.alpha * self.sign + self.beta


def binarise(weight: Tensor, method: str = "mean", *, per_channel: bool = True) -> Binarised:
    """Replace weights by two levels.

    For a given B, the least squared error is at ``alpha = (m1 - m0) / 2``, ``beta = (m1 + m0) / 2`` with the means m1
    and m0 of the weights where B is 1 and -1; for given levels, B is the sign of W - beta. So the best B splits the
    sorted weights in two: at the k that maximises ``k * (n - k) / n * (m1 - m0)**2`` (two-means in one dimension).

    Parameters
    ----------
    weight : Tensor
        Of any shape; the output channel comes first.
    method : str
        A name in `quadcim.spec.cnn.BINARISERS`. ``mean`` is the steadiest in training, ``opt`` the best after it.
    per_channel : bool
        Whether each output channel has levels of its own.

    Returns
    -------
    Binarised
        Where all weights of a channel are equal, alpha is 0 but for ``bwn``.

    Raises
    ------
    IllegalSetting
        If there is no such method.
    """
    check_one_of("binariser", method, BINARISERS)
    rows = weight.reshape(weight.shape[0] if per_channel else 1, -1)
    if method == "opt":
        upper = rows > _lower_end(rows)
        alpha, beta = _group_means(rows, upper)
    else:
        middle = torch.zeros_like(rows[:, :1]) if method == "bwn" else rows.mean(1, keepdim=True)
        upper = rows >= middle
        alpha, beta = _group_means(rows, upper) if method == "mean2" else (
            (rows - middle).abs().mean(1, keepdim=True), middle)
    shape = (rows.shape[0],) + (1,) * (weight.dim() - 1)
    sign = torch.where(upper, 1.0, -1.0).to(weight.dtype).reshape(weight.shape)
    return Binarised(sign, alpha.reshape(shape), beta.reshape(shape))


def _group_means(rows: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """Alpha and beta of a split; a group without members has the mean of the other."""
    means = []
    for group in (upper, ~upper):
        count = group.sum(1, keepdim=True)
        mean = (rows * group).sum(1, keepdim=True) / count.clamp(min=1)
        means.append(torch.where(count > 0, mean, rows.mean(1, keepdim=True)))
    return (means[0] - means[1]) / 2, (means[0] + means[1]) / 2


def _lower_end(rows: Tensor) -> Tensor:
    """The largest weight of the lower group of the best two-level quantiser."""
    count = rows.shape[1]
    if count == 1:
        return rows - 1
    # Double precision: the difference of two long sums decides.
    ordered = rows.double().sort(1).values
    lower = ordered.cumsum(1)[:, :-1]
    sizes = torch.arange(1, count, dtype=torch.float64)
    gap = (ordered.sum(1, keepdim=True) - lower) / (count - sizes) - lower / sizes
    best = (sizes * (count - sizes) * gap.square()).argmax(1, keepdim=True)
    return ordered.gather(1, best).to(rows.dtype)


def relative_error(weight: Tensor, binarised: Binarised) -> float:
    """``|W - (alpha * B + beta)|**2 / |W|**2``."""
    return float((weight - binarised.weight).square().sum() / weight.square().sum())


def straight_through_binary(weight: Tensor, method: str = "mean", *, per_channel: bool = True) -> Tensor:
    """The binary weights, with the gradient of the weights themselves (straight-through, arXiv 1308.3432)."""
    return weight + (binarise(weight.detach(), method, per_channel=per_channel).weight - weight.detach())
