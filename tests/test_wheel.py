"""The wheel holds every module, the linked folders' included."""

import subprocess
import sys
import zipfile
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def test_wheel_holds_every_module(tmp_path):
    # Through the sdist, as a release is made.
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, _ROOT], check=True,
                   capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    for part in ("quadcim", "hw", "models", "sim", "boards"):
        # Folders that are linked below quadcim/ are not followed, so that each is looked at once.
        wanted = {str(Path(*(() if part == "quadcim" else ("quadcim",)), path.relative_to(_ROOT)))
                  for path in (_ROOT / part).rglob("*.py")}
        assert wanted and wanted <= held, f"missing: {sorted(wanted - held)}"
    assert {"quadcim/py.typed", "quadcim/sim/bulk.cpp", *(f"quadcim/hw/arithmetic/{name}.v"
                                                          for name in ("cells", "primitives"))} <= held
    assert not any(name.startswith(("tests/", "benchmarks/", "hw/", "models/", "sim/", "boards/")) for name in held)
