import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

import quadcim.models.inr.train
from quadcim.models.inr.checkpoint import load_frozen, load_network
from quadcim.models.inr.fit import predict
from quadcim.models.inr.inference import render
from quadcim.models.inr.train import train_inr
from quadcim.pictures import psnr_db
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import InrTraining

TINY: dict[str, Any] = {"hidden": 8, "layers": 2, "steps": 60, "size": 16}


@pytest.fixture
def image(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "in.png")
    return tmp_path / "in.png"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def shrunk(image):
    with Image.open(image) as file:
        file.thumbnail((16, 16), Image.Resampling.LANCZOS)
        return np.asarray(file)


def test_the_folder_explains_itself(tmp_path, image):
    out = tmp_path / "new" / "run"
    metrics = train_inr(InrTraining(weight_bits=9, **TINY), source=image, out=out)
    assert names(out) == [
        "SHA256SUMS", "comparison.png", "frozen.safetensors", "metrics.json", "network.safetensors",
        "ntk.png"]
    assert json.loads((out / "metrics.json").read_text()) == metrics
    original, frozen = shrunk(image), load_frozen(out / "frozen.safetensors")
    assert (*frozen.shape, frozen.layers[1].weight_bits) == (12, 16, 9)
    assert metrics["digest"] == frozen.digest
    assert metrics["psnr_integer_db"] == pytest.approx(psnr_db(render(frozen), original), abs=1e-3)
    in_floats = predict(load_network(out / "network.safetensors"), 12, 16)
    assert metrics["psnr_float_db"] == pytest.approx(psnr_db(in_floats, original), abs=1e-3)
    assert metrics["signal"]["name"] == "in.png"
    assert str(tmp_path) not in (out / "metrics.json").read_text()


def test_the_same_settings_make_the_same_network(tmp_path, image):
    digests = [train_inr(InrTraining(seed=seed, **TINY), source=image, out=tmp_path / name)["digest"]
               for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    assert digests[0] == digests[1] != digests[2]
    assert (tmp_path / "a/network.safetensors").read_bytes() == (tmp_path / "b/network.safetensors").read_bytes()


def test_a_siren_is_frozen_too(tmp_path, image):
    metrics = train_inr(InrTraining(activation="sine", **TINY), source=image, out=tmp_path / "run")
    frozen = load_frozen(tmp_path / "run/frozen.safetensors")
    assert frozen.activation.function == "sine" and metrics["digest"] == frozen.digest


def test_an_exact_picture_has_infinitely_many_decibels(tmp_path, monkeypatch):
    Image.new("L", (12, 9), 80).save(tmp_path / "plain.png")
    monkeypatch.setattr(quadcim.models.inr.train, "predict", lambda *_: np.full((9, 12, 1), 80, np.uint8))
    metrics = train_inr(InrTraining(**TINY), source=tmp_path / "plain.png", out=tmp_path / "run")
    assert metrics["psnr_float_db"] == math.inf
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["psnr_float_db"] == "inf"


def test_force_replaces_only_an_earlier_training(tmp_path, image):
    out = tmp_path / "run"
    train_inr(InrTraining(**TINY), source=image, out=out)
    with pytest.raises(IllegalSetting, match="out must be a path that does not exist yet"):
        train_inr(InrTraining(**TINY), source=image, out=out)
    assert train_inr(InrTraining(seed=1, **TINY), source=image, out=out, force=True)["settings"]["seed"] == 1
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis").write_text("words")
    with pytest.raises(IllegalSetting):
        train_inr(InrTraining(**TINY), source=image, out=precious, force=True)
    assert (precious / "thesis").read_text() == "words"


@pytest.mark.parametrize(("setting", "option"), [
    ({"hidden": 0}, "hidden"), ({"layers": 99}, "layers"), ({"omega": -1.0}, "omega"), ({"steps": 0}, "steps"),
    ({"lr": -1.0}, "lr"), ({"seed": -1}, "seed"), ({"weight_bits": 1}, "weight-bits"), ({"size": 5}, "size"),
    ({"activation_bits": 17}, "activation-bits"), ({"first_layer_bits": 25}, "first-layer-bits"),
    ({"activation": "cosine"}, "activation"), ({"lr": 11.0}, "lr")])
def test_a_refused_setting_leaves_nothing_behind(tmp_path, image, setting, option):
    with pytest.raises(IllegalSetting) as error:
        train_inr(InrTraining(**TINY | setting), source=image, out=tmp_path / "run")
    assert error.value.option == option
    assert names(tmp_path) == ["in.png"]


def test_an_interrupted_training_leaves_nothing_behind(tmp_path, image, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(quadcim.models.inr.train, "write_comparison", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_inr(InrTraining(**TINY), source=image, out=tmp_path / "run")
    assert names(tmp_path) == ["in.png"]


def test_a_video_and_a_sound(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "v.npy", rng.integers(0, 256, (3, 8, 10, 3)).astype(np.uint8))
    wavfile.write(tmp_path / "s.wav", 8000, rng.integers(-9000, 9000, 400).astype(np.int16))
    video = train_inr(InrTraining(hidden=8, layers=1, steps=5, frames=2), source=tmp_path / "v.npy", kind="video",
                      out=tmp_path / "video")
    sound = train_inr(InrTraining(hidden=8, layers=1, steps=5), source=tmp_path / "s.wav", kind="audio",
                      out=tmp_path / "sound")
    assert load_frozen(tmp_path / "video/frozen.safetensors").shape == (2, 8, 10)
    assert video["signal"] == {"name": "v.npy", "kind": "video", "shape": [2, 8, 10], "channels": 3}
    frozen = load_frozen(tmp_path / "sound/frozen.safetensors")
    assert (frozen.shape, str(frozen.layers[-1].output), frozen.layers[0].weight_bits) == ((400,), "SQ1.15", 22)
    assert sound["settings"]["first_omega"] == 100 * sound["settings"]["omega"] == 3000
    for name in ("video", "sound"):
        with Image.open(tmp_path / name / "comparison.png") as drawn:
            assert drawn.width > drawn.height / 2 > 100


@pytest.mark.parametrize("activation", ["finer", "relu"])
def test_what_hardware_has_not_is_compared_only(tmp_path, image, activation):
    metrics = train_inr(InrTraining(activation=activation, **TINY), source=image, out=tmp_path / "run")
    assert "frozen.safetensors" not in names(tmp_path / "run")
    assert "digest" not in metrics and "psnr_integer_db" not in metrics and metrics["psnr_float_db"] > 5


@pytest.mark.parametrize("activation", ["gaussian", "gabor", "sinc"])
def test_functions_without_a_period_are_frozen(tmp_path, image, activation):
    metrics = train_inr(InrTraining(activation=activation, weight_bits=12, activation_bits=12, **TINY), source=image,
                        out=tmp_path / "run")
    frozen = load_frozen(tmp_path / "run/frozen.safetensors")
    assert {layer.overflow for layer in frozen.layers} == {"saturate"}
    assert metrics["psnr_integer_db"] == pytest.approx(metrics["psnr_float_db"], abs=0.3)


def test_few_bits_are_fine_tuned(tmp_path, image):
    assert InrTraining(weight_bits=6).tuning_steps == 750
    assert InrTraining(activation_bits=7).tuning_steps == 0
    assert InrTraining(weight_bits=6, fine_tune_steps=0).tuning_steps == 0
    metrics = train_inr(InrTraining(weight_bits=4, **TINY), source=image, out=tmp_path / "run")
    assert metrics["settings"]["fine_tune_steps"] == 15


def test_a_training_is_kept_until_it_is_done(tmp_path, image, monkeypatch):
    state = tmp_path / "state"
    with monkeypatch.context() as patch:
        patch.setattr(quadcim.models.inr.train, "write_comparison", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train_inr(InrTraining(**TINY), source=image, out=tmp_path / "run", checkpoint=state)
    assert state.exists()
    first = train_inr(InrTraining(**TINY), source=image, out=tmp_path / "run", checkpoint=state)
    assert not state.exists()
    again = train_inr(InrTraining(**TINY), source=image, out=tmp_path / "again")
    assert first["digest"] == again["digest"] and first["fit_psnr_db"] == again["fit_psnr_db"]
