import math
from fractions import Fraction

import pytest
import torch

from quadcim.models.inr import Inr, coordinates, pixel_grid
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
    for weight, bias in network.folded()[:-1]:
        x = network.function(torch.nn.functional.linear(x, weight, bias))
        spreads.append(x.std().item())
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
    assert [(Fraction(x, power), Fraction(y, power)) for x, y in pixel_grid(height, width).tolist()] == expected


@pytest.mark.parametrize(("option", "value", "legal"), [
    ("hidden", 0, "1 to 1024"), ("layers", 17, "1 to 16"), ("omega", math.nan, "0.1 to 1000"),
    ("activation", "relu", "one of quad, sine"), ("seed", -1, "0 to 4294967295")])
def test_illegal_settings_are_named(option, value, legal):
    with pytest.raises(IllegalSetting) as error:
        Inr(**{"channels": 3, option: value})
    assert (error.value.option, error.value.legal) == (option, legal)
