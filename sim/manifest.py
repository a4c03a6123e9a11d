"""The manifest of a case, read with suspicion: all that can be derived is, and its files have to agree with it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from stat import S_ISREG
from types import NoneType
from typing import Any

from quadcim.ownership import CASE, LIST, read_list
from quadcim.sim.frames import FRAME_BITS
from quadcim.spec.canonical import canonical_json
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.naming import check_case_name
from quadcim.spec.reset import find_reset
from quadcim.spec.timing import Timing

__all__ = ["INTEGERS", "contradiction", "read_manifest"]

_LARGEST_FILE, _LARGEST_NUMBER, _MOST_CLOCK_MHZ, _LONGEST_PATH = 1 << 26, 1 << 62, 10_000, 200
INTEGERS = "integers.json"
"""The file of a case that holds its frozen integers."""
_STATED = {"schema", "name", "top", "target", "reset", "clock_mhz", "beats", "results", "writes", "files", "tools"}
# What vector files hold: payloads of a stream, as many as an entry says; some have another beginning of their name.
_VECTORS = {"input": ("i", "beats"), "expected": ("o", "results"), "weights": ("w", "writes"), "rewrites": ("w", None),
            "rewrites_expected": ("o", None)}
_TOOLS = {"quadcim", "amaranth", "pyosys"}
# Everything else in a manifest is a whole number, a text, a list or a table of such.
_TYPES: dict[str, tuple[type, ...]] = {
    "signed": (bool,), "folded": (bool,), "reflect_invert": (bool,), "adc": (dict, NoneType),
    "narrow": (dict, NoneType), "square": (dict, NoneType), "cells": (list, NoneType), "clock_mhz": (int, float),
    "beats_in": (int, NoneType), "beats_out": (int, NoneType), INTEGERS: (int, str, list, dict, NoneType),
    "max_error_ulp": (float, int)}
_ELSE = (int, str, list, dict)
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError,
              AssertionError, ZeroDivisionError)
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_PORT = re.compile(r"^ *(input|output) (?:wire |reg )?(?:signed )?(?:\[(\d+):0\] )?(\w+)", re.MULTILINE)
_SHA256 = re.compile("[0-9a-f]{64}")


Derive = Callable[[dict[str, Any], Any], Mapping[str, Any]]
"""From a manifest and its integers to the entries that follow from its specification, its integers and its reset."""


def read_manifest(folder: Path, derived: Derive) -> tuple[dict[str, Any], Any]:
    """The content of a case's ``case.json`` and of its ``integers.json``, if they are as the generator writes them.

    Raises
    ------
    IllegalSetting
        If it is not; the error says what is wrong with it, in a line.
    """
    path = folder / CASE.name
    legal = f"a case directory with a {CASE.name} as it was generated"
    try:
        manifest, integers = _read(path), _read(folder / INTEGERS)
        wrong = next(_wrong(manifest, integers, derived), None)
    except _MALFORMED as error:
        said = f"{error.option} must be {error.legal}" if isinstance(error, IllegalSetting) else type(error).__name__
        raise IllegalSetting("case", legal, f"{folder}, where it is malformed ({said})") from None
    if wrong is not None:
        raise IllegalSetting("case", legal, f"{folder}, where it has another {wrong}")
    return manifest, integers


def _read(path: Path) -> Any:
    """The content of a JSON file."""
    found = path.stat()
    if not S_ISREG(found.st_mode):
        raise ValueError("no regular file")
    if found.st_size > _LARGEST_FILE:
        raise ValueError(f"more than {_LARGEST_FILE} bytes")
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)


def contradiction(folder: Path, manifest: dict[str, Any]) -> str | None:
    """What the vectors or the Verilog of a case have that its manifest does not say, if there is anything."""
    ports = {port["name"]: port["width"] for port in manifest["ports"]}
    if others := manifest["files"].keys() ^ (read_list(folder / LIST).keys() - {CASE.name}):
        return f"where {CASE.name} and {LIST} do not both list {min(others)}"
    for name in sorted(manifest["files"]):
        if name.startswith("vectors/"):
            kind = name.removeprefix("vectors/").removesuffix(".hex")
            if kind == "frames":
                if not _has_vectors(folder / name, FRAME_BITS, None):
                    return f"where {name} does not hold frames as they are generated"
                continue
            stream, entry = _VECTORS.get(kind) or _VECTORS[kind.partition("_")[0]]
            count = manifest[entry] if entry else None
            if not _has_vectors(folder / name, ports[f"{stream}__payload"], count):
                return f"where {name} does not hold {'' if count is None else f'{count} '}vectors as they are generated"
    if "user_bits" in manifest:
        found = _ports(_text(folder / _wrapper(manifest)), f"{manifest['top']}_axis")
        if found.get("m_axis_tuser", ("output", 0)) != ("output", manifest["user_bits"]):
            return f"where {_wrapper(manifest)} has another width of TUSER than user_bits"
    return _other_verilog(_text(folder / f"rtl/{manifest['top']}.v"), manifest)


def _text(path: Path) -> str:
    """A text in which odd bytes are odd letters."""
    return path.read_text(encoding="utf-8", errors="replace")


def _wrapper(manifest: dict[str, Any]) -> str:
    """Where the AXI4-Stream wrapper is, if there is one."""
    return f"{manifest['target']}/{manifest['name']}_axis.v"


def _ports(verilog: str, module: str) -> dict[str, tuple[str, int]]:
    """Direction and width of each port of a module."""
    text = verilog.partition(f"module {module} (")[2].partition(");")[0]
    return {name: (direction, int(high or 0) + 1) for direction, high, name in _PORT.findall(text)}


def _other_verilog(verilog: str, manifest: dict[str, Any]) -> str | None:
    """What the top module has that the manifest does not say: its header, or its ports."""
    where, head = f"where rtl/{manifest['top']}.v is not that of", verilog.partition("\n\n")[0].splitlines()
    stated = {port["name"]: (port["direction"], port["width"]) for port in manifest["ports"]}
    # Without registers there is no reset, and the header tells of none.
    reset = f": {find_reset(manifest['reset']).description}" if "clk" in stated else ""
    for line in (manifest["name"], f"target {manifest['target']}{reset}", f"digest {manifest['digest']}"):
        if f"// {line}" not in head:
            return f"{where} {line}"
    return None if _ports(verilog, manifest["top"]) == stated else f"{where} such ports"


def _no_number(text: str) -> float:
    raise ValueError(text)


def _wrong(manifest: dict[str, Any], integers: Any, derived: Derive) -> Iterator[str]:
    """Entries that are not as they are generated."""
    yield from _mistyped("manifest", manifest)
    yield from _mistyped(INTEGERS, integers)
    check_case_name(manifest["name"])
    if manifest["top"] != manifest["name"]:
        yield "top"
    if not re.fullmatch("[a-z0-9]{1,40}", manifest["target"]):
        yield "target"
    if not 1 <= manifest["clock_mhz"] <= _MOST_CLOCK_MHZ:
        yield "clock_mhz"
    follows = dict(derived(manifest, integers))
    if canonical_json(integers) != canonical_json(follows.pop("integers")):
        yield INTEGERS
    wrapped = {"user_bits"} if _wrapper(manifest) in manifest["files"] else set()
    for name in sorted(manifest.keys() ^ (follows.keys() | _STATED | wrapped)):
        yield f"set of entries ({name})"
    for name, value in follows.items():
        if canonical_json(manifest[name]) != canonical_json(value):
            yield name
    loaded = any(port["name"] == "w__payload" for port in manifest["ports"])
    for name, least in (("beats", 1), ("results", 1), ("writes", int(loaded))):
        if type(manifest[name]) is not int or manifest[name] < least or (name == "writes" and not loaded
                                                                         and manifest[name]):
            yield name
    tools = manifest["tools"]
    if tools.keys() != _TOOLS or not all(isinstance(version, str) for version in tools.values()):
        yield "tools"
    yield from _misfiled(manifest, loaded=loaded)


def _misfiled(manifest: dict[str, Any], *, loaded: bool) -> Iterator[str]:
    """What is wrong with the list of files."""
    files, name = manifest["files"], manifest["name"]
    needed = {f"rtl/{name}.v", f"tb/{name}_tb.v", "vectors/input.hex", "vectors/expected.hex", INTEGERS}
    needed |= {"vectors/weights.hex"} if loaded else set()
    needed |= {"vectors/frames.hex"} if Timing.from_json(manifest).framed else set()
    if not needed <= files.keys():
        yield f"list of files: {min(needed - files.keys())} is missing"
    for path, sha256 in files.items():
        # Nothing outside the folder, whatever it is.
        if len(path) > _LONGEST_PATH or not _PATH.fullmatch(path) or not _SHA256.fullmatch(sha256):
            yield f"list of files ({path})"
        if path.startswith("vectors/") and not re.fullmatch(
                r"vectors/(input|frames|rewrites|rewrites_expected|(expected|weights)(_[a-z]+)?)\.hex", path):
            yield f"list of files ({path})"


def _mistyped(name: str, value: object, types: tuple[type, ...] | None = None) -> Iterator[str]:
    """Entries of other types than the generator writes: what is equal to a number is not one (true, 1.0)."""
    types = types or _TYPES.get(name, _ELSE)
    if type(value) not in types or (type(value) is int and abs(value) > _LARGEST_NUMBER):
        yield name
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _mistyped(key, part)
    elif isinstance(value, list):
        for part in value:
            yield from _mistyped(name, part, _ELSE)


def _has_vectors(path: Path, width: int, count: int | None) -> bool:
    """Whether a file holds payloads of some bits as the generator writes them, and so many if that is said."""
    digits, lines = -(-width // 4), _text(path).split("\n")
    written = re.compile(f"[0-9a-f]{{{digits}}}")
    return count in (None, len(lines) - 1) and not lines[-1] and all(
        written.fullmatch(line) and not int(line, 16) >> width for line in lines[:-1])
