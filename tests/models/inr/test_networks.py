import math
from fractions import Fraction

import pytest
import torch

from quadcim.models.functions import activation_function
from quadcim.models.inr.networks import Inr, coordinates, sample_grid, sine_for_finer, swap_sine
from quadcim.spec.errors import IllegalSetting

SEEDS = [0, 5]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("activation", "gain"), [("quad", 2 / math.pi), ("sine", 1.0)])
def test_initial_weights_are_uniform_in_their_bounds(activation, gain, seed):
    network = Inr(channels=3, hidden=256, layers=3, activation=activation, omega=20.0, seed=seed)
    hidden = gain * math.sqrt(6 / 256) / 20
    for weight, bound in zip(network.weights, [1 / 2, hidden, hidden, hidden], strict=True):
        assert weight.abs().max() <= bound
        assert weight.abs().max() > 0.97 * bound
        # The mean of n draws has the standard deviation bound / sqrt(3 n); their mean square is bound^2 / 3.
        assert abs(weight.mean()) < 5 * bound / math.sqrt(3 * weight.numel())
        assert weight.pow(2).mean().item() == pytest.approx(bound**2 / 3, rel=4 / math.sqrt(weight.numel()))
    for bias, inputs in zip(network.biases, [2, 256, 256, 256], strict=True):
        assert bias.abs().max() <= 1 / math.sqrt(inputs)


@pytest.mark.parametrize("activation", ["quad", "sine"])
def test_activations_keep_their_spread_through_the_layers(activation):
    # SIREN's reason for this initialisation: every layer's output is spread alike, however deep.
    network = Inr(channels=3, hidden=256, layers=6, activation=activation)
    x, spreads = coordinates(48, 48), []
    for given, _total in network.traced(x)[0][1:]:
        spreads.append(given.std().item())
    assert min(spreads) > 0.55
    assert max(spreads) < 0.8


def test_the_seed_decides():
    def weights(seed):
        return torch.cat([weight.flatten() for weight in Inr(channels=1, hidden=8, seed=seed).weights])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize(("height", "width", "power"), [(1, 1, 1), (2, 2, 2), (5, 3, 8), (40, 33, 64), (64, 64, 64)])
def test_coordinates_are_exact_pixel_centres(height, width, power):
    expected = [(Fraction(2 * i + 1 - width, power), Fraction(2 * j + 1 - height, power))
                for j in range(height) for i in range(width)]
    assert [(Fraction(x), Fraction(y)) for x, y in coordinates(height, width).tolist()] == expected
    assert [(Fraction(x, power), Fraction(y, power)) for x, y in sample_grid(height, width).tolist()] == expected


@pytest.mark.parametrize("name", ["gaussian", "gabor", "sinc", "relu"])
def test_functions_of_the_catalogue(name):
    network = Inr(channels=1, hidden=4, layers=1, activation=name, frequencies=0, seed=3)
    x, (first, last) = coordinates(6, 5), network.folded()
    hidden = activation_function(name)(x @ first[0].T + first[1])
    assert torch.allclose(network(x), hidden @ last[0].T + last[1], rtol=1e-5, atol=1e-6)
    assert network.settings["omega"] == network.omega
    assert Inr(channels=1, hidden=4, activation=name, omega=7.0).omega == 7


def test_the_default_omega_is_sirens():
    assert Inr(channels=1, hidden=1).omega == Inr(channels=1, hidden=1, activation="sine").omega == 30


def test_finer_is_a_sine_whose_frequency_grows():
    network = Inr(channels=1, hidden=4, layers=1, activation="finer", omega=7.0, seed=3)
    x, weight, bias = coordinates(6, 5), network.weights[0], network.biases[0]
    z = x @ weight.T + bias
    hidden = torch.sin(7 * (z.abs() + 1) * z)
    assert torch.allclose(network(x), hidden @ network.weights[1].T + network.biases[1], rtol=1e-5, atol=1e-5)
    assert Inr(channels=1, hidden=256, activation="finer").biases[0].abs().max() > 0.95


def test_encoded_coordinates():
    network = Inr(channels=1, hidden=4, layers=1, activation="relu", seed=3)
    x = coordinates(4, 8)
    waves = [wave(2**k * x[:, axis]) for wave in (torch.sin, torch.cos) for axis in range(2) for k in range(10)]
    given = torch.stack([x[:, 0], x[:, 1], *waves], dim=1)
    hidden = torch.relu(given @ network.weights[0].T + network.biases[0])
    assert torch.allclose(network(x), hidden @ network.weights[1].T + network.biases[1], rtol=1e-5, atol=1e-5)


def test_the_first_layer_can_be_faster():
    slow, fast = (Inr(axes=1, channels=1, hidden=8, first_omega=omega, seed=1) for omega in (None, 3000.0))
    assert fast.omegas == [3000, 30, 30, 1] and slow.omegas == [30, 30, 30, 1]
    assert torch.allclose(fast.folded()[0][0], 100 * slow.folded()[0][0])


@pytest.mark.parametrize(("output", "scale", "offset"), [("UQ8.0", 127.5, 127.5), ("SQ1.15", 32768, 0)])
def test_samples_span_their_format(output, scale, offset):
    network = Inr(channels=3, hidden=4, output=output)
    x = coordinates(3, 4)
    assert torch.allclose(network.samples(x), scale * network(x) + offset)


def test_coordinates_of_other_signals():
    assert coordinates(4).flatten().tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert sample_grid(2, 1, 3).tolist() == [[x, 0, t] for t in (-1, 1) for x in (-2, 0, 2)]


def test_a_sine_for_finer_keeps_the_mean_frequency():
    finer = Inr(channels=1, hidden=16, layers=2, activation="finer", seed=2)
    x = coordinates(16, 16)
    sine = sine_for_finer(finer, x)
    z = x @ finer.weights[0].T + finer.biases[0]
    assert torch.allclose(sine.weights[0], finer.weights[0] * (1 + z.abs().mean(dim=0))[:, None])
    assert (sine.activation, sine.omega) == ("sine", 30)
    with pytest.raises(IllegalSetting, match="activation must be one of finer, got 'sine'"):
        sine_for_finer(sine, x)


def test_phi_swapped_for_sine_is_nearly_the_same_function():
    siren = Inr(channels=3, hidden=64, layers=1, activation="sine", omega=20.0, seed=6)
    swapped, x = swap_sine(siren), coordinates(32, 32)
    assert (swapped.activation, swapped.omega) == ("quad", pytest.approx(40 / math.pi))
    # A hidden unit errs by at most |sin(pi v / 2) - 0.968 phi(v)| = 0.033.
    bound = 0.034 * siren.weights[-1].abs().sum(dim=1)
    assert torch.all((swapped(x) - siren(x)).abs() < bound)
    with pytest.raises(IllegalSetting, match="activation must be sine"):
        swap_sine(swapped)


@pytest.mark.parametrize(("option", "value", "legal"), [
    ("hidden", 0, "1 to 1024"), ("layers", 17, "1 to 16"), ("omega", math.nan, "0.1 to 1000"),
    ("activation", "tanh", "one of quad, sine, finer, gaussian, gabor, sinc, relu"), ("seed", -1, "0 to 4294967295"),
    ("channels", 2**31, "1 to 3")])
def test_illegal_settings_are_named(option, value, legal):
    with pytest.raises(IllegalSetting) as error:
        Inr(**{"channels": 3, option: value})
    assert (error.value.option, error.value.legal) == (option, legal)
