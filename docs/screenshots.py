"""The pictures of docs/sweep.md, from the database of the sweep that it shows: python docs/screenshots.py depth.db."""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.sweep.browser import opened

_IMAGES = Path(__file__).parent / "images"
_PLOTS = {"sweep-front": ("lut", "right_bits"), "sweep-depth": ("stages", "delay_ps"), "sweep-width": ("width", "lut")}
_COLOURS = 64


def main(database: str) -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _report(database, folder / "page.html")
        for label, settings in {"sweep-page": {}, "sweep-page-dark": {"dark": True},
                                "sweep-page-phone": {"width": 390, "height": 844}}.items():
            with opened(folder / "page.html", **settings) as page:
                page.driver.save_screenshot(str(folder / f"{label}.png"))
        for label, (x, y) in _PLOTS.items():
            _report(database, folder / f"{label}.png", "--x", x, "--y", y)
        for path in folder.glob("*.png"):
            with Image.open(path) as picture:
                picture.thumbnail((1200, 1600))
                picture.convert("RGB").quantize(_COLOURS).save(_IMAGES / path.name, optimize=True)


def _report(database: str, out: Path, *axes: str) -> None:
    subprocess.run([sys.executable, "-m", "quadcim", "report", database, "--out", str(out), *axes], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
