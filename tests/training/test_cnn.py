import pytest

from quadcim.spec.cnn import CnnQuantisation
from quadcim.spec.errors import IllegalSetting
from quadcim.training.cnn import CnnTraining


@pytest.mark.parametrize("settings, message", [
    ({"weight_bits": 2}, "weight-bits must be 1, or 32 for floating point, got 2"),
    ({"activation_bits": 0}, "activation-bits must be 1 to 8, or 32 for floating point, got 0"),
    ({"binariser": "best"}, "binariser must be one of bwn, mean, mean2, opt, got 'best'"),
    ({"quantiser": "dorefa"}, "quantiser must be one of lsq, pact, ste, staircase, got 'dorefa'"),
])
def test_refused_quantisations(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        CnnQuantisation(**settings)


@pytest.mark.parametrize("settings, message", [
    ({"dataset": "mnist"}, "dataset must be one of digits, cifar10, got 'mnist'"),
    ({"network": "lenet"}, "network must be one of digits, resnet20, vgg-small, resnet18, got 'lenet'"),
    ({"network": "resnet20"}, "network must be one for the pictures of digits: digits, got 'resnet20'"),
    ({"dataset": "cifar10"}, "network must be one for the pictures of cifar10: resnet20, vgg-small, resnet18"),
    ({"epochs": 0}, "epochs must be 1 to 10000, got 0"), ({"lr": 0.0}, "lr must be 1e-09 to 10, got 0.0"),
    ({"batch": 1}, "batch must be 2 to 65536, got 1"), ({"seed": -1}, "seed must be 0 to 4294967295, got -1"),
])
def test_refused_trainings(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        CnnTraining(**settings)
