import numpy as np
import pytest
import torch
from PIL import Image

from quadcim.models.inr.networks import Inr, coordinates
from quadcim.models.inr.ntk import ntk_spectrum, spectrum_numbers, tangent_kernel, write_spectra


@pytest.mark.parametrize("activation", ["quad", "sine", "finer", "relu"])
def test_the_kernel_is_that_of_all_gradients(activation):
    network = Inr(channels=2, hidden=5, layers=2, activation=activation, omega=3.0, first_omega=5.0, seed=1)
    x = coordinates(2, 3)
    rows = []
    for sample in x:
        for channel in range(2):
            y = network(sample[None])[0, channel]
            rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(y, list(network.parameters()))]))
    gradients = torch.stack(rows).double().reshape(6, 2, -1)
    expected = torch.einsum("icp,jcp->ij", gradients, gradients)
    assert torch.allclose(tangent_kernel(network, x), expected, rtol=1e-4)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_spectra_are_shares(axes):
    spectrum = ntk_spectrum(Inr(axes=axes, channels=1, hidden=64, seed=2))
    assert spectrum.shape == (144,) and spectrum.sum() == pytest.approx(1)
    assert np.all(np.diff(spectrum) <= 0) and spectrum[-1] >= 0


def test_numbers_of_a_spectrum():
    even = spectrum_numbers(np.full(8, 1 / 8))
    assert even == {"samples": 8, "entropy_rank": 8, "greatest_share": 0.125, "least_of_mean": 1}
    assert spectrum_numbers(np.array([1.0, 0, 0]))["entropy_rank"] == 1


def test_phi_learns_more_directions_than_relu():
    # As measured for networks of this shape: 70 of 144 directions for phi, 3 for relu on plain coordinates.
    ranks = {name: spectrum_numbers(ntk_spectrum(Inr(channels=1, hidden=128, activation=name, frequencies=0, seed=0)))
             for name in ("quad", "relu")}
    assert ranks["quad"]["entropy_rank"] > 50 and ranks["relu"]["entropy_rank"] < 10


def test_the_plot_is_a_picture(tmp_path):
    write_spectra(tmp_path / "p.png", {"One": np.array([0.9, 0.1, 0])})
    with Image.open(tmp_path / "p.png") as drawn:
        assert drawn.size == (900, 600)
