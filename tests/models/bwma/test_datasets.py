import hashlib
import io
import tarfile

import numpy as np
import pytest
import torch

from quadcim.models.bwma import datasets
from quadcim.models.bwma.datasets import cifar10, digits
from quadcim.spec.errors import IllegalSetting


def test_digits_are_split_and_scaled():
    pictures = digits()
    assert pictures.train[0].shape == (899, 1, 8, 8) and pictures.test[0].shape == (898, 1, 8, 8)
    assert pictures.train[0].min() == 0 and pictures.train[0].max() == 1
    assert set(pictures.test[1].tolist()) == set(range(10))


def test_noise_is_drawn_from_the_seed():
    one, same, other = (digits(0.35, seed).train[0] for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    # 899 * 64 draws: their deviation is within 5 standard errors.
    assert float((one - digits().train[0]).std()) == pytest.approx(0.35, rel=5 / (2 * 899 * 64) ** 0.5)


@pytest.fixture
def archive(tmp_path, monkeypatch, seed):
    """A small archive in the format of CIFAR-10, with its own checksum for the published one."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "cifar-10-binary.tar.gz"
    records = {f"data_batch_{k}.bin": rng.integers(0, 256, (4, 3073), dtype=np.uint8) for k in range(1, 6)}
    records["test_batch.bin"] = rng.integers(0, 256, (3, 3073), dtype=np.uint8)
    with tarfile.open(path, "w:gz") as tar:
        for name, values in records.items():
            values[:, 0] %= 10
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = values.size
            tar.addfile(member, io.BytesIO(values.tobytes()))
    monkeypatch.setattr(datasets, "_CIFAR_MD5", hashlib.md5(path.read_bytes()).hexdigest())
    return path, records


def test_cifar_records(archive):
    path, records = archive
    pictures = cifar10(path)
    assert pictures.train[0].shape == (20, 3, 32, 32) and pictures.augment
    assert pictures.test[1].tolist() == records["test_batch.bin"][:, 0].tolist()
    # The first plane is red, row by row; its published mean and deviation are 0.4914 and 0.2470.
    red = (records["test_batch.bin"][1, 1 + 32 * 2 + 5] / 255 - 0.4914) / 0.2470
    assert float(pictures.test[0][1, 0, 2, 5]) == pytest.approx(red, abs=1e-5)


def test_other_files_are_refused(archive, tmp_path):
    path, _records = archive
    path.write_bytes(path.read_bytes()[:-1])
    for wrong in (path, tmp_path / "nowhere.tar.gz"):
        with pytest.raises(IllegalSetting, match="data must be cifar-10-binary.tar.gz with the MD5"):
            cifar10(wrong)
