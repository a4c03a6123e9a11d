import pytest
import torch

from quadcim.models.bwma.activations import ActivationQuantiser, Staircase, activation_quantiser
from quadcim.spec.cnn import QUANTISERS
from quadcim.spec.errors import IllegalSetting


def create(name: str, bits: int, clip: float = 3.0) -> ActivationQuantiser:
    made = activation_quantiser(name, bits)
    assert isinstance(made, ActivationQuantiser)
    made.eval()
    with torch.no_grad():
        made.clip.fill_(clip)
    return made


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("name", QUANTISERS)
def test_all_give_the_same_values(name, bits, seed):
    x = torch.linspace(-1, 4, 997)
    quantiser = create(name, bits)
    levels = (1 << bits) - 1
    want = (x.double() / 3 * levels).clamp(0, levels)
    codes = quantiser.codes(x)
    assert ((codes - want).abs() <= 0.5 + 1e-6).all() and codes.max() == levels and codes.min() == 0
    # Single precision: a value is the product of code and step, give or take its rounding.
    assert torch.allclose(quantiser(x), codes * quantiser.step, atol=1e-6)


@pytest.mark.parametrize("name", QUANTISERS)
def test_gradients(name):
    quantiser = create(name, 2)
    x = torch.tensor([-1.0, 0.4, 1.7, 5.0], requires_grad=True)
    quantiser(x).sum().backward()
    assert x.grad is not None and quantiser.clip.grad is not None
    assert x.grad[0] == x.grad[3] == 0 and (x.grad[1:3] > 0).all()
    assert quantiser.clip.grad != 0


def test_ste_learns_the_clip_from_the_rounding_error():
    quantiser = create("ste", 2)  # a step of 1
    x = torch.tensor([0.4, 5.0])
    quantiser(x).sum().backward()
    assert quantiser.clip.grad is not None
    # d/dc of c/3 * q(3 x / c) = (q - u) / 3 inside and 1 above: (0 - 0.4) / 3 + 1.
    assert float(quantiser.clip.grad) == pytest.approx(1 - 0.4 / 3)


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_staircase_has_a_mean_slope_of_one(progress):
    quantiser = create("staircase", 2)
    assert isinstance(quantiser, Staircase)
    quantiser.set_progress(progress)
    x = (torch.arange(30_000) / 30_000 * 3).requires_grad_()
    quantiser(x).sum().backward()
    assert x.grad is not None and (x.grad > 0).all()
    for step in x.grad.reshape(3, -1):
        assert float(step.mean()) == pytest.approx(1, abs=1e-3)
    assert x.grad[5000] > x.grad[0]  # steepest where the stair steps


def test_clip_starts_with_the_first_batch(seed):
    quantiser = activation_quantiser("ste", 4)
    assert isinstance(quantiser, ActivationQuantiser)
    x = torch.randn(1000, generator=torch.Generator().manual_seed(seed))
    quantiser(x)
    first = float(quantiser.clip.detach())
    assert first == pytest.approx(2 * float(x.abs().mean()) * 15**0.5, rel=1e-5)
    quantiser(10 * x)
    assert float(quantiser.clip.detach()) == first


def test_float_is_a_rectifier_and_widths_are_checked():
    assert isinstance(activation_quantiser("lsq", 32), torch.nn.ReLU)
    with pytest.raises(IllegalSetting, match="activation-bits must be 1 to 8, or 32 for floating point, got 9"):
        activation_quantiser("lsq", 9)
