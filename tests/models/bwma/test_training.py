import pytest
import torch

from quadcim.models.bwma.datasets import Pictures, digits
from quadcim.models.bwma.networks import create_network
from quadcim.models.bwma.training import _augmented, accuracy, fit_classifier
from quadcim.spec.cnn import CnnQuantisation

pytestmark = pytest.mark.shared_seeds


def train(seed: int) -> list:
    torch.manual_seed(seed)
    network, pictures = create_network("digits", CnnQuantisation(quantiser="staircase")), digits()
    history = fit_classifier(network, pictures, epochs=4, lr=4e-3, seed=seed)
    assert history[-1][2] == accuracy(network, pictures.test)
    return history


def test_learns_and_repeats_itself(seed):
    history = train(seed)
    assert [epoch for epoch, _loss, _right in history] == [1, 2, 3, 4]
    assert history[-1][2] > 0.6 and history[-1][1] < history[0][1]
    assert train(seed) == history


def test_augmented_pictures_are_shifted_or_mirrored(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(200, 2, 16, 16)
    x[:, 0, 8, 8], x[:, 1, 8, 9] = 1, 2
    y = _augmented(x, generator)
    assert y.shape == x.shape
    places = (y[:, 0] == 1).nonzero()
    assert len(places) == 200  # a shift of 4 keeps the middle
    assert set(places[:, 1].tolist()) == set(range(4, 13))
    right = y[torch.arange(200), 1, places[:, 1], (places[:, 2] + 1).clamp(max=15)] == 2
    assert 60 < int(right.sum()) < 140  # the others are mirrored


def test_a_last_batch_of_one_is_left_out(seed):
    torch.manual_seed(seed)
    x, y = torch.randn(9, 1, 8, 8), torch.randint(10, (9,))
    network = create_network("digits", CnnQuantisation())
    assert len(fit_classifier(network, Pictures((x, y), (x, y), augment=False), epochs=1, lr=1e-3, batch=8)) == 1
