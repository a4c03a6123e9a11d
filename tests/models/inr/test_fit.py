import math

import numpy as np
import pytest
import torch

from quadcim.models.inr.fit import default_learning_rate, fine_tune, fit, predict
from quadcim.models.inr.networks import Inr
from quadcim.pictures import psnr_db
from quadcim.spec.errors import IllegalSetting


def test_a_fit_shows_the_picture(fitted, picture):
    assert psnr_db(predict(fitted, *picture.shape[:2]), picture) > 30


def test_progress_and_history_agree(picture, capsys):
    history = fit(Inr(channels=3, hidden=16), picture, steps=120, lr=1e-3, seed=0)
    assert [step for step, _ in history] == [50, 100, 120]
    assert history[-1][1] > history[0][1]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{history[-1][1]:.2f} dB" in shown.err


@pytest.mark.parametrize(("activation", "least_db"), [
    ("quad", 24), ("sine", 25), ("finer", 25), ("gaussian", 19), ("gabor", 24), ("sinc", 19), ("relu", 22)])
def test_defaults_suit_the_activation(picture, activation, least_db):
    network = Inr(channels=3, hidden=32, activation=activation)
    fit(network, picture, steps=150, lr=default_learning_rate(network.omega, activation), seed=0)
    assert psnr_db(predict(network, *picture.shape[:2]), picture) > least_db


def test_fine_tuning_starts_at_a_tenth_of_the_rate(picture):
    def moved(change, **settings):
        network = Inr(channels=3, hidden=8, omega=20.0)
        before = network.weights[1].detach().clone()
        change(network, picture, steps=1, **settings)
        return (network.weights[1] - before).abs().max().item()

    # Adam's first step is the rate.
    assert moved(fine_tune) == pytest.approx(0.005 / 20, rel=1e-3)
    assert moved(fine_tune, lr=1e-4) == pytest.approx(1e-4, rel=1e-2)
    assert moved(fit, lr=default_learning_rate(20.0), seed=0) == pytest.approx(0.05 / 20, rel=1e-3)
    with pytest.raises(IllegalSetting, match="steps must be 1 to 1000000"):
        fine_tune(Inr(channels=3, hidden=8), picture, steps=0)


@pytest.mark.parametrize("activation", ["quad", "sine"])
def test_the_seed_decides(picture, activation):
    def fitted_picture(seed):
        network = Inr(channels=3, hidden=8, activation=activation)
        fit(network, picture, steps=5, lr=1e-3, seed=seed)
        return predict(network, 48, 64)

    assert np.array_equal(fitted_picture(1), fitted_picture(1))
    assert not np.array_equal(fitted_picture(1), fitted_picture(2))


def test_a_perfect_fit_has_a_finite_history():
    network = Inr(channels=1, hidden=8, layers=1)
    with torch.no_grad():
        network.weights[-1].zero_()
        network.biases[-1].fill_(1)
    white = np.full((8, 8, 1), 255, np.uint8)
    ((_, psnr),) = fit(network, white, steps=3, lr=1e-3, seed=0)
    assert 100 < psnr < 200
    assert np.array_equal(predict(network, 8, 8), white)


@pytest.mark.parametrize(("option", "value"), [("steps", 0), ("steps", 1_000_001), ("lr", 0.0), ("lr", math.inf),
                                               ("lr", math.nan), ("lr", 1e37)])
def test_illegal_settings_are_named(picture, option, value):
    with pytest.raises(IllegalSetting) as error:
        fit(Inr(channels=3, hidden=8), picture, **{"steps": 3, "lr": 1e-3, "seed": 0, option: value})
    assert (error.value.option, error.value.given) == (option, pytest.approx(value, nan_ok=True))
