"""What is trained is what is built: bit for bit forwards, the function's own gradient backwards."""

import copy
from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
import torch

from quadcim.models.activation import golden
from quadcim.models.functions import activation_function
from quadcim.models.inr.fit import default_learning_rate, fine_tune, fit, predict
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr, coordinates, swap_sine
from quadcim.models.inr.quantised import QuantisedActivation, QuantisedInr
from quadcim.pictures import psnr_db
from quadcim.spec.activation import ROUNDINGS, Activation, Samples
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, usual_formats

CASES = [("quad", 8), ("quad", 12), *((name, 8) for name in FUNCTIONS if name != "quad")]
NAMES = list(FUNCTIONS)
HEIGHT, WIDTH = 48, 64


def activation(name, given, wanted="SQ1.7"):
    return Activation(name, Format.parse(given), Format.parse(wanted))


def every(fmt):
    return torch.arange(fmt.minimum, fmt.maximum + 1)


def outputs(layer, x):
    """Raw integers of what a layer gives; they must be integers."""
    scaled = layer(x).double() * 2**layer.activation.output.fraction_bits
    assert torch.equal(scaled, scaled.round())
    return scaled.long()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name, width", CASES)
def test_every_input_is_golden(name, width, dtype):
    for rounding in ROUNDINGS:
        described = Activation(name, *usual_formats(FUNCTIONS[name], width), rounding)
        raw = every(described.input)
        layer, exact = QuantisedActivation(described), golden(described)
        x = raw.to(dtype) / 2**described.input.fraction_bits
        assert torch.equal(outputs(layer, x), exact(raw))
        assert layer(x).dtype == dtype
        if layer.wraps:
            span = 2**described.input.integer_bits
            for turns in (-3, 1, 1000):
                assert torch.equal(outputs(layer, x + turns * span), exact(raw))


@pytest.mark.parametrize(("given", "wanted"), [("SQ2.8", "SQ1.7"), ("UQ2.6", "SQ2.8"), ("SQ4.6", "UQ0.8"),
                                               ("SQ1.7", "SQ1.9"), ("UQ1.9", "UQ1.7"), ("SQ3.9", "SQ1.11")])
def test_any_formats_of_phi_are_golden(given, wanted):
    described = activation("quad", given, wanted)
    raw = every(described.input)
    x = raw.float() / 2**described.input.fraction_bits
    assert torch.equal(outputs(QuantisedActivation(described), x), golden(described)(raw))


@pytest.mark.parametrize(("given", "wraps"), [("SQ2.6", True), ("UQ2.6", True), ("SQ4.4", True), ("SQ1.7", False),
                                              ("UQ0.8", False)])
def test_inputs_round_half_up_then_wrap_or_saturate(given, wraps):
    layer = QuantisedActivation(activation("quad", given))
    fmt = layer.activation.input
    for dtype in (torch.float32, torch.float64):
        x = torch.cat([torch.linspace(-9, 9, 18 * 2**9 + 1), torch.tensor([-1e9, -1e-9, 0.49999997 / 2**6, 3e6])])
        x = x.to(dtype)
        whole = [floor(Fraction(value) * 2**fmt.fraction_bits + Fraction(1, 2)) for value in x.tolist()]
        assert layer.raw(x).tolist() == [(fmt.wrap if wraps else fmt.saturate)(value) for value in whole]
    assert layer.wraps == wraps


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_the_functions_own(name):
    layer = QuantisedActivation(Activation(name, *usual_formats(FUNCTIONS[name], 8)))
    fmt = layer.activation.input
    x = torch.linspace(-20, 20, 1003).reshape(17, 59).requires_grad_()
    (found,) = torch.autograd.grad(layer(x).sum(), x)
    (expected,) = torch.autograd.grad(activation_function(name)(x).sum(), x)
    low, high = (float(fmt.real(raw)) for raw in (fmt.minimum, fmt.maximum))
    inside = torch.full_like(x, layer.wraps).bool() | (x >= low) & (x <= high)
    assert torch.equal(found, torch.where(inside, expected, 0))


def test_the_gradient_is_0_where_the_input_saturates():
    x = torch.tensor([-1.01, -1.0, 0.25, 0.9921875, 0.993, 7.0], requires_grad=True)
    (found,) = torch.autograd.grad(QuantisedActivation(activation("quad", "SQ1.7"))(x).sum(), x)
    assert found.tolist() == [0, 0, 1.5, 2 - 2 * 0.9921875, 0, 0]


def test_samples_have_no_gradient():
    described = Activation("mine", Format.parse("SQ1.3"), Format.parse("SQ1.3"), samples=Samples("0" * 64))
    with pytest.raises(IllegalSetting, match="function must be one of quad, sine"):
        QuantisedActivation(described)


def test_any_network_can_be_trained_through_the_hardware():
    layer = QuantisedActivation(activation("quad", "SQ2.4", "SQ1.3"))
    model = torch.nn.Sequential(torch.nn.Linear(2, 16), layer, torch.nn.Linear(16, 1))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.5)
    x = torch.rand(256, 2, generator=generator)
    wanted = x.prod(dim=1, keepdim=True)
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=0.02), []
    for _ in range(150):
        optimiser.zero_grad()
        loss = torch.mean((model(x) - wanted) ** 2)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 20
    assert str(layer) == "QuantisedActivation(quad, SQ2.4 to SQ1.3, nearest)"


WIDTHS: list[dict[str, Any]] = [
    {}, {"weight_bits": 4, "activation_bits": 4, "first_layer_bits": 6}, {"activation_bits": 6},
    {"weight_bits": 16, "activation_bits": 16, "first_layer_bits": 24}, {"rounding": "faithful"}]


@pytest.mark.parametrize("widths", WIDTHS)
def test_a_quantised_network_renders_as_its_frozen_form(fitted, widths):
    quantised = QuantisedInr(fitted, shape=(HEIGHT, WIDTH), **widths)
    frozen = freeze(fitted, shape=(HEIGHT, WIDTH), **widths)
    assert np.array_equal(predict(quantised, HEIGHT, WIDTH), render(frozen))
    assert np.array_equal(predict(QuantisedInr(fitted, shape=(96, 80), **widths), 96, 80),
                          render(freeze(fitted, shape=(96, 80), **widths)))


def test_its_gradient_is_nearly_the_networks():
    network = Inr(channels=3, hidden=16, seed=2)
    x = coordinates(12, 16)
    quantised = QuantisedInr(network, shape=(12, 16), weight_bits=14, activation_bits=14, first_layer_bits=20)
    parameters = list(network.parameters())
    assert list(quantised.parameters()) == parameters
    exact, through = (torch.autograd.grad((model(x) ** 2).sum(), parameters) for model in (network, quantised))
    for one, other in zip(exact, through, strict=True):
        assert (one - other).norm() < 0.01 * one.norm()


def test_fine_tuning_through_the_hardware_recovers_what_few_bits_lose(fitted, picture):
    widths: dict[str, Any] = {"weight_bits": 4, "activation_bits": 4, "first_layer_bits": 12}
    network = copy.deepcopy(fitted)
    before = psnr_db(render(freeze(network, shape=(HEIGHT, WIDTH), **widths)), picture)
    quantised = QuantisedInr(network, shape=(HEIGHT, WIDTH), **widths)
    history = fine_tune(quantised, picture, steps=60)
    after = render(freeze(network, shape=(HEIGHT, WIDTH), **widths))
    assert np.array_equal(predict(quantised, HEIGHT, WIDTH), after)  # nothing is lost when it is frozen
    assert psnr_db(after, picture) > before + 1.5
    assert [step for step, _ in history] == [50, 60]


@pytest.mark.parametrize(("option", "legal"), [("weight_bits", "2 to 16"), ("activation_bits", "2 to 16"),
                                               ("first_layer_bits", "2 to 24")])
def test_illegal_widths_are_named(fitted, option, legal):
    with pytest.raises(IllegalSetting) as error:
        QuantisedInr(fitted, shape=(HEIGHT, WIDTH), **{option: 1})  # pyright: ignore
    assert (error.value.option, error.value.legal) == (option.replace("_", "-"), legal)


def test_only_some_activations_have_hardware():
    frozen = "quad, sine, gaussian, gabor, sinc"
    with pytest.raises(IllegalSetting, match=f"activation must be one that is frozen: {frozen}"):
        QuantisedInr(Inr(channels=1, hidden=2, activation="relu"), shape=(4, 4))


def test_a_quantised_siren_renders_as_its_frozen_form(picture):
    siren = Inr(channels=3, hidden=8, layers=2, activation="sine", omega=9.0, seed=2)
    fine_tune(QuantisedInr(siren, shape=(HEIGHT, WIDTH)), picture, steps=3)
    assert np.array_equal(predict(QuantisedInr(siren, shape=(HEIGHT, WIDTH)), HEIGHT, WIDTH),
                          render(freeze(siren, shape=(HEIGHT, WIDTH))))


def test_a_swapped_siren_recovers(picture):
    siren = Inr(channels=3, hidden=48, activation="sine", seed=4)
    fit(siren, picture, steps=600, lr=default_learning_rate(siren.omega), seed=4)
    before = psnr_db(predict(siren, HEIGHT, WIDTH), picture)
    kept = copy.deepcopy(siren.state_dict())
    swapped = swap_sine(siren)
    after_swap = psnr_db(predict(swapped, HEIGHT, WIDTH), picture)
    fine_tune(swapped, picture, steps=100)
    assert swapped.activation == "quad"
    assert 20 < after_swap < before - 0.5
    assert psnr_db(predict(swapped, HEIGHT, WIDTH), picture) > before - 1
    assert all(torch.equal(value, kept[name]) for name, value in siren.state_dict().items())
