"""Pictures to classify: scikit-learn's digits, and CIFAR-10 from its official binary archive."""

import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from quadcim.spec.errors import IllegalSetting

__all__ = ["Pictures", "cifar10", "digits"]

# https://www.cs.toronto.edu/~kriz/cifar.html, "CIFAR-10 binary version (suitable for C programs)".
_CIFAR_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
_CIFAR_FOLDER, _CIFAR_RECORD = "cifar-10-batches-bin", 1 + 3 * 32 * 32
_CIFAR_TRAIN, _CIFAR_TEST = [f"data_batch_{number}.bin" for number in range(1, 6)], ["test_batch.bin"]
_CIFAR_MEAN, _CIFAR_DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures, float32 of shape (number, channels, height, width), and their classes, int64; to train and to test."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    augment: bool


def digits(noise: float = 0.0, seed: int = 0) -> Pictures:
    """1797 digits of 8 x 8 pixels, 0 to 1, every other one to test; with Gaussian noise where asked for.

    Source: the UCI set "Optical Recognition of Handwritten Digits", which scikit-learn carries.
    """
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    x = torch.from_numpy(images.reshape(-1, 1, 8, 8) / 16).float()
    x = x + noise * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    y = torch.from_numpy(classes).long()
    return Pictures((x[::2], y[::2]), (x[1::2], y[1::2]), augment=False)


def cifar10(archive: Path) -> Pictures:
    """CIFAR-10 from cifar-10-binary.tar.gz, checked against the published checksum, normalised.

    Raises
    ------
    IllegalSetting
        If the file cannot be read or is another.
    """
    legal = f"cifar-10-binary.tar.gz with the MD5 {_CIFAR_MD5}"
    try:
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != _CIFAR_MD5:
            raise IllegalSetting("data", legal, f"{archive} with {found}")
        with tarfile.open(archive) as tar:
            return Pictures(_cifar(tar, _CIFAR_TRAIN), _cifar(tar, _CIFAR_TEST), augment=True)
    except (OSError, tarfile.TarError) as error:
        raise IllegalSetting("data", legal, f"{archive} ({error})") from None


def _cifar(tar: tarfile.TarFile, names: list[str]) -> tuple[Tensor, Tensor]:
    """The records of some members: a byte of class, then the planes red, green and blue."""
    parts = []
    for name in names:
        member = tar.extractfile(f"{_CIFAR_FOLDER}/{name}")
        assert member is not None
        parts.append(np.frombuffer(member.read(), dtype=np.uint8).reshape(-1, _CIFAR_RECORD))
    records = torch.from_numpy(np.concatenate(parts))
    mean, deviation = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (_CIFAR_MEAN, _CIFAR_DEVIATION))
    return (records[:, 1:].reshape(-1, 3, 32, 32) / 255 - mean) / deviation, records[:, 0].long()
