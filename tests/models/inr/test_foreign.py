"""Networks of other repositories: made here by their own few lines, without any of our code."""

import json
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from quadcim.cli import main
from quadcim.models.inr.checkpoint import load_frozen, load_network
from quadcim.models.inr.fit import predict
from quadcim.models.inr.foreign import imported_network
from quadcim.models.inr.train import import_inr
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import InrImport

_HEIGHT, _WIDTH = 12, 16


class _Sine(nn.Module):
    def __init__(self, before, after, omega):
        super().__init__()
        self.omega, self.linear = omega, nn.Linear(before, after)

    def forward(self, x):
        return torch.sin(self.omega * self.linear(x))


class _Finer(_Sine):
    def forward(self, x):
        z = self.linear(x)
        return torch.sin(self.omega * (z.abs() + 1) * z)


class _Gauss(_Sine):
    def forward(self, x):
        return torch.exp(-(self.omega * self.linear(x)) ** 2)


class _Notebook(nn.Module):
    """As the notebook of SIREN, FINER and COIN write one."""

    def __init__(self, omega, first_omega, channels=3, *, coin=False, kind=_Sine):
        super().__init__()
        hidden = [kind(2, 10, first_omega), kind(10, 10, omega)]
        last = nn.Linear(10, channels)
        self.net = nn.Sequential(*hidden, *([] if coin else [last]))
        if coin:
            self.last_layer = nn.ModuleDict({"linear": last})

    def forward(self, x):
        x = self.net(x)
        return self.last_layer["linear"](x) if hasattr(self, "last_layer") else x


def _grid(coordinates, order):
    def axis(size):
        return (torch.linspace(-1, 1, size) if coordinates == "linspace"
                else (2 * torch.arange(size) + 1) / size - 1)

    y, x = torch.meshgrid(axis(_HEIGHT), axis(_WIDTH), indexing="ij")
    return torch.stack([y, x] if order == "yx" else [x, y], dim=-1)


def _pixels(network, coordinates="linspace", order="yx", low=-1.0, high=1.0):
    with torch.no_grad():
        y = (network(_grid(coordinates, order)) - low) / (high - low)
    return (255 * y + 0.5).floor().clamp(0, 255).numpy().astype(np.uint8)


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(4)
    return _Notebook(9.0, 6.0)


def _apart(network, picture):
    return np.abs(predict(network, _HEIGHT, _WIDTH).astype(int) - picture.astype(int)).max()


@pytest.mark.parametrize("coordinates", ["linspace", "centres"])
@pytest.mark.parametrize("order", ["yx", "xy"])
@pytest.mark.parametrize("span", [(-1.0, 1.0), (0.0, 1.0), (-0.5, 0.5)])
def test_conventions_are_folded_in(coordinates, order, span, state, tmp_path):
    torch.save(state.state_dict(), path := tmp_path / "model.pth")
    settings = InrImport(height=_HEIGHT, width=_WIDTH, omega=9.0, first_omega=6.0, coordinates=coordinates, order=order,
                         range=span)
    assert _apart(imported_network(path, settings), _pixels(state, coordinates, order, *span)) <= 1


def _renamed(state, name):
    """The names of SIREN's modules.py."""
    return {f"net.net.{key.split('.')[1]}.0.{key.rpartition('.')[2]}": value for key, value in state.items()} | (
        {"ignored": torch.zeros(1)} if name == "extra" else {})


@pytest.mark.parametrize("form", ["safetensors", "nested", "siren", "coin"])
def test_forms_in_the_wild(form, state, tmp_path):
    network, path = state, tmp_path / "model"
    if form == "coin":
        torch.manual_seed(5)
        network = _Notebook(9.0, 6.0, 1, coin=True)
    tensors = network.state_dict()
    if form == "siren":
        tensors = _renamed(tensors, form)
    if form == "safetensors":
        save_file(dict(tensors), path)
    else:
        torch.save({"state_dict": tensors, "epoch": 3} if form == "nested" else tensors, path)
    settings = InrImport(height=_HEIGHT, width=_WIDTH, omega=9.0, first_omega=6.0)
    assert _apart(imported_network(path, settings), _pixels(network)) <= 1


@pytest.mark.parametrize(("function", "kind"), [("finer", _Finer), ("gaussian", _Gauss)])
def test_other_activations(function, kind, tmp_path):
    torch.manual_seed(6)
    network = _Notebook(3.0, 2.0, kind=kind)
    torch.save(network.state_dict(), path := tmp_path / "model.pth")
    settings = InrImport(height=_HEIGHT, width=_WIDTH, function=function, omega=3.0, first_omega=2.0)
    assert _apart(imported_network(path, settings), _pixels(network)) <= 1


def _trained_siren(picture, steps):
    """A SIREN with the names of its repository's modules.py, trained by nothing of ours: full batch, as it does."""
    torch.manual_seed(7)

    class Sine(nn.Module):
        def forward(self, x):
            return torch.sin(30 * x)

    class Siren(nn.Module):
        def __init__(self):
            super().__init__()
            sizes, bounds = [2, 32, 32, 32, 3], [1 / 2, *[math.sqrt(6 / 32) / 30] * 3]
            blocks = [nn.Sequential(nn.Linear(before, after), Sine() if after == 32 else nn.Identity())
                      for before, after in pairwise(sizes)]
            for block, bound in zip(blocks, bounds, strict=True):
                nn.init.uniform_(next(block.parameters()), -bound, bound)
            self.net = nn.ModuleDict({"net": nn.Sequential(*blocks)})

        def forward(self, x):
            return self.net["net"](x)

    siren, (height, width, _channels) = Siren(), picture.shape
    grid = torch.stack(torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"), -1)
    wanted = torch.from_numpy(picture / np.float32(127.5) - 1)
    optimiser = torch.optim.Adam(siren.parameters(), lr=1e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        ((siren(grid) - wanted) ** 2).mean().backward()
        optimiser.step()
    with torch.no_grad():
        error = ((siren(grid).clamp(-1, 1) - wanted) ** 2).mean().item()
    return siren.state_dict(), 10 * math.log10(4 / error)


def test_phi_replaces_the_sine_of_a_trained_siren(picture, tmp_path):
    state, sine_db = _trained_siren(picture, 600)
    assert set(state) == {f"net.net.{layer}.0.{part}" for layer in range(4) for part in ("weight", "bias")}
    torch.save(state, path := tmp_path / "model_final.pth")
    Image.fromarray(picture).save(tmp_path / "picture.png")
    height, width, _channels = picture.shape
    settings = InrImport(height=height, width=width, activation="quad", fine_tune_steps=600)
    metrics = import_inr(path, settings, image=tmp_path / "picture.png", out=tmp_path / "out")
    assert load_frozen(tmp_path / "out/frozen.safetensors").activation.function == "quad"
    print(f"sine {sine_db:.2f} dB, phi in 8-bit integers {metrics['psnr_integer_db']:.2f} dB")
    assert metrics["psnr_integer_db"] > sine_db - 0.7


@pytest.mark.parametrize(("function", "kind", "frozen_as"), [
    ("finer", _Finer, "sine"), ("gaussian", _Gauss, "gaussian")])
def test_other_activations_are_frozen(function, kind, frozen_as, picture, tmp_path):
    torch.manual_seed(6)
    torch.save(_Notebook(3.0, 2.0, kind=kind).state_dict(), path := tmp_path / "model.pth")
    Image.fromarray(picture).resize((_WIDTH, _HEIGHT)).save(tmp_path / "picture.png")
    settings = InrImport(height=_HEIGHT, width=_WIDTH, function=function, omega=3.0, first_omega=2.0,
                         fine_tune_steps=5)
    import_inr(path, settings, image=tmp_path / "picture.png", out=tmp_path / "out")
    assert load_frozen(tmp_path / "out/frozen.safetensors").activation.function == frozen_as


class _Runs:
    def __reduce__(self):
        return (open, ("/tmp/quadcim-must-not-exist", "w"))


_TENSORS = {"net.0.linear.weight": torch.ones(4, 2), "net.0.linear.bias": torch.ones(4),
            "net.1.weight": torch.ones(3, 4), "net.1.bias": torch.ones(3)}
_BAD = {
    "a pickle that runs code": lambda path: path.write_bytes(pickle.dumps(_Runs())),
    "a whole model": lambda path: torch.save(_Notebook(1.0, 1.0), path),
    "nothing": lambda path: path.write_bytes(b""), "no file": lambda path: None, "a folder": lambda path: path.mkdir(),
    "noise": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "a tensor": lambda path: torch.save(torch.ones(3), path),
    "a list": lambda path: torch.save([1, 2], path), "an empty dictionary": lambda path: torch.save({}, path),
    "numbers": lambda path: torch.save({"net.0.weight": 3.0}, path),
    "one layer": lambda path: torch.save({name: _TENSORS[name] for name in list(_TENSORS)[:2]}, path),
    "no bias": lambda path: torch.save({name: value for name, value in _TENSORS.items() if name[-4:] != "bias"}, path),
    "a further tensor": lambda path: torch.save(_TENSORS | {"net.2.mask": torch.ones(2)}, path),
    "wrong shapes": lambda path: torch.save(_TENSORS | {"net.1.weight": torch.ones(3, 5)}, path),
    "a bias too long": lambda path: torch.save(_TENSORS | {"net.1.bias": torch.ones(4)}, path),
    "three coordinates": lambda path: torch.save(_TENSORS | {"net.0.linear.weight": torch.ones(4, 3)}, path),
    "two channels": lambda path: torch.save(
        _TENSORS | {"net.1.weight": torch.ones(2, 4), "net.1.bias": torch.ones(2)}, path),
    "NaN": lambda path: torch.save(_TENSORS | {"net.1.bias": torch.full((3,), torch.nan)}, path),
    "complex": lambda path: torch.save(_TENSORS | {"net.1.weight": torch.ones(3, 4, dtype=torch.complex64)}, path),
    "integers": lambda path: torch.save(_TENSORS | {"net.1.weight": torch.ones(3, 4, dtype=torch.int64)}, path),
    "a wavelet": lambda path: torch.save(_TENSORS | {"net.0.scale_0": torch.ones(1)}, path),
    "a convolution": lambda path: torch.save(_TENSORS | {"net.1.weight": torch.ones(3, 4, 1, 1)}, path),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", _BAD)
def test_bad_checkpoints_are_refused_in_a_line(what, tmp_path, capsys):
    path = tmp_path / "model.pth"
    _BAD[what](path)
    assert main(["import", "inr", str(path), "--height", "8", "--width", "8", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("quadcim: error: ") and said.count("\n") == 1 and "must be a" in said, said
    assert not (tmp_path / "out").exists()


def test_an_import_is_fine_tuned_and_compared(state, tmp_path, capsys):
    torch.save(state.state_dict(), path := tmp_path / "model.pth")
    Image.fromarray(_pixels(state)).save(tmp_path / "picture.png")
    words = ["import", "inr", str(path), "--height", str(_HEIGHT), "--width", str(_WIDTH), "--omega", "9",
             "--first-omega", "6", "--activation", "quad", "--out", str(tmp_path / "out")]
    assert main([*words, "--fine-tune-steps", "3"]) == 2
    assert "--image must be given" in capsys.readouterr().err
    assert main([*words, "--fine-tune-steps", "30", "--image", str(tmp_path / "picture.png")]) == 0
    assert "PSNR" in capsys.readouterr().out
    frozen = load_frozen(tmp_path / "out/frozen.safetensors")
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert frozen.activation.function == "quad" and metrics["digest"] == frozen.digest
    assert metrics["psnr_integer_db"] > 25 and metrics["checkpoint"] == "model.pth"
    assert load_network(tmp_path / "out/network.safetensors").activation == "quad"


@pytest.mark.parametrize("option, value, legal", [
    ("height", 1, "2 to 4096"), ("omega", 0.0, "0.1 to 1000"), ("coordinates", "edges", "one of linspace, centres"),
    ("order", "zy", "one of yx, xy"), ("range", (1.0, 0.0), "LOW:HIGH"), ("activation", "gabor", "one of sine, quad"),
    ("function", "gabor", "one of sine, finer, gaussian")])
def test_illegal_settings_are_named(option, value, legal):
    with pytest.raises(IllegalSetting, match=f"{option} must be {legal}"):
        InrImport(**{"height": 8, "width": 8, option: value})
