from pathlib import Path

import pytest
import torch

from quadcim.models.inr.fit import default_learning_rate, fit
from quadcim.models.inr.networks import Inr
from quadcim.pictures import read_image

PHOTO = Path(__file__).parents[2] / "examples" / "photo.png"
SEED = 3


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def picture():
    """64 x 48 pixels of the example photo."""
    return read_image(PHOTO)[30:78, 20:84]


@pytest.fixture(scope="session")
def fitted(picture):
    """Fit a network to `picture`."""
    print(f"seed {SEED}")
    network = Inr(channels=3, hidden=48, layers=3, seed=SEED)
    fit(network, picture, steps=600, lr=default_learning_rate(network.omega), seed=SEED)
    return network
