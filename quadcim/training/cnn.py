"""The settings of training a classifier with binary weights (BWMA, arXiv 2508.21524)."""

from dataclasses import dataclass, field, fields

from quadcim.spec.cnn import CNN_DATASETS, CNN_NETWORKS, CnnQuantisation
from quadcim.spec.errors import IllegalSetting, check_one_of

__all__ = ["CnnTraining"]

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
        check_one_of("dataset", self.dataset, CNN_DATASETS)
        check_one_of("network", self.network, CNN_NETWORKS)
        legal = [name for name, shape in CNN_NETWORKS.items() if shape == CNN_DATASETS[self.dataset]]
        if self.network not in legal:
            raise IllegalSetting("network", f"one for the pictures of {self.dataset}: {', '.join(legal)}", self.network)
        for setting in fields(self):
            low, high = _RANGES.get(setting.name, (0, 0))
            if setting.name in _RANGES and not low <= getattr(self, setting.name) <= high:
                raise IllegalSetting(setting.name, f"{low} to {high}", getattr(self, setting.name))
