import pytest
import torch

from quadcim.models.bwma.networks import create_network
from quadcim.spec.cnn import CNN_NETWORKS, CnnQuantisation

pytestmark = pytest.mark.shared_seeds

# Arxiv 1512.03385 has 0.27 million; ResNet-18 for 32 x 32 pictures is known for 11.17 million. Layer by layer for the
# others: weights of the convolutions, two numbers a channel for the normalisation, and the classifier.
_PARAMETERS = {
    "digits": 144 + 4608 + 2 * 9216 + 2 * (16 + 3 * 32) + 330,
    "resnet20": 269_722,
    "vgg-small": (9 * (3 * 128 + 128 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 512 * 512)
                  + 4 * (128 + 256 + 512) + 81_930),
    "resnet18": 11_173_962,
}


@pytest.mark.parametrize("name", CNN_NETWORKS)
def test_shapes_and_parameters(name, seed):
    torch.manual_seed(seed)
    network = create_network(name, CnnQuantisation(weight_bits=32, activation_bits=32))
    y = network(torch.randn(2, *CNN_NETWORKS[name]))
    assert y.shape == (2, 10)
    y.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert sum(parameter.numel() for parameter in network.parameters()) == _PARAMETERS[name]


@pytest.mark.parametrize("settings", [CnnQuantisation(activation_bits=2), CnnQuantisation(quantiser="staircase"),
                                      CnnQuantisation(binariser="opt", per_channel=False)], ids=str)
def test_quantised_networks_learn(settings, seed):
    torch.manual_seed(seed)
    network, x = create_network("resnet20", settings), torch.randn(8, 3, 32, 32)
    y = torch.arange(8)
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3)
    losses = []
    for _step in range(25):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
