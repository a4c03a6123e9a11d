"""What it costs in picture quality to put the hardware's function into a network, and to train through it."""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Bar, Table, say
from quadcim.models.inr.fit import default_learning_rate, fine_tune, fit, predict
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr, swap_sine
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.pictures import psnr_db, read_image

__all__ = ["measure"]

_SIZE, _STEPS, _FINE_STEPS = 128, 2000, 200
_SWAP_LIMIT_DB, _FREEZE_LIMIT_DB = 1.0, 0.1


def measure(images: Sequence[Path], *, size: int = _SIZE, steps: int = _STEPS) -> Table:
    """Swap phi into a SIREN, and train a QuadINR through its 8-bit hardware, on each picture."""
    table = Table("Training through the hardware's function",
                  f"3 hidden layers of 64, {steps} steps on the picture at {size} pixels or fewer; fine-tuned for "
                  f"{_FINE_STEPS} steps. 8-bit weights and activations, 14 bits in the first layer.",
                  ("picture", "network", "PSNR, dB", "compared with", "loss, dB"))
    for image in images:
        picture = read_image(image, size=size)
        say(f"training: {image.name}, SIREN")
        _measure_swap(table, image.name, picture, _fitted("sine", picture, steps))
        say(f"training: {image.name}, QuadINR")
        _measure_hardware(table, image.name, picture, _fitted("quad", picture, steps))
    return table


def _fitted(activation: str, picture: NDArray[np.uint8], steps: int) -> Inr:
    network = Inr(channels=picture.shape[2], activation=activation)
    fit(network, picture, steps=steps, lr=default_learning_rate(network.omega, activation), seed=0)
    return network


def _measure_swap(table: Table, name: str, picture: NDArray[np.uint8], siren: Inr) -> None:
    height, width = picture.shape[:2]
    before = psnr_db(predict(siren, height, width), picture)
    table.add(name, "SIREN", f"{before:.2f}", "", "")
    network = swap_sine(siren)
    swapped = psnr_db(predict(network, height, width), picture)
    table.add(name, "phi in place of its sine", f"{swapped:.2f}", "SIREN", f"{before - swapped:.3f}")
    fine_tune(network, picture, steps=_FINE_STEPS)
    tuned = psnr_db(predict(network, height, width), picture)
    table.add(name, "the same, fine-tuned", f"{tuned:.2f}", "SIREN", f"{before - tuned:.3f}",
              bars=(Bar(before - tuned, "<=", _SWAP_LIMIT_DB, "dB"),))


def _measure_hardware(table: Table, name: str, picture: NDArray[np.uint8], network: Inr) -> None:
    height, width = picture.shape[:2]

    def integers(network: Inr) -> float:
        return psnr_db(render(freeze(network, shape=(height, width))), picture)

    before, frozen = psnr_db(predict(network, height, width), picture), integers(network)
    table.add(name, "QuadINR", f"{before:.2f}", "", "")
    table.add(name, "in integers", f"{frozen:.2f}", "QuadINR", f"{before - frozen:.3f}")
    plain = copy.deepcopy(network)  # what as many steps more would give without the hardware
    fine_tune(plain, picture, steps=_FINE_STEPS)
    further = integers(plain)
    table.add(name, "fine-tuned in floating point, in integers", f"{further:.2f}", "QuadINR", f"{before - further:.3f}")
    quantised = QuantisedInr(network, shape=(height, width))
    fine_tune(quantised, picture, steps=_FINE_STEPS)
    through, final = psnr_db(predict(quantised, height, width), picture), integers(network)
    table.add(name, "fine-tuned through the hardware", f"{through:.2f}", "QuadINR", f"{before - through:.3f}")
    table.add(name, "the same, in integers", f"{final:.2f}", "the row above", f"{through - final:.3f}",
              bars=(Bar(through - final, "<=", _FREEZE_LIMIT_DB, "dB"),))
