"""From a photo to verified Verilog: fit, freeze, generate the whole network, and render the photo through its RTL.

Usage: python examples/demo.py [--image FILE] [--out DIR]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quadcim.boards.targets import find_target
from quadcim.cores.cases import CoreCase, load_case
from quadcim.cores.inr.render import render_case
from quadcim.cores.rendered import Rendered
from quadcim.files import Marker, output_folder
from quadcim.generate import generate_case
from quadcim.guard import guarded
from quadcim.hw.activation.plans import unit_integers
from quadcim.models.inr.checkpoint import load_frozen, load_network
from quadcim.models.inr.comparison import write_comparison
from quadcim.models.inr.fit import predict
from quadcim.models.inr.inference import render
from quadcim.models.inr.train import train_inr
from quadcim.pictures import psnr_db, read_image
from quadcim.spec.description import counted
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr import FrozenInr
from quadcim.spec.inr_engine import InrEngine, InrIntegers
from quadcim.training.inr import InrTraining

_PHOTO = Path(__file__).with_name("photo.png")
# 64 for each of the two large layers, and what keeps up with them.
_MULTIPLIERS = 133
_MARKER = Marker("demo.json", "quadcim-demo-1", written=("comparison.png",))


def _generate(frozen: FrozenInr, out: Path) -> CoreCase:
    """The case of the engine that renders a network."""
    target = find_target("generic")
    engine = InrEngine.of(frozen, _MULTIPLIERS, technology=target.technology)
    generate_case(engine, InrIntegers(frozen, unit_integers(engine.unit)), target=target, clock_mhz=target.clock_mhz,
                  out=out)
    return load_case(out)


def _report(original: NDArray[np.uint8], pictures: dict[str, NDArray[np.uint8]], case: CoreCase,
            shown: Rendered) -> None:
    for name, picture in pictures.items():
        print(f"  PSNR {name:<16} {psnr_db(picture, original):6.2f} dB")
    print(f"  engine                {case.top}, {counted(case.spec.multipliers, 'multiplier')}")
    print(f"  latency               {counted(case.latency_cycles, 'cycle')}, then a pixel in {shown.cycles:.2f}")
    pixels = original.shape[0] * original.shape[1]
    print(f"  pixels from the RTL   {pixels}, {shown.differences} differ from the golden model")
    for name, text in shown.about:
        print(f"  {name:<21} {text}")


def main() -> int:
    """Run the demo; returns 0 if the RTL agrees with the golden model everywhere."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--image", type=Path, default=_PHOTO, help="the photo (default: the one beside this script)")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="what to write (default: demo-output)")
    options = parser.parse_args()
    with output_folder(options.out, marker=_MARKER, force=True) as folder:
        original = read_image(options.image)
        print(f"Fitting a QuadINR to {options.image.name}, {original.shape[1]} x {original.shape[0]} pixels")
        train_inr(InrTraining(), source=options.image, out=folder / "training")
        frozen = load_frozen(folder / "training/frozen.safetensors")
        print("Generating the engine, and compiling its Verilog")
        case = _generate(frozen, folder / "case")
        shown = render_case(case, lambda step: print(f"  {step}"))
        pictures = {
            "Floating point": predict(load_network(folder / "training/network.safetensors"), *original.shape[:2]),
            "Integers": render(frozen),
            "RTL": shown.samples.astype(np.uint8),
        }
        write_comparison(folder / "comparison.png", original=original, renderings=pictures)
        _report(original, pictures, case, shown)
        agrees = shown.differences == 0 and np.array_equal(pictures["Integers"], pictures["RTL"])
        figures = {"schema": _MARKER.schema, "agrees": agrees, "cycles_per_pixel": round(shown.cycles, 3),
                   "multipliers": case.spec.multipliers, "digest": frozen.digest,
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
