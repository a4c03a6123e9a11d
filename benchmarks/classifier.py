"""What binary weights and activations of few bits cost: in error of the weights, and in accuracy on digits."""

import copy
import dataclasses
import statistics

import torch
from torch import nn

from benchmarks.report import Bar, Table, say
from quadcim.models.bwma.binarise import binarise, relative_error
from quadcim.models.bwma.datasets import Pictures, digits
from quadcim.models.bwma.frozen import freeze_network
from quadcim.models.bwma.networks import ConvBlock, create_network
from quadcim.models.bwma.training import accuracy, fit_classifier
from quadcim.spec.cnn import BINARISERS, FLOAT_BITS, QUANTISERS, CnnQuantisation
from quadcim.training.cnn import CnnTraining

__all__ = ["measure_binarisers", "measure_classifier"]

_SEEDS, _NOISE = (0, 1, 2), 0.3
_FLOAT = CnnQuantisation(weight_bits=FLOAT_BITS, activation_bits=FLOAT_BITS)
_DEFAULTS = CnnTraining()
_MOST_LOST = 1.0  # percentage points


def measure_binarisers() -> Table:
    """The error of each binariser on trained weights, and the accuracy when they simply replace them."""
    table = Table("Binarisers on trained weights",
                  f"Inner convolutions of the digits network, trained in floating point on pictures with noise of "
                  f"{_NOISE}. Error: |W - W'|^2 / |W|^2. Accuracy: W' in place of W, batch normalisation estimated "
                  f"anew, nothing trained; mean of {len(_SEEDS)} seeds.",
                  ("binariser", "levels", "error, layer 1", "layer 3", "layer 4", "accuracy, %"))
    networks = [(_train(_FLOAT, seed, _NOISE), digits(_NOISE, seed)) for seed in _SEEDS]
    rows = {}
    for per_channel in (False, True):
        for name in BINARISERS:
            errors = [relative_error(weight, binarise(weight, name, per_channel=per_channel))
                      for weight in _weights(networks[0][0])]
            right = statistics.mean(_replaced(network, pictures, name, per_channel) for network, pictures in networks)
            rows[name, per_channel] = errors, right
    for (name, per_channel), (errors, right) in rows.items():
        best = [rows["opt", per_channel][0][layer] - error for layer, error in enumerate(errors)]
        # Rounding of single precision apart.
        bars = (Bar(max(best), "<=", 1e-6, "below that of opt"),) if name != "opt" else ()
        table.add(name, "of a channel" if per_channel else "of a layer", *(f"{error:.4f}" for error in errors),
                  f"{100 * right:.2f}", bars=bars)
    return table


def measure_classifier() -> Table:
    """Accuracy of the digits network by the bits of its activations, the quantiser and the binariser."""
    table = Table("Classifiers with binary weights",
                  f"The digits network, {_DEFAULTS.epochs} epochs, mean of seeds {', '.join(map(str, _SEEDS))}; the "
                  f"same budget for all. Pictures as they are, and with Gaussian noise of {_NOISE}, drawn once for "
                  "each seed. Integers: the binary layers as their macros compute them.",
                  ("weights", "activations", "quantiser", "binariser", "accuracy, %", "in integers, %",
                   "with noise, %", "in integers, %"))
    inner = CnnQuantisation()
    choices = [_FLOAT, dataclasses.replace(inner, weight_bits=FLOAT_BITS),
               *(dataclasses.replace(inner, activation_bits=bits) for bits in (1, 2, 4, 8, FLOAT_BITS)),
               *(dataclasses.replace(inner, quantiser=name) for name in QUANTISERS if name != inner.quantiser),
               *(dataclasses.replace(inner, binariser=name) for name in BINARISERS if name != inner.binariser),
               dataclasses.replace(inner, per_channel=False)]
    reference: list[float] = []
    for choice in choices:
        plain, noisy = (_figures(choice, noise) for noise in (0.0, _NOISE))
        reference = reference or [plain[0], noisy[0]]
        bars = tuple(Bar(round(before - after, 3), "<=", _MOST_LOST, "points lost")
                     for before, after in zip(reference, (plain[0], noisy[0]), strict=True)) if choice == inner else ()
        table.add(f"W{choice.weight_bits}", f"A{choice.activation_bits}",
                  "" if choice.activation_bits == FLOAT_BITS else choice.quantiser,
                  "" if choice.weight_bits == FLOAT_BITS else
                  f"{choice.binariser}, {'channel' if choice.per_channel else 'layer'}",
                  *(f"{figure:.2f}" if figure else "" for figure in (*plain, *noisy)), bars=bars)
    return table


def _train(choice: CnnQuantisation, seed: int, noise: float) -> nn.Sequential:
    say(f"classifier: {choice}, noise {noise}, seed {seed}")
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # on such small layers, more only wait for each other
    network = create_network("digits", choice)
    fit_classifier(network, digits(noise, seed), epochs=_DEFAULTS.epochs, lr=_DEFAULTS.lr, batch=_DEFAULTS.batch,
                   seed=seed)
    return network


def _figures(choice: CnnQuantisation, noise: float) -> tuple[float, float]:
    """Mean accuracy in percent over the seeds, and that of the macros' integers; 0 where there are none."""
    found = []
    for seed in _SEEDS:
        network, test = _train(choice, seed, noise), digits(noise, seed).test
        frozen, layers = freeze_network(network)
        found.append((100 * accuracy(network, test), 100 * accuracy(frozen, test) if layers else 0.0))
    before, after = (statistics.mean(column) for column in zip(*found, strict=True))
    return before, after


def _inner(network: nn.Sequential) -> list[nn.Conv2d]:
    return [module.conv for module in network if isinstance(module, ConvBlock)][1:]


def _weights(network: nn.Sequential) -> list[torch.Tensor]:
    return [conv.weight.detach() for conv in _inner(network)]


@torch.no_grad()
def _replaced(network: nn.Sequential, pictures: Pictures, name: str, per_channel: bool) -> float:
    """Accuracy with binary weights and the statistics of the training pictures."""
    changed = copy.deepcopy(network)
    for conv in _inner(changed):
        conv.weight.copy_(binarise(conv.weight, name, per_channel=per_channel).weight)
    for module in changed.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean of the batches
    changed.train()
    for part in pictures.train[0].split(100):
        changed(part)
    return accuracy(changed, pictures.test)
