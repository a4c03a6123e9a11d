from dataclasses import replace
from fractions import Fraction
from math import ceil, floor, log2

import numpy as np
import pytest
import torch

from quadcim.models.inr.fit import fit, predict
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import layer_output, render
from quadcim.models.inr.networks import Inr
from quadcim.pictures import psnr_db
from quadcim.spec.activation import ROUNDINGS
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, FrozenInr, FrozenLayer, coordinate_format

HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope="module")
def frozen(fitted):
    return freeze(fitted, shape=(HEIGHT, WIDTH))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("bits", "loss_db"), [(8, 1.0), (12, 0.15)])
def test_integers_lose_little(fitted, picture, bits, loss_db, rounding):
    in_floats = psnr_db(predict(fitted, HEIGHT, WIDTH), picture)
    frozen = freeze(fitted, shape=(HEIGHT, WIDTH), weight_bits=bits, activation_bits=bits, rounding=rounding)
    assert psnr_db(render(frozen), picture) > in_floats - loss_db


def test_twice_the_size_is_the_same_picture(fitted, picture):
    twice = render(freeze(fitted, shape=(2 * HEIGHT, 2 * WIDTH))).astype(float)
    shrunk = twice.reshape(HEIGHT, 2, WIDTH, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    assert psnr_db(shrunk, picture) > 28


def pixel_in_rationals(frozen: FrozenInr, row: int, column: int) -> list[Fraction]:
    """Evaluate the network in real numbers, each rounding and each overflow written out."""
    height, width = frozen.shape
    power = 2 ** (max(height, width) - 1).bit_length()
    x = [Fraction(2 * column + 1 - width, power), Fraction(2 * row + 1 - height, power)]
    bits = frozen.activation.input.fraction_bits
    for layer in frozen.layers:
        sums = []
        for weights, bias, shift in zip(layer.weight, layer.bias, layer.shift, strict=True):
            ulp = Fraction(1, 2**layer.output.fraction_bits) / Fraction(2) ** shift  # of the accumulator
            weight_ulp = ulp * 2**layer.input.fraction_bits
            sums.append(bias * ulp + sum(weight_ulp * w * value for w, value in zip(weights, x, strict=True)))
        if layer is frozen.layers[-1]:
            return [min(max(Fraction(floor(total + Fraction(1, 2))), Fraction(0)), Fraction(255)) for total in sums]
        x = []
        for total in sums:
            rounded = Fraction(floor(total * 2**bits + Fraction(1, 2)), 2**bits)
            v = rounded - 4 * floor((rounded + 2) / 4)
            y = (v * v + 2 * v if v <= 0 else -v * v + 2 * v) * 2 ** (bits - 1)
            nearest = floor(abs(y) + Fraction(1, 2)) * (1 if y >= 0 else -1)
            x.append(Fraction(min(nearest, 2 ** (bits - 1) - 1), 2 ** (bits - 1)))
    raise AssertionError


@pytest.mark.parametrize("bits", [4, 6, 8, 12, 16])
def test_rendering_equals_rational_arithmetic(fitted, bits):
    frozen = freeze(fitted, shape=(HEIGHT, WIDTH), weight_bits=bits, activation_bits=bits)
    picture = render(frozen)
    for row, column in ((0, 0), (47, 63), (20, 31), (11, 50), (33, 2)):
        assert picture[row, column].tolist() == pixel_in_rationals(frozen, row, column)


def wrapped_step_by_step(layer: FrozenLayer, inputs: list[int]) -> list[int]:
    """Run the layer as hardware does: after each product the accumulator drops what doesn't fit."""
    outputs = []
    for weights, bias, how, accumulator in zip(layer.weight, layer.bias, layer.narrow, layer.accumulators, strict=True):
        total = bias
        for w, value in zip(weights, inputs, strict=True):
            total = accumulator.wrap(total + w * value)
        outputs.append(how(total))
    return outputs


@pytest.mark.parametrize("seed", [21])
@pytest.mark.parametrize("shifts", [(5, 6, 0, -3), (6, 6, 6, 6)])
def test_an_accumulator_modulo_the_period_is_exact(shifts, seed):
    random = np.random.default_rng(seed)
    given, wanted, inputs = Format.parse("SQ1.7"), Format.parse("SQ2.10"), 300
    layer = FrozenLayer(given, wanted, "wrap", 8, tuple(map(tuple, random.integers(-128, 128, (4, inputs)).tolist())),
                        tuple(random.integers(-1 << 8, 1 << 8, 4).tolist()), shifts)
    x = random.integers(-128, 128, (50, inputs))
    wide = np.abs(x @ np.array(layer.weight).T)
    assert all(wide[:, channel].max() > fmt.maximum for channel, fmt in enumerate(layer.accumulators))  # it does wrap
    assert layer_output(layer, torch.from_numpy(x)).tolist() == [wrapped_step_by_step(layer, row) for row in x.tolist()]


def test_every_accumulator_of_a_network_is_wide_enough(frozen):
    x = torch.randint(-128, 128, (20, 48), generator=torch.Generator().manual_seed(4))
    for layer in frozen.layers[1:]:
        assert layer_output(layer, x).tolist() == [wrapped_step_by_step(layer, row) for row in x.tolist()]


def test_the_last_accumulator_spans_the_interval_of_its_weights():
    given = Format.parse("SQ1.3")

    def accumulator(*weights, bias):
        return str(FrozenLayer(given, PIXEL, "saturate", 8, (weights,), (bias,), (4,)).accumulators[0])

    assert accumulator(1, bias=0) == "SQ1.4"  # -8 to 7, and 8 for the half
    assert accumulator(-8, bias=0) == "SQ4.4"  # -56 to 64 + 8
    assert accumulator(7, bias=0) == "SQ3.4"  # -56 to 49 + 8
    assert accumulator(1, 1, bias=1000) == "SQ7.4"  # 984 to 1014 + 8
    assert accumulator(1, 1, bias=1002) == "SQ8.4"  # 986 to 1016 + 8
    assert accumulator(0, bias=-2048) == "SQ8.4"


def test_integers_are_the_folded_weights_rounded(fitted, frozen):
    for (weight, bias), layer in zip(fitted.folded()[:-1], frozen.layers[:-1], strict=True):
        sums = torch.tensor(layer.shift) + layer.output.fraction_bits
        ulp = 2.0 ** -(sums - layer.input.fraction_bits)[:, None].double()
        assert torch.all((torch.tensor(layer.weight) * ulp - weight.double()).abs() <= ulp / 2)
        error = torch.tensor(layer.bias) * 2.0 ** -sums.double() - bias.double()
        assert torch.all((error - 4 * torch.round(error / 4)).abs() <= 2.0 ** -sums.double() / 2)
        # Each channel's scale is the finest: one more fraction bit wouldn't fit, or couldn't matter.
        cap = layer.output.fraction_bits + ceil(log2(weight.shape[1])) + 2
        full = torch.tensor(layer.weight).abs().amax(dim=1) >= 1 << (layer.weight_bits - 2)
        assert torch.all(full | (sums - layer.input.fraction_bits == cap))


def test_formats_follow_from_the_bits(fitted):
    frozen = freeze(fitted, shape=(HEIGHT, WIDTH), activation_bits=10, first_layer_bits=12)
    assert [str(layer.input) for layer in frozen.layers] == ["SQ1.6", "SQ1.9", "SQ1.9", "SQ1.9"]
    assert [str(layer.output) for layer in frozen.layers] == ["SQ2.10", "SQ2.10", "SQ2.10", "UQ8.0"]
    assert [layer.weight_bits for layer in frozen.layers] == [12, 8, 8, 8]
    assert {accumulator.integer_bits for layer in frozen.layers[:-1] for accumulator in layer.accumulators} == {2}
    assert frozen.channels == 3


def test_another_activation_can_stand_in(frozen):
    seen = []

    def listen(raw):
        seen.append(raw)
        return torch.zeros_like(raw)

    picture = render(frozen, activation=listen)
    assert [tuple(raw.shape) for raw in seen] == [(HEIGHT * WIDTH, 48)] * 3
    assert all(raw.min() >= frozen.activation.input.minimum and raw.max() <= frozen.activation.input.maximum
               for raw in seen)
    biases = [how(bias) for bias, how in zip(frozen.layers[-1].bias, frozen.layers[-1].narrow, strict=True)]
    assert np.array_equal(picture, np.broadcast_to(np.array(biases), picture.shape))


def test_large_pictures_come_in_chunks():
    frozen = freeze(Inr(channels=1, hidden=2, layers=1), shape=(300, 400))
    sizes = []

    def listen(raw):
        sizes.append(len(raw))
        return raw >> 2

    assert render(frozen, activation=listen).shape == (300, 400, 1)
    assert sizes == [65536, 120000 - 65536]


@pytest.mark.parametrize(("option", "legal"), [("weight_bits", "2 to 16"), ("activation_bits", "2 to 16"),
                                               ("first_layer_bits", "2 to 24")])
@pytest.mark.parametrize("bits", [1, 25])
def test_illegal_widths_are_named(fitted, option, legal, bits):
    with pytest.raises(IllegalSetting) as error:
        freeze(fitted, shape=(HEIGHT, WIDTH), **{option: bits})
    assert (error.value.option, error.value.legal, error.value.given) == (option.replace("_", "-"), legal, bits)


def test_weights_that_need_more_bits_say_how_many(fitted):
    with pytest.raises(IllegalSetting, match=r"weight-bits must be at least \d+ for the weights of this") as error:
        freeze(fitted, shape=(HEIGHT, WIDTH), weight_bits=2, activation_bits=2)
    least = int(error.value.legal.split()[2])
    freeze(fitted, shape=(HEIGHT, WIDTH), weight_bits=least, activation_bits=2)
    with pytest.raises(IllegalSetting):
        freeze(fitted, shape=(HEIGHT, WIDTH), weight_bits=least - 1, activation_bits=2)


def test_only_what_hardware_has_is_frozen():
    frozen = "quad, sine, gaussian, gabor, sinc"
    with pytest.raises(IllegalSetting, match=f"activation must be one that is frozen: {frozen}, got 'finer'"):
        freeze(Inr(channels=1, activation="finer"), shape=(8, 8))


def test_a_siren_counts_quarters_of_a_turn(picture):
    """Wide enough, the integers render what floating point does."""
    siren = Inr(channels=3, hidden=12, layers=2, activation="sine", omega=9.0, seed=5)
    fit(siren, picture, steps=40, lr=1e-3, seed=5)
    frozen = freeze(siren, shape=(HEIGHT, WIDTH), weight_bits=16, activation_bits=14, first_layer_bits=20)
    assert str(frozen.activation.input) == "SQ2.14" and frozen.activation.rounding == "faithful"
    apart = np.abs(render(frozen).astype(int) - predict(siren, HEIGHT, WIDTH).astype(int))
    assert apart.max() <= 1 and (apart > 0).mean() < 0.05


def test_a_silent_channel_is_frozen_too(fitted):
    network = Inr(channels=1, hidden=4, layers=2)
    with torch.no_grad():
        network.weights[1][2] = 0
    assert set(freeze(network, shape=(8, 8)).layers[1].weight[2]) == {0}


@pytest.mark.parametrize("change", [
    lambda layer: {"weight": layer.weight[:-1]}, lambda layer: {"bias": (*layer.bias, 0)},
    lambda layer: {"weight": ((999,) * len(layer.weight[0]), *layer.weight[1:])},
    lambda layer: {"bias": (1 << 40, *layer.bias[1:])}, lambda layer: {"shift": (60, *layer.shift[1:])},
    lambda layer: {"weight_bits": 0}, lambda layer: {"input": Format.parse("SQ1.6")},
    lambda layer: {"output": Format.parse("SQ2.9")}, lambda layer: {"overflow": "saturate"},
    lambda layer: {"weight": tuple(row[:-1] for row in layer.weight)}, lambda layer: {"weight": ()}])
def test_inconsistent_layers_are_refused(frozen, change):
    first, second, *others = frozen.layers
    with pytest.raises(IllegalSetting, match="model must be a frozen network with"):
        replace(frozen, layers=(first, replace(second, **change(second)), *others))


def test_the_digest_names_every_integer(frozen):
    last = frozen.layers[-1]
    other = replace(last, bias=(last.bias[0] + 1, *last.bias[1:]))
    assert len({frozen.digest, replace(frozen, layers=(*frozen.layers[:-1], other)).digest}) == 2
    assert coordinate_format(HEIGHT, WIDTH + 1) != coordinate_format(HEIGHT, WIDTH)
    assert replace(frozen, shape=(HEIGHT, WIDTH - 1)).digest != frozen.digest
