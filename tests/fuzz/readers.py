"""What quadcim reads: for each kind of file, valid ones, damage to them, and the command that reads one.

The commands stop after they have read: by another setting that is wrong, or where `STOPS` says so.
"""

import gzip
import hashlib
import io
import json
import random
import shutil
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from quadcim.boards.targets import find_target
from quadcim.generate import generate_case
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.sweep.measurements import Measured
from quadcim.sweep.points import Point
from quadcim.sweep.store import Store
from quadcim.sweep.versions import all_versions
from tests.conftest import make_unit
from tests.fuzz.mutations import COMMANDS, damage_bytes, damage_json, damage_text, hostile_text, json_text
from tests.synth.libraries import TINY

__all__ = ["READERS", "STOPS", "Reader", "make_material"]

Reader = Callable[[random.Random, Path, Path, bool], list[str]]
"""From a generator of choices, an empty folder, one of `make_material`, and whether the file is damaged, to the command
that reads it."""

STOPS = ("quadcim.fit.custom._inputs", "quadcim.hw.cim.plan.plan_macro",
         "quadcim.synth.flow._map", "quadcim.sweep.page.sweep_page", "quadcim.models.inr.train.train_inr")
"""What comes after the reading and takes its time."""

_CIM = ["generate", "cim", "--out", "out", "--rows", "2", "--columns", "3", "--stages", "2"]
_WEIGHTS = [[1, 0, 1], [0, 0, 1]]
_AFFINE = {"scale": [2, -3, 1], "offset": [1, 0, -1], "bias": 5, "shift": 1, "rounding": "half_up",
           "overflow": "saturate", "output": "SQ8.0"}
_SWEEP = """kind = "activation"
measure = ["error", "register_bits", "delay"]
where = ["stages <= 4 or width > 8"]
[fixed]
technology = "fpga"
[grid]
function = ["quad", "sine"]
width = [4, 6]
stages = "1..2"
[[points]]
function = "tanh"
width = 5
stages = 2
[search]
points = 4
minimise = ["max_error"]
maximise = ["clock_mhz"]
"""


def _text(draw: random.Random, path: Path, text: str, damaged: bool) -> None:
    """Write a text, damaged as text or as bytes."""
    if damaged and draw.random() < 0.6:
        text = damage_text(draw, text)
    data = text.encode(draw.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1")) if damaged else "utf-8",
                       errors="replace")
    if damaged and draw.random() < 0.01:
        part = draw.choice((data, b"\n", b"1,2\n", b"1,", b"1 ", b"[", b"\xff\xfe"))
        data = part * (draw.choice((1 << 20, 15 << 20, 17 << 20)) // len(part))
    path.write_bytes(damage_bytes(draw, data) if damaged and draw.random() < 0.4 else data)


def _function(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    rows = "".join(f"{k / 4},{draw.randint(-9, 9) / 8}\n" for k in range(-8, 9))
    _text(draw, folder / "f.csv", draw.choice(("", "x,y\n")) + rows, damaged)
    return ["generate", "activation", "--out", "out", "--function", "f.csv", "--input", "SQ2.2", "--output", "SQ2.2"]


def _weights_text(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    kind, encoding = draw.choice(("csv", "txt", "hex")), draw.choice(("unipolar", "bipolar"))
    zero = -1 if encoding == "bipolar" and kind != "hex" else 0
    rows = [[value or zero for value in row] for row in _WEIGHTS]
    text = {"csv": "".join(",".join(map(str, row)) + "\n" for row in rows), "hex": "5\n4\n",
            "txt": "".join(" ".join(map(str, row)) + " # row\n" for row in rows)}[kind]
    _text(draw, folder / f"w.{kind}", text, damaged)
    return [*_CIM, "--weights", f"w.{kind}", "--encoding", encoding]


def _weights_array(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    kinds = ["i1", "?", "f8", ">f2", "u8"] + (["c8", "S1", "U1", "O", "M8[s]", "V3"] if damaged else [])
    array = np.array(_WEIGHTS).astype(draw.choice(kinds))
    if damaged and draw.random() < 0.3:
        array = draw.choice((array[0], array[None], array[:0], array.T, np.asarray(1)))
    np.save(folder / "w.npy", array, allow_pickle=True)
    data = (folder / "w.npy").read_bytes()
    if damaged and draw.random() < 0.4:
        end = data.index(b"\n")
        header = damage_text(draw, data[10:end].decode("latin-1")).encode("latin-1", errors="replace")
        data = data[:8] + struct.pack("<H", len(header) % 65536) + header + data[end:]
    (folder / "w.npy").write_bytes(damage_bytes(draw, data) if damaged and draw.random() < 0.6 else data)
    return [*_CIM, "--weights", "w.npy"]


def _affine(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    _text(draw, folder / "a.json", json_text(draw, _AFFINE) if damaged else json.dumps(_AFFINE), damaged and
          draw.random() < 0.3)
    return [*_CIM, "--affine", "a.json"]


def make_material(folder: Path) -> None:
    """Make what takes longer: a unit and a macro, results of a sweep, networks."""
    from quadcim.models.inr.checkpoint import save_frozen, save_network
    from quadcim.models.inr.freeze import freeze
    from quadcim.models.inr.networks import Inr

    target = find_target("generic")
    unit = make_unit("SQ2.2", "SQ2.2", "nearest", 1, "elastic")
    generate_case(unit, target=target, clock_mhz=100, out=folder / "unit")
    generate_case(CimMacro(2, 3, 2), CimIntegers(), target=target, clock_mhz=100, out=folder / "macro")
    store = Store(folder / "results.db")
    for width in (4, 6, 8):
        store.add(Point("activation", {"function": "quad", "width": width, "stages": 1}),
                  {"error": Measured({"max_error_ulp": 1 / width}, None, 0.1)})
    store.close()
    all_versions()  # asks tools for theirs, once
    network = Inr(channels=1, hidden=4, layers=2, omega=20.0, seed=1)
    save_network(network, folder / "network")
    save_frozen(freeze(network, shape=(4, 4)), folder / "frozen")


def _listed(folder: Path) -> None:
    """Mend all checksums, so that what is wrong with a file has to be seen in it."""
    try:
        manifest = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        for name in manifest["files"]:
            manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "case.json").write_text(json.dumps(manifest), encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # so be it
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names if name != "SHA256SUMS"}
    (folder / "SHA256SUMS").write_text("".join(f"{checksum}  {name}\n" for name, checksum in sums.items()))


_READ_CASE = ["synth", "case", "--route", "nowhere", "--out", "out"]


def _manifest(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    shutil.copytree(material / draw.choice(("unit", "macro")), folder / "case")
    if damaged:
        # Any JSON file of it: the integers lie beside the manifest.
        path = draw.choice(sorted((folder / "case").glob("*.json")))
        text = path.read_text(encoding="utf-8")
        path.write_text(json_text(draw, json.loads(text)), encoding="utf-8", errors="replace")
        if draw.random() < 0.2:
            path.write_bytes(damage_bytes(draw, path.read_bytes()))
        if draw.random() < 0.8:
            _listed(folder / "case")
    return _READ_CASE


def _vectors(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    shutil.copytree(material / draw.choice(("unit", "macro")), folder / "case")
    if damaged:
        path = draw.choice(sorted((folder / "case/vectors").iterdir()))
        _text(draw, path, path.read_text(encoding="ascii"), damaged)
        if draw.random() < 0.9:
            _listed(folder / "case")
    return _READ_CASE


_LIBERTY_WORDS = ('function : "!A"', "cell(INV)", "pin(A)", "area : 1", "capacitive_load_unit(1, pf)",
                  "nom_voltage : 1.0", "next_state", "clocked_on", "library(tiny)")


def _library(draw: random.Random, damaged: bool) -> str:
    text = TINY.read_text(encoding="latin-1")
    if not damaged:
        return text
    if draw.random() < 0.4:  # a name or a value where it is read
        word = draw.choice([word for word in _LIBERTY_WORDS if word in text])
        head = word.split("(")[0] if "(" in word else word.split(" :")[0]
        new = f"{head}({draw.choice(COMMANDS)})" if "(" in word else f"{head} : {hostile_text(draw)}"
        return text.replace(word, new, 1)
    if draw.random() < 0.3:
        name = "".join(draw.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(draw.choice((1, 3))))
        sums = "+".join(f"{name}{k}" for k in range(draw.choice((2, 12, 27, 400))))
        return text.replace('function : "!A"', f'function : "{"(" * draw.choice((0, 1, 5000))}{sums}"', 1)
    return damage_text(draw, text)


def _synth(material: Path, name: str) -> list[str]:
    return ["synth", str(material / "unit"), "--liberty", name, "--out", "out"]


def _liberty(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    data = _library(draw, damaged).encode("utf-8", errors="replace")
    (folder / "l.lib").write_bytes(damage_bytes(draw, data) if damaged and draw.random() < 0.2 else data)
    return _synth(material, "l.lib")


def _gzipped(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    text = _library(draw, damaged and draw.random() < 0.5).encode("utf-8", errors="replace")
    if damaged and draw.random() < 0.03:
        text += b" " * draw.choice((1 << 20, 200 << 20))  # a small file that unpacks to a large one
    data = gzip.compress(text, 1)
    (folder / "l.lib.gz").write_bytes(damage_bytes(draw, data) if damaged and draw.random() < 0.7 else data)
    return _synth(material, "l.lib.gz")


def _sweep(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    text = _SWEEP
    if damaged and draw.random() < 0.5:
        key = draw.choice(("width = [4, 6]", 'stages = "1..2"', "points = 4", 'where = ["stages <= 4 or width > 8"]'))
        value = draw.choice((
            '"0..999999"', "[1.5]", "true", '"auto"', '"a"', "[[1]]", "{}", "[]", "9" * 400, "nan", "inf",
            '["' + "(" * 900 + '1"]', '["width * 9 ** 9 ** 9"]', '["stages in [' + "1," * 9000 + '1]"]',
            '["__import__(\'os\').system(\'touch owned\')"]', '"' + hostile_text(draw)[:900] + '"', "1979-05-27",
            "[[[[[[]]]]]]"))
        text = text.replace(key, f"{key.split(' =')[0]} = {value}")
    elif damaged:
        text = damage_text(draw, text)
    _text(draw, folder / "s.toml", text, damaged and draw.random() < 0.3)
    return ["sweep", "s.toml", "--dry-run"]


def _database(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    path = Path(shutil.copy(material / "results.db", folder / "r.db"))
    if damaged and draw.random() < 0.5:
        connection = sqlite3.connect(path)
        table, column = draw.choice((
            "points settings", "points kind", "points digest", "points spec", "figures value", "figures name",
            "figures digest", "measured error", "measured measurement", "measured tools")).split()
        value = draw.choice((None, -1, 1e308, "", hostile_text(draw), b"\xff\x00", "{", "[" * 5000,
                             json.dumps(damage_json(draw, {"function": "quad", "width": 4, "stages": 1}))))
        value = value.encode("utf-8", errors="replace").decode("utf-8") if isinstance(value, str) else value
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = 1", (value,))
        if draw.random() < 0.1:
            connection.execute(draw.choice((
                "DROP TABLE figures", "PRAGMA user_version = 99", "ALTER TABLE points ADD x",
                "CREATE VIEW v AS SELECT 1", "DELETE FROM points")))
        connection.commit()
        connection.close()
    elif damaged:
        path.write_bytes(damage_bytes(draw, path.read_bytes()))
    return ["report", "r.db", "--out", "page.html"]


_POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(touch owned) (%pipe%touch owned) (w) file\n%%EOF\n"


def _picture(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    file, kind = io.BytesIO(), draw.choice(("PNG", "JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP"))
    Image.fromarray(np.arange(16 * 12 * 3, dtype=np.uint8).reshape(16, 12, 3)).save(file, kind)
    data = file.getvalue()
    if damaged:
        data = damage_bytes(draw, data) if draw.random() < 0.95 else _POSTSCRIPT
    (folder / "p").write_bytes(data)
    return ["train", "inr", "--image", "p", "--out", "out"]


def _checkpoint(draw: random.Random, folder: Path, material: Path, damaged: bool) -> list[str]:
    """Python callers read them: `tests.fuzz.test_readers` has a command that does."""
    kind = draw.choice(("network", "frozen"))
    data = (material / kind).read_bytes()
    if damaged and draw.random() < 0.6:
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + length])
        if draw.random() < 0.7:
            inner = damage_json(draw, json.loads(header["__metadata__"]["quadcim"]))
            header["__metadata__"]["quadcim"] = json.dumps(inner)
        else:
            header = damage_json(draw, header)
        text = json.dumps(header).encode()
        data = struct.pack("<Q", len(text)) + text + data[8 + length:]
    elif damaged:
        data = damage_bytes(draw, data)
    (folder / "m.safetensors").write_bytes(data)
    return [f"load-{kind}", "m.safetensors"]


READERS: dict[str, Reader] = {
    "function": _function, "weights-text": _weights_text, "weights-array": _weights_array, "affine": _affine,
    "manifest": _manifest, "vectors": _vectors, "liberty": _liberty, "liberty-gzipped": _gzipped, "sweep": _sweep,
    "database": _database, "picture": _picture, "checkpoint": _checkpoint}
