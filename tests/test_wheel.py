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
    parts = {"quadcim": "quadcim/*.py", "spec": "quadcim/spec/*.py", "fit": "quadcim/fit/*.py"} | {
        part: f"{part}/*.py" for part in ("hw", "models", "sim", "boards")}
    for part, pattern in parts.items():
        folder = "quadcim" if part == "quadcim" else f"quadcim/{part}"
        wanted = {f"{folder}/{path.name}" for path in _ROOT.glob(pattern)}
        assert wanted and wanted <= held, f"missing: {sorted(wanted - held)}"
    assert {"quadcim/py.typed", "quadcim/sim/bulk.cpp", "quadcim/hw/cells.v", "quadcim/hw/primitives.v"} <= held
    assert not any(name.startswith(("tests/", "benchmarks/", "hw/", "models/", "sim/", "boards/")) for name in held)
