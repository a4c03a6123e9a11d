"""What freezing a trained network to integers costs in picture quality."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.models.inr.checkpoint import load_network
from quadcim.models.inr.fit import predict
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.train import train_inr
from quadcim.pictures import psnr_db, read_image
from quadcim.training.inr import FIRST_LAYER_BITS, InrTraining

__all__ = ["measure"]

# The loss in dB that is allowed, by the bits of weights and activations.
_BITS: dict[int, float | None] = {8: 1.0, 10: None, 12: 0.15}


def measure(images: Sequence[Path]) -> Table:
    """Train on each picture with the default settings, and freeze to several widths."""
    settings = InrTraining()
    table = Table("Accuracy of frozen networks",
                  f"QuadINR, {settings.layers} hidden layers of {settings.hidden}, {settings.steps} steps; weights of "
                  f"the first layer {FIRST_LAYER_BITS['image']} bits.",
                  ("picture", "widths", "PSNR in floating point, dB", "PSNR in integers, dB", "loss, dB"))
    originals = {image: read_image(image) for image in images}
    for image, original in originals.items():
        say(f"accuracy: {image.name}")
        with tempfile.TemporaryDirectory() as folder:
            train_inr(settings, source=image, out=Path(folder, "training"))
            network = load_network(Path(folder, "training/network.safetensors"))
        height, width = original.shape[:2]
        exact = psnr_db(predict(network, height, width), original)
        for bits, limit in _BITS.items():
            frozen = freeze(network, shape=(height, width), weight_bits=bits, activation_bits=bits,
                            first_layer_bits=FIRST_LAYER_BITS["image"])
            integer = psnr_db(render(frozen), original)
            loss = exact - integer
            table.add(image.name, f"W{bits}A{bits}", f"{exact:.2f}", f"{integer:.2f}", f"{loss:.3f}",
                      bars=() if limit is None else (Bar(loss, "<=", limit, "dB"),))
    return table
