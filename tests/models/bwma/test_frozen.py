"""Trained blocks as macros: against the network in floating point, and in the emitted RTL on real pictures."""

import json

import numpy as np
import pytest
import torch

from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.models.bwma.activations import ActivationQuantiser
from quadcim.models.bwma.datasets import digits
from quadcim.models.bwma.frozen import FrozenBlock, binary_layers, freeze_layer, freeze_network
from quadcim.models.bwma.networks import create_network
from quadcim.models.bwma.train_cnn import train_cnn
from quadcim.models.bwma.training import accuracy, fit_classifier
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cnn import CnnQuantisation
from quadcim.training.cnn import CnnTraining

pytestmark = pytest.mark.shared_seeds


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(0)
    network = create_network("digits", CnnQuantisation())
    fit_classifier(network, digits(), epochs=6, lr=4e-3)
    return network.eval()


def test_integers_tell_the_digits_as_well(trained):
    frozen, layers = freeze_network(trained)
    assert [layer.name for layer in layers] == ["1", "3", "4"]
    test = digits().test
    # One picture in a hundred may fall on the other side of a rounding.
    assert abs(accuracy(frozen, test) - accuracy(trained, test)) <= 0.01


@torch.no_grad()
def test_codes_are_those_of_floating_point_but_for_ties(trained):
    x = digits().test[0]
    for name, block, source in binary_layers(trained):
        before = trained[:int(name)](x)
        frozen = FrozenBlock(freeze_layer(name, block, source), block, source)
        assert isinstance(block.activation, ActivationQuantiser)
        want = block.activation.codes(block.norm(block.conv(before)))
        got = frozen.codes(source.codes(before))
        # Scales of 12 bits move a result by up to 2**-12 of it: by a code at most, and rarely.
        assert (got - want).abs().max() <= 1 and float((got != want).float().mean()) < 0.005


@torch.no_grad()
def test_a_block_without_quantiser_is_exact(seed):
    torch.manual_seed(seed)
    network = create_network("resnet20", CnnQuantisation(activation_bits=2))
    x = torch.randn(2, 3, 32, 32)
    network(x)
    _frozen, layers = freeze_network(network)
    # Nine residual blocks of two convolutions each; the shortcuts have none.
    assert len(layers) == 18 and {layer.macro.narrow is None for layer in layers} == {True, False}
    name, block, source = next(found for found in binary_layers(network.eval()) if found[0] == "2.second")
    codes = torch.randint(4, (2, 16, 8, 8))
    exact = FrozenBlock(freeze_layer(name, block, source), block, source)(codes * source.step)
    assert torch.allclose(exact, block(codes * source.step), atol=1e-4)  # single precision sums up 144 products


def test_too_large_blocks_stay_as_they_are(seed):
    torch.manual_seed(seed)
    network = create_network("vgg-small", CnnQuantisation())
    network(torch.randn(2, 3, 32, 32))
    # 128 channels of 3 x 3 are 1152 rows: only layers up to 1024 rows are macros, and here there is none.
    assert freeze_network(network)[1] == []


def test_a_trained_layer_in_the_rtl_on_real_pictures(trained, tmp_path, seed):
    name, block, source = next(iter(binary_layers(trained)))
    layer = freeze_layer(name, block, source)
    target = find_target("generic")
    generate_case(layer.macro, layer.integers, target=target, clock_mhz=100, out=tmp_path / "case")
    codes = source.codes(trained[0](digits().test[0]))
    rows = layer.rows(codes).flatten(0, 1)
    want = FrozenBlock(layer, block, source).codes(codes)
    beats = pack(field_bits(rows.numpy(), layer.macro.activation_bits))
    result = BulkSimulator(load_case(tmp_path / "case")).run(beats, input_pause=0.1, output_pause=0.1, seed=seed)
    got = unpack(result.outputs, layer.macro.columns, layer.macro.output_format(layer.integers))
    assert got.shape == (898 * 64, 32) and len(np.unique(got)) > 8
    assert (got == want.flatten(2).transpose(1, 2).flatten(0, 1).numpy()).all()


def test_a_training_leaves_what_generate_takes(tmp_path, capsys):
    metrics = train_cnn(CnnTraining(epochs=2), out=tmp_path / "out")
    assert metrics["accuracy_percent"] > 20 and abs(
        metrics["accuracy_integer_percent"] - metrics["accuracy_percent"]) < 2
    assert [layer["name"] for layer in metrics["layers"]] == ["1", "3", "4"]
    assert json.loads((tmp_path / "out/metrics.json").read_text()) == metrics
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {"SHA256SUMS", "network.safetensors", "curve.png", "metrics.json",
                     *(f"layers/{name}.{kind}" for name in "134" for kind in ("npy", "json"))}
    assert np.load(tmp_path / "out/layers/1.npy").shape == (144, 32)
