import json
import random

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from quadcim.models.inr.checkpoint import load_frozen, load_network, save_frozen, save_network
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.networks import Inr
from quadcim.spec.canonical import canonical_json, digest
from quadcim.spec.errors import IllegalSetting

NETWORK = Inr(channels=1, hidden=4, layers=2, omega=20.0, seed=9)
FROZEN = freeze(NETWORK, shape=(5, 8), rounding="faithful")


def test_a_frozen_network_comes_back_equal(tmp_path):
    save_frozen(FROZEN, tmp_path / "m")
    assert load_frozen(tmp_path / "m") == FROZEN
    assert load_frozen(tmp_path / "m").digest == FROZEN.digest


def test_files_of_the_first_schema_are_read(tmp_path):
    """They had the sides of a picture by name."""
    save_frozen(FROZEN, tmp_path / "m")
    with safe_open(tmp_path / "m", framework="numpy") as file:
        header, names = json.loads(file.metadata()["quadcim"]), file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    described = FROZEN.to_json()
    height, width = described.pop("shape")
    header["network"] |= {"height": height, "width": width}
    del header["network"]["shape"]
    header |= {"schema": "quadcim.frozen-inr/1", "digest": digest({"height": height, "width": width, **described})}
    save_file(tensors, tmp_path / "old", metadata={"quadcim": canonical_json(header)})
    assert load_frozen(tmp_path / "old") == FROZEN


def test_a_network_comes_back_equal(tmp_path):
    save_network(NETWORK, tmp_path / "m")
    loaded = load_network(tmp_path / "m")
    assert loaded.settings == NETWORK.settings
    x = torch.linspace(-1, 1, 20).reshape(10, 2)
    assert torch.equal(loaded(x), NETWORK(x))


def foreign_tensors(path):
    save_file({"weight": np.zeros(3)}, path)


def foreign_metadata(path):
    save_file({"weight": np.zeros(3)}, path, metadata={"quadcim": '{"schema":"quadcim.frozen-inr/1","network":[]}'})


@pytest.mark.parametrize("load", [load_frozen, load_network])
@pytest.mark.parametrize("make", [
    lambda path: None, lambda path: path.mkdir(), lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\x80\x04N." * 30), lambda path: path.write_bytes(b"\xff" * 200),
    foreign_tensors, foreign_metadata])
def test_foreign_files_are_refused(tmp_path, make, load):
    make(tmp_path / "m")
    with pytest.raises(IllegalSetting, match="model must be a file that holds") as error:
        load(tmp_path / "m")
    assert (error.value.option, error.value.given) == ("model", str(tmp_path / "m"))


def test_one_kind_is_not_the_other(tmp_path):
    save_frozen(FROZEN, tmp_path / "frozen")
    save_network(NETWORK, tmp_path / "network")
    with pytest.raises(IllegalSetting, match=r"frozen\.safetensors of"):
        load_frozen(tmp_path / "network")
    with pytest.raises(IllegalSetting, match=r"network\.safetensors of"):
        load_network(tmp_path / "frozen")


@pytest.mark.parametrize("seed", [2])
def test_any_damage_to_a_frozen_network_is_noticed(tmp_path, seed):
    path, draw = tmp_path / "m", random.Random(seed)
    save_frozen(FROZEN, path)
    good = path.read_bytes()
    for position in draw.sample(range(len(good)), 300):
        path.write_bytes(good[:position] + bytes([good[position] ^ 1 << draw.randrange(8)]) + good[position + 1:])
        with pytest.raises(IllegalSetting):
            load_frozen(path)
        path.write_bytes(good[:position])
        with pytest.raises(IllegalSetting):
            load_frozen(path)
