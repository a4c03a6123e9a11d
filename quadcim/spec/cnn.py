"""What a classifier with binary weights is made of (BWMA, arXiv 2508.21524): networks, levels, quantisers."""

from dataclasses import dataclass

from quadcim.spec.errors import IllegalSetting, check_one_of

__all__ = ["BINARISERS", "CNN_DATASETS", "CNN_NETWORKS", "FLOAT_BITS", "QUANTISERS", "CnnQuantisation"]

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
        check_one_of("binariser", self.binariser, BINARISERS)
        check_one_of("quantiser", self.quantiser, QUANTISERS)
