"""Clamping passes on a gradient at both ends, whichever PyTorch there is."""

import torch

from quadcim.models.clamp import clamp


def test_gradient_is_one_from_end_to_end():
    x = torch.tensor([-1.0, 0.0, 1.0, 3.0, 4.0], requires_grad=True)
    clamped = clamp(x, 0, 3)
    clamped.sum().backward()
    assert clamped.tolist() == [0, 0, 1, 3, 3]
    assert x.grad is not None and x.grad.tolist() == [0, 1, 1, 1, 0]


def test_what_is_no_number_stays():
    assert clamp(torch.tensor([torch.nan]), 0, 3).isnan().all()
