"""Cases whose manifest was edited, with checksums and digest mended: refused in a line, or FAIL in simulation."""

import copy
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quadcim.cli import main
from quadcim.cores.cases import load_case
from quadcim.sim.golden import check_golden
from quadcim.sim.tools import find_simulator
from quadcim.sim.vectors import read_vectors
from quadcim.spec.canonical import digest
from quadcim.spec.cim import Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow
from quadcim.spec.presets import MACRO_PRESETS, PRESETS

pytestmark = pytest.mark.shared_seeds

_EDITS = 60
# What others cannot contradict: constraints, versions, and what places registers or searches for integers.
_FREE = {"clock_mhz", "quadcim", "amaranth", "pyosys", "technology", "method"}
_ODD = (None, True, False, 0, 1, -1, 2.5, 1e300, 10**30, 2**31, "", "x", "a b", "-x", "../../etc/passwd", "/etc/passwd",
        "evil", "é\n", [], {}, [[[]]], {"a": {}}, "9" * 500)


def _cells(rows: int, columns: int, codes: int = 2) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, np.random.default_rng(1).integers(0, codes, (rows, columns)).tolist()))


_CASES: dict[str, Callable] = {
    "piecewise": lambda make: make(PRESETS["gelu8"]),
    "multipartite": lambda make: make(PRESETS["phi8"]),
    "heap": lambda make: make(PRESETS["phi12"]),
    "board": lambda make: make(PRESETS["relu8"], "vcu128"),
    "loaded": lambda make: make(CimMacro(6, 3, 2, banks=2, stages=2)),
    "analog": lambda make: make(
        CimMacro(8, 3, 4, storage="constant", stages=5, adc=Adc(4, 3, 0, 7, 1), codes=CellCodes(3, 5, 1),
                 narrow=Narrow(3, "half_up", "saturate", Format.parse("SQ8.0"))),
        integers=CimIntegers(_cells(8, 3, 8), (1, -2, 3), (0, 1, 0), (4, 5, 6))),
}


@pytest.fixture(params=_CASES)
def case(request, make_case, tmp_path) -> Path:
    """A copy of a case."""
    return shutil.copytree(_CASES[request.param](make_case).folder, tmp_path / "case")


def _places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths to everything in a manifest."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _places(part, (*path, key))


def _edit(manifest: dict[str, Any], draw: random.Random) -> tuple:
    """Change one thing anywhere, and say where."""
    # Each level of the tree is as likely as the others, so that long lists do not take all.
    path = draw.choice(list(_places(manifest))[1:]) if draw.random() < 0.3 else (draw.choice(list(manifest)),)
    while isinstance(at := _at(manifest, path), dict | list) and at and draw.random() < 0.8:
        path += (draw.choice(list(at) if isinstance(at, dict) else range(len(at))),)
    holder, key = _at(manifest, path[:-1]), path[-1]
    old = holder[key]
    kind = draw.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder["further"] = draw.choice(_ODD)
    elif kind == 2 and isinstance(old, int):
        holder[key] = old + draw.choice((-1, 1, 2, 1 << 20, -(1 << 40)))
    elif kind == 3 and isinstance(old, str):
        place = draw.randrange(len(old) + 1)
        holder[key] = old[:place] + draw.choice("0aZ -/\\\n$;") + old[place + draw.randrange(2):]
    else:
        holder[key] = copy.deepcopy(draw.choice(_ODD))
    return path


def _read(folder: Path) -> dict[str, Any]:
    """The manifest and the integers of a case as one value."""
    return json.loads((folder / "case.json").read_text()) | {
        "integers": json.loads((folder / "integers.json").read_text())}


def _store(folder: Path, whole: dict[str, Any]) -> None:
    """Both as files again; the checksum of other integers fits."""
    manifest, path = dict(whole), folder / "integers.json"
    text = json.dumps(manifest.pop("integers")) if "integers" in manifest else ""
    if text != json.dumps(json.loads(path.read_text())):
        path.write_text(text)
        if isinstance(files := manifest.get("files"), dict) and path.name in files:
            files[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "case.json").write_text(json.dumps(manifest))


def _at(value: Any, path: tuple) -> Any:
    for key in path:
        value = value[key]
    return value


def _mend(folder: Path, manifest: dict[str, Any], *, verilog: bool) -> None:
    """A digest that fits, in the manifest and perhaps in the Verilog too, and the checksums."""
    old = _read(folder)
    try:
        manifest["digest"] = digest({name: manifest[name] for name in ("spec", "integers")})
        path = folder / f"rtl/{old['top']}.v"
        if verilog:
            path.write_text(path.read_text().replace(old["digest"], manifest["digest"]))
        manifest["files"][f"rtl/{old['top']}.v"] = hashlib.sha256(path.read_bytes()).hexdigest()
    except (KeyError, TypeError, ValueError):
        return  # too broken to be mended


def _refused(folder: Path) -> bool:
    """Whether a case is refused, in a line."""
    try:
        check_golden(load_case(folder))
    except IllegalSetting as error:
        assert error.option == "case" and "Traceback" not in str(error)
        return True
    return False


def _same_function(folder: Path) -> bool:
    """Whether the vectors of a case that was not refused hold all inputs, so that all its results are as they were."""
    case = load_case(folder)
    return case.core.name == "activation" and (
        len({*read_vectors(folder / "vectors/input.hex")}) == 1 << case.spec.activation.input.width)


@pytest.mark.parametrize("mended", ["nothing", "digest", "digest in the Verilog too"])
def test_random_edits_are_refused(mended, case, seed):
    draw = random.Random(f"{seed} {mended}")
    whole = _read(case)
    kept = {path: path.read_bytes() for path in (*case.glob("*.json"), *case.glob("rtl/*.v"))}
    assert not _refused(case)
    for _ in range(_EDITS):
        manifest = copy.deepcopy(whole)
        where = _edit(manifest, draw)
        if mended != "nothing":
            _mend(case, manifest, verilog=mended.endswith("too"))
        same = json.dumps(manifest, sort_keys=True) == json.dumps(whole, sort_keys=True)
        _store(case, manifest)
        if not _refused(case) and not same and where[-1] not in _FREE:
            # With a digest that fits everywhere, integers may be others of the same results.
            assert mended.endswith("too") and where[0] == "integers" and _same_function(case), (
                where, _at(whole, where))
        for path, content in kept.items():
            path.write_bytes(content)


_EDITED: dict[str, Callable[[dict[str, Any]], object]] = {
    "digest": lambda manifest: manifest.update(digest="0" * 64),
    "integers": lambda manifest: manifest["integers"]["base"].__setitem__(0, manifest["integers"]["base"][0] + 1),
    "kind": lambda manifest: manifest.update(kind="evil"),
    "method": lambda manifest: manifest["integers"].update(method="evil"),
    "top": lambda manifest: manifest.update(top="two words"),
    "name": lambda manifest: manifest.update(name="-leading", top="-leading"),
    "error": lambda manifest: manifest.update(max_error_ulp=manifest["max_error_ulp"] / 2),
    "path": lambda manifest: manifest["files"].update({"/etc/hostname": "0" * 64}),
    "dots": lambda manifest: manifest["files"].update({"rtl/../../x.v": "0" * 64}),
    "beats": lambda manifest: manifest.update(beats=manifest["beats"] - 1),
    "results": lambda manifest: manifest.update(results=manifest["results"] - 1),
    "frames": lambda manifest: manifest.update(beats_in=2),
    "no frames": lambda manifest: manifest.update(beats_out=None),
    "capacity": lambda manifest: manifest.update(capacity_beats=manifest["capacity_beats"] + 1),
    "async-high": lambda manifest: manifest.update(reset="async-high"),
    "sync-low": lambda manifest: manifest.update(reset="sync-low"),
}


@pytest.mark.parametrize("edit", [*_EDITED, "deep", "no number", "huge"])
def test_the_command_line_refuses_in_one_line(edit, make_case, tmp_path, capsys):
    folder = shutil.copytree(make_case(PRESETS["gelu8"]).folder, tmp_path / "case")
    manifest = _read(folder)
    if edit in _EDITED:
        _EDITED[edit](manifest)
    _store(folder, manifest)
    manifest = json.loads((folder / "case.json").read_text())
    text = {"deep": "[" * 100_000, "no number": json.dumps(manifest).replace("0.", "NaN, 0.", 1)}.get(
        edit, json.dumps(manifest) + " " * ((1 << 26) * (edit == "huge")))
    (folder / "case.json").write_text(text)
    for command in (["simulate", str(folder)], ["synth", str(folder)]):
        assert main(command) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and "case must be" in said.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
@pytest.mark.parametrize("name", ["case.json", "integers.json", "SHA256SUMS", "vectors/input.hex", "rtl"])
def test_pipes_are_no_files_of_a_case(name, make_case, tmp_path, capsys):
    case = make_case(PRESETS["gelu8"])
    folder = shutil.copytree(case.folder, tmp_path / "case")
    pipe = folder / (f"rtl/{case.top}.v" if name == "rtl" else name)
    pipe.unlink()
    os.mkfifo(pipe)
    assert main(["simulate", str(folder)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "case must be" in said.err


@pytest.mark.parametrize("vectors", ["input", "expected", "weights", "expected_ones", "weights_inverted",
                                     "rewrites", "rewrites_expected"])
def test_vectors_are_counted_and_compared(vectors, make_case, tmp_path):
    folder = shutil.copytree(make_case(MACRO_PRESETS["cim-banks"]).folder, tmp_path / "case")
    path, manifest = folder / f"vectors/{vectors}.hex", json.loads((folder / "case.json").read_text())
    lines = path.read_text().splitlines()
    other = f"{int(lines[3], 16) ^ 1:0{len(lines[3])}x}"
    for edited in (lines[:-1], [*lines, lines[0]], [f"0{lines[0]}", *lines[1:]], ["g" * len(lines[0]), *lines[1:]],
                   ["\udcff" * len(lines[0]), *lines[1:]],
                   [*lines[:3], other, *lines[4:]]):
        path.write_text("\n".join([*edited, ""]), errors="surrogateescape")
        manifest["files"][f"vectors/{vectors}.hex"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (folder / "case.json").write_text(json.dumps(manifest))
        assert _refused(folder)


@pytest.mark.parametrize(("preset", "edit"), [("phi12", {"stages": 2}), ("cim-banks", {"stages": 3}),
                                              ("cim-w1a8-bipolar", {"bits_per_cycle": 4})])
def test_what_nothing_contradicts_fails_in_simulation(preset, edit, make_case, tmp_path, capsys):
    """All that follows from the edit is made to fit: only the hardware is another one."""
    made = make_case((PRESETS | MACRO_PRESETS)[preset])
    folder = shutil.copytree(made.folder, tmp_path / "case")
    manifest = _read(folder)
    manifest["spec"] |= edit
    manifest |= made.core.entries(*made.core.read(manifest["spec"], manifest["integers"]), made.reset)
    _mend(folder, manifest, verilog=True)
    _store(folder, manifest)
    assert not _refused(folder)
    assert main(["simulate", str(folder), "--simulator", find_simulator("icarus").name]) == 1
    assert "FAIL" in capsys.readouterr().out
