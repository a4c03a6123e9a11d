"""From a photo to verified Verilog: fit, freeze, generate, and render the photo through the emitted RTL.

Usage: python examples/demo.py [--image FILE] [--out DIR]
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.files import Marker, output_folder
from quadcim.generate import generate_case
from quadcim.guard import guarded
from quadcim.models.activation import golden
from quadcim.models.inr.checkpoint import load_frozen, load_network
from quadcim.models.inr.comparison import write_comparison
from quadcim.models.inr.fit import predict
from quadcim.models.inr.inference import render
from quadcim.models.inr.train import train_inr
from quadcim.pictures import psnr_db, read_image
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.case import Case
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr import FrozenInr
from quadcim.spec.unit import ActivationUnit
from quadcim.training.inr import InrTraining

_PHOTO = Path(__file__).with_name("photo.png")
_STAGES = 2
_MARKER = Marker("demo.json", "quadcim-demo-1", written=("comparison.png",))


class RtlActivation:
    """Stands in for the golden model: sends every pre-activation through the RTL, and compares what comes back."""

    def __init__(self, case: Case):
        self._simulator = BulkSimulator(case)
        self._golden = golden(case.spec.activation, case.integers)
        self.beats = self.mismatches = 0
        self.seconds = 0.0
        self.latencies: set[int] = set()

    def __call__(self, raw: torch.Tensor) -> torch.Tensor:
        """The activations of raw pre-activations, as the RTL computes them."""
        start = time.perf_counter()
        result = self._simulator.run(raw.numpy().reshape(-1))
        self.seconds += time.perf_counter() - start
        outputs = torch.from_numpy(result.outputs).reshape(raw.shape)
        self.mismatches += int((outputs != self._golden(raw)).sum())
        self.beats += raw.numel()
        self.latencies.add(result.latency_cycles)
        return outputs


def _generate(frozen: FrozenInr, out: Path) -> Case:
    target = find_target("generic")
    unit = ActivationUnit(frozen.activation, stages=_STAGES, technology=target.technology)
    generate_case(unit, target=target, clock_mhz=target.clock_mhz, out=out)
    return load_case(out)


def _report(original: NDArray[np.uint8], pictures: dict[str, NDArray[np.uint8]], case: Case,
            rtl: RtlActivation) -> None:
    for name, picture in pictures.items():
        print(f"  PSNR {name:<16} {psnr_db(picture, original):6.2f} dB")
    print(f"  unit                  {case.top}")
    print(f"  latency               {', '.join(map(str, sorted(rtl.latencies)))} cycles (manifest: "
          f"{case.latency_cycles})")
    print(f"  beats through the RTL {rtl.beats}, {rtl.mismatches} differ from the golden model")
    print(f"  simulation            {rtl.beats / rtl.seconds / 1e6:.1f} million beats/s")


def main() -> int:
    """Run the demo; returns 0 if the RTL agrees with the golden model everywhere."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--image", type=Path, default=_PHOTO, help="the photo (default: the one beside this script)")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="what to write (default: demo-output)")
    options = parser.parse_args()
    with output_folder(options.out, marker=_MARKER, force=True) as folder:
        original = read_image(options.image)
        print(f"Fitting a QuadINR to {options.image.name}, {original.shape[1]} x {original.shape[0]} pixels")
        train_inr(InrTraining(), image=options.image, out=folder / "training")
        frozen = load_frozen(folder / "training/frozen.safetensors")
        print("Generating the phi unit, and compiling its Verilog")
        case = _generate(frozen, folder / "case")
        rtl = RtlActivation(case)
        pictures = {
            "Floating point": predict(load_network(folder / "training/network.safetensors"), *original.shape[:2]),
            "Integers": render(frozen),
            "RTL": render(frozen, activation=rtl),
        }
        write_comparison(folder / "comparison.png", original=original, renderings=pictures)
        _report(original, pictures, case, rtl)
        same = rtl.mismatches == 0 and np.array_equal(pictures["Integers"], pictures["RTL"])
        agrees = same and rtl.latencies == {case.latency_cycles}
        figures = {"schema": _MARKER.schema, "agrees": agrees, "beats": rtl.beats, "digest": frozen.digest,
                   "psnr_db": {name: round(psnr_db(picture, original), 3) for name, picture in pictures.items()}}
        (folder / _MARKER.name).write_text(json.dumps(figures, indent=2) + "\n")
    print(f"{'PASS' if agrees else 'FAIL'}: see {options.out}/comparison.png and {options.out}/case/report.md")
    return 0 if agrees else 1


if __name__ == "__main__":
    try:
        with guarded():
            sys.exit(main())
    except IllegalSetting as error:
        sys.exit(f"demo: error: --{error}")
