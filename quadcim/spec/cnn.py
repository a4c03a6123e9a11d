"""The settings of training a classifier with binary weights (BWMA, arXiv 2508.21524)."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from quadcim.spec.errors import IllegalSetting

__all__ = ["BINARISERS", "CNN_DATASETS", "CNN_NETWORKS", "FLOAT_BITS", "QUANTISERS", "CnnQuantisation", "CnnTraining"]

FLOAT_BITS = 32
"""So many bits stand for floating point."""

BINARISERS = {
    "bwn": "the sign; alpha = mean |W|, beta = 0",
    "mean": "split at the mean m; alpha = mean |W - m|, beta = m",
    "mean2": "split at the mean; alpha and beta from the means of both groups",
    "opt": "the least squared error of all two-level quantisers",
}
"""How weights become ``alpha * B + beta`` with B of -1 and 1."""

QUANTISERS = {
    "lsq": "learned step size, arXiv 1902.08153",
    "pact": "the clip learns from what it clips, arXiv 1805.06085",
    "ste": "straight-through, the clip learned too",
    "staircase": "the differentiable staircase of BWMA: steps forward, smooth backward",
}
"""How the quantiser of activations passes gradients."""

CNN_NETWORKS = {"digits": (1, 8, 8), "resnet20": (3, 32, 32), "vgg-small": (3, 32, 32), "resnet18": (3, 32, 32)}
"""The networks and the shape of their pictures (channels, height, width)."""

CNN_DATASETS = {"digits": (1, 8, 8), "cifar10": (3, 32, 32)}
"""The datasets and the shape of their pictures."""


def _one_of(option: str, given: str, legal: Iterable[str]) -> None:
    if given not in legal:
        raise IllegalSetting(option, "one of " + ", ".join(legal), given)


@dataclass(frozen=True, slots=True, kw_only=True)
class CnnQuantisation:
    """How the inner layers of a network are quantised.

    Parameters
    ----------
    weight_bits : int
        1, or 32 for floating point.
    activation_bits : int
        1 to 8, or 32 for floating point.
    binariser : str
        A name in `BINARISERS`.
    per_channel : bool
        Whether each output channel has levels of its own.
    quantiser : str
        A name in `QUANTISERS`.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    weight_bits: int = 1
    activation_bits: int = 4
    binariser: str = "mean"
    per_channel: bool = True
    quantiser: str = "ste"

    def __post_init__(self):
        if self.weight_bits not in (1, FLOAT_BITS):
            raise IllegalSetting("weight-bits", f"1, or {FLOAT_BITS} for floating point", self.weight_bits)
        if not 1 <= self.activation_bits <= 8 and self.activation_bits != FLOAT_BITS:
            raise IllegalSetting("activation-bits", f"1 to 8, or {FLOAT_BITS} for floating point", self.activation_bits)
        _one_of("binariser", self.binariser, BINARISERS)
        _one_of("quantiser", self.quantiser, QUANTISERS)


_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 10_000), "lr": (1e-9, 10), "batch": (2, 65536), "seed": (0, 2**32 - 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CnnTraining:
    """All that a training does, besides the archive of pictures.

    Parameters
    ----------
    network, dataset : str
        Names in `CNN_NETWORKS` and `CNN_DATASETS` whose pictures have the same shape.
    quantisation : CnnQuantisation
        Of the inner layers.
    epochs : int
        1 to 10000.
    lr : float
        Adam's learning rate at the start, 1e-9 to 10; it falls as a cosine.
    batch : int
        Pictures at once, 2 to 65536.
    seed : int
        0 to 4294967295, of the initial weights and the order of the pictures.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    network: str = "digits"
    dataset: str = "digits"
    quantisation: CnnQuantisation = field(default_factory=CnnQuantisation)
    epochs: int = 30
    lr: float = 4e-3
    batch: int = 64
    seed: int = 0

    def __post_init__(self):
        _one_of("dataset", self.dataset, CNN_DATASETS)
        _one_of("network", self.network, CNN_NETWORKS)
        legal = [name for name, shape in CNN_NETWORKS.items() if shape == CNN_DATASETS[self.dataset]]
        if self.network not in legal:
            raise IllegalSetting("network", f"one for the pictures of {self.dataset}: {', '.join(legal)}", self.network)
        for setting in fields(self):
            low, high = _RANGES.get(setting.name, (0, 0))
            if setting.name in _RANGES and not low <= getattr(self, setting.name) <= high:
                raise IllegalSetting(setting.name, f"{low} to {high}", getattr(self, setting.name))
