import pytest
import torch

from quadcim.models.bwma.binarise import binarise, relative_error, straight_through_binary
from quadcim.spec.cnn import BINARISERS
from quadcim.spec.errors import IllegalSetting


def weights(kind: str, seed: int, shape=(6, 5, 3)) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    normal = torch.randn(shape, generator=draw)
    match kind:
        case "skewed":
            return normal.exp()
        case "mixture":
            return normal + 4 * (torch.rand(shape, generator=draw) < 0.2)
        case "shifted":
            return normal + 0.5
        case _:
            return normal


def split_error(row: torch.Tensor) -> float:
    """The least error over all splits of the sorted weights, by trying each."""
    ordered = row.double().sort().values
    splits = [(ordered[:k], ordered[k:]) for k in range(1, len(ordered))]
    return min(sum(float((part - part.mean()).square().sum()) for part in split) for split in splits)


@pytest.mark.parametrize("kind", ["normal", "skewed", "mixture", "shifted"])
def test_opt_is_the_best_of_all_splits(kind, seed):
    weight = weights(kind, seed)
    errors = (weight - binarise(weight, "opt").weight).square().flatten(1).sum(1)
    for row, error in zip(weight.flatten(1), errors, strict=True):
        # Single precision: the error of a sum of so many squares.
        assert float(error) == pytest.approx(split_error(row), rel=1e-5)


@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("kind", ["normal", "skewed", "mixture", "shifted"])
def test_order_of_the_errors(kind, per_channel, seed):
    weight = weights(kind, seed, (8, 16, 3, 3))
    error = {name: relative_error(weight, binarise(weight, name, per_channel=per_channel)) for name in BINARISERS}
    assert error["opt"] <= min(error.values()) + 1e-6
    assert error["mean2"] <= error["mean"] + 1e-6
    channels = {name: relative_error(weight, binarise(weight, name)) for name in BINARISERS}
    assert channels["opt"] <= error["opt"] + 1e-6


@pytest.mark.parametrize("method", ["mean2", "opt"])
def test_levels_are_the_least_squares_for_their_signs(method, seed):
    weight = weights("mixture", seed)
    found = binarise(weight, method)
    for channel, row in enumerate(weight.double()):
        columns = torch.stack([found.sign[channel].double().flatten(), torch.ones(row.numel()).double()], 1)
        alpha, beta = torch.linalg.lstsq(columns, row.reshape(-1, 1)).solution.flatten().tolist()
        assert (float(found.alpha[channel]), float(found.beta[channel])) == pytest.approx((alpha, beta), abs=1e-5)


def test_bwn_and_mean_are_what_they_say(seed):
    weight = weights("shifted", seed)
    bwn, mean = binarise(weight, "bwn", per_channel=False), binarise(weight, "mean", per_channel=False)
    assert torch.equal(bwn.sign > 0, weight >= 0) and float(bwn.beta) == 0
    assert float(bwn.alpha) == pytest.approx(float(weight.abs().mean()))
    assert float(mean.beta) == pytest.approx(float(weight.mean()))
    assert float(mean.alpha) == pytest.approx(float((weight - weight.mean()).abs().mean()))


@pytest.mark.parametrize("method", BINARISERS)
def test_equal_weights_and_single_ones(method):
    for weight in (torch.full((2, 3), 0.5), torch.tensor([[0.25], [-3.0]]), torch.zeros(1, 4)):
        found = binarise(weight, method)
        assert torch.equal(found.weight, weight) and not found.alpha.isnan().any()


def test_gradients_pass_straight_through(seed):
    weight = weights("normal", seed).requires_grad_()
    binary = straight_through_binary(weight)
    assert torch.allclose(binary, binarise(weight.detach()).weight)
    (binary * 3).sum().backward()
    assert weight.grad is not None and torch.equal(weight.grad, torch.full_like(weight, 3))


def test_unknown_method():
    with pytest.raises(IllegalSetting, match="binariser must be one of bwn, mean, mean2, opt, got 'median'"):
        binarise(torch.zeros(2, 2), "median")
