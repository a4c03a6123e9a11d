"""Whose a folder or a file is: ours is only what is listed with its checksum, and has not been edited since.

Every folder that a command makes holds a JSON file that says what it is, its marker, and ``SHA256SUMS`` over all its
files, the marker's too, as ``sha256sum -c`` reads it. What a later command leaves in it is a folder with a list of its
own.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from quadcim.scratch import in_use, is_scratch

__all__ = ["CASE", "LIST", "REGRESSION", "SIMULATION", "SYNTHESIS", "TRAINING", "Marker", "file_sha256",
           "foreign_files", "read_list", "write_list"]

LIST = "SHA256SUMS"
"""The list of a folder's files."""
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class Marker:
    """The JSON file by which a folder of ours is known.

    Parameters
    ----------
    name : str
        Its name.
    schema : str
        What its key "schema" says today.
    older : tuple of str
        What it said in earlier releases; None for a folder without a marker.
    written : tuple of str
        What is written beside the files that it names itself: patterns of names, ``{top}`` for that of the top module.
    """

    name: str
    schema: str
    older: tuple[str | None, ...] = ()
    written: tuple[str, ...] = ()

    def marks(self, folder: Path) -> bool:
        """Whether a folder is one of ours as it is written today."""
        return self._read(folder).get("schema") == self.schema

    def owns(self, folder: Path) -> bool:
        """Whether a folder is one of ours, of this release or an earlier one."""
        return self._read(folder).get("schema") in (self.schema, *self.older)

    def listed(self, folder: Path) -> "Listed":
        """What is listed in a folder of ours; without a list, as earlier releases wrote it, what its marker says."""
        manifest, sums = self._read(folder), read_list(folder / LIST)
        stated, top = manifest.get("files"), str(manifest.get("top"))
        files = stated if isinstance(stated, dict) else {}
        patterns = tuple(pattern.format(top=top) for pattern in self.written)
        if self.name not in sums:
            return Listed({**files, self.name: None}, patterns)
        # A file of the user's does not become ours by being added to the list.
        ours = {name: checksum for name, checksum in sums.items()
                if name == self.name or name in files or _matches(name, patterns)}
        return Listed({**ours, LIST: None if _is_plain_list(folder / LIST, sums) else ""}, ())

    def _read(self, folder: Path) -> dict[str, object]:
        try:
            manifest = json.loads(_text(folder / self.name))
        except (OSError, ValueError, RecursionError):
            manifest = None
        return manifest if isinstance(manifest, dict) else {}


@dataclass(frozen=True)
class Listed:
    """Names and checksums (None: any content), and patterns of further names."""

    sums: Mapping[str, str | None]
    patterns: tuple[str, ...]

    @cached_property
    def folders(self) -> set[str]:
        """The folders of what is listed."""
        return {str(parent) for name in self.sums for parent in Path(name).parents}

    def state(self, name: str, path: Path) -> str | None:
        """What is wrong with a file, if something is."""
        if path.is_symlink() or not path.is_file():
            return "foreign"
        if name not in self.sums:
            return None if _matches(name, self.patterns) else "foreign"
        return None if self.sums[name] in (None, file_sha256(path)) else "edited"


_SIMULATED = ("results.xml", "simulation.log", "coverage.json", "dump.vcd")
CASE = Marker("case.json", "quadcim-case-5", tuple(f"quadcim-case-{older}" for older in range(1, 5)),
              (*(f"sim/*/{name}" for name in _SIMULATED), "sim/*/{top}.fst"))
"""A case directory."""
TRAINING = Marker("metrics.json", "quadcim-training-1", (), (
    "network.safetensors", "frozen.safetensors", "comparison.png", "ntk.png", "curve.png", "layers/*.npy",
    "layers/*.json"))
"""What a training leaves."""
REGRESSION = Marker("regress.json", "quadcim-regress-1", (), ("junit.xml", "coverage.json", "report.md"))
"""What a regression leaves."""
SIMULATION = Marker("simulate.json", "quadcim-simulate-1", (None,), (*_SIMULATED, "report.md", "*.fst"))
"""What a simulation leaves."""
SYNTHESIS = Marker("synth.json", "quadcim-synth-1", (), ("report.md", "netlist.v", "cells.v"))
"""What a synthesis leaves."""
_MARKERS = (CASE, TRAINING, REGRESSION, SIMULATION, SYNTHESIS)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _text(path: Path) -> str:
    """The text of a file; a pipe or a device, which may have no end, has none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def file_sha256(path: Path) -> str | None:
    """The checksum of a file, or None if it cannot be read; a pipe or a device, which may have no end, is none."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def read_list(path: Path) -> dict[str, str]:
    """Names and checksums as ``sha256sum`` lists them; nothing where there is no such file."""
    try:
        lines = _text(path).splitlines()
    except (OSError, ValueError):
        return {}
    return {match[2]: match[1] for match in map(_LINE.fullmatch, lines) if match}


def write_list(folder: Path) -> None:
    """List all files of a folder, but for those of folders inside that have lists of their own."""
    names = sorted(str(path.relative_to(folder)) for path in _unlisted(folder))
    (folder / LIST).write_text(_list_text({name: file_sha256(folder / name) for name in names}), encoding="utf-8")


def _list_text(sums: Mapping[str, str | None]) -> str:
    return "".join(f"{checksum}  {name}\n" for name, checksum in sorted(sums.items()))


def _is_plain_list(path: Path, sums: Mapping[str, str]) -> bool:
    """Whether a list is as it is written, without a line that somebody added."""
    try:
        return _text(path) == _list_text(sums)
    except (OSError, ValueError):
        return False


def _unlisted(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if not path.is_dir():
            yield path
        elif not (path / LIST).is_file():
            yield from _unlisted(path)


def foreign_files(folder: Path, marker: Marker) -> Iterator[str]:
    """What is not ours in a folder: each name, and whether it is foreign or was edited.

    Parameters
    ----------
    folder : Path
        The folder.
    marker : Marker
        What it should be; without the marker everything in it is foreign.
    """
    listed = marker.listed(folder) if marker.owns(folder) else Listed({}, ())
    return _foreign(folder, "", listed)


def _foreign(folder: Path, inside: str, listed: Listed) -> Iterator[str]:
    """What is not listed in a folder, or in one `inside` it; folders of ours go by their own lists."""
    for entry in sorted(os.scandir(folder / inside), key=lambda entry: entry.name):
        name, path = f"{inside}{entry.name}", Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            if state := listed.state(name, path):
                yield f"{name} ({state})"
        elif is_scratch(path):
            if in_use(path):
                yield f"{name}/ (in use)"
        elif marker := next((marker for marker in _MARKERS if f"{name}/{marker.name}" not in listed.sums
                             and (path / marker.name).is_file() and marker.owns(path)), None):
            yield from (f"{name}/{text}" for text in foreign_files(path, marker))
        elif any(path.iterdir()) or name in listed.folders:
            yield from _foreign(folder, f"{name}/", listed)
        else:
            yield f"{name}/ (foreign)"
