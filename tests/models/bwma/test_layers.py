import pytest
import torch
from torch.nn import functional

from quadcim.models.bwma.binarise import binarise
from quadcim.models.bwma.layers import BinaryConv2d, BinaryLinear
from quadcim.spec.cnn import BINARISERS


@pytest.mark.parametrize("method", BINARISERS)
def test_convolution(method, seed):
    torch.manual_seed(seed)
    layer = BinaryConv2d(3, 5, 3, stride=2, padding=1, binariser=method, per_channel=False)
    x = torch.randn(2, 3, 8, 8)
    weight = binarise(layer.weight.detach(), method, per_channel=False).weight
    assert len(weight.unique()) == 2
    assert torch.allclose(layer(x), functional.conv2d(x, weight, layer.bias, stride=2, padding=1), atol=1e-6)
    layer(x).sum().backward()
    assert layer.weight.grad is not None and (layer.weight.grad != 0).any()
    assert torch.equal(layer.binarised().weight, weight)


def test_linear(seed):
    torch.manual_seed(seed)
    layer, x = BinaryLinear(7, 4), torch.randn(3, 7)
    assert torch.allclose(layer(x), functional.linear(x, layer.binarised().weight, layer.bias), atol=1e-6)
    layer(x).sum().backward()
    assert layer.weight.grad is not None and layer.weight.grad.shape == (4, 7)
