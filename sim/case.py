"""The case directory: what the generator wrote, read back and checked."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.files import CASE
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.integers import Integers, integers_from_json
from quadcim.spec.unit import ActivationUnit

__all__ = ["Case", "Port", "read_vectors"]


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the top module; payloads have a format."""

    name: str
    direction: str
    width: int
    format: Format | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry of the manifest; `layout` lists the fields of a payload, the lowest bits first."""
        entry: dict[str, Any] = {"name": self.name, "direction": self.direction, "width": self.width}
        if self.format is not None:
            field = {"name": "value", "offset": 0, "width": self.width, "format": str(self.format)}
            entry |= {"format": str(self.format), "layout": [field]}
        return entry


@dataclass(frozen=True)
class Case:
    """A case directory.

    Parameters
    ----------
    folder : Path
        Where it is.
    manifest : dict
        The content of its ``case.json``.
    """

    folder: Path
    manifest: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Case":
        """Read a case directory and check that its files are those that were generated.

        Raises
        ------
        IllegalSetting
            If there is no case, or one of its files is missing or changed.
        """
        legal = f"a case directory ({CASE.name} and the files that it lists)"
        case = cls._read(folder)
        if case is None:
            raise IllegalSetting("case", legal, str(folder))
        for name, sha256 in case.manifest["files"].items():
            path = folder / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                raise IllegalSetting("case", f"{legal} unchanged since it was generated",
                                     f"{folder} with {name} {'changed' if path.exists() else 'missing'}")
        return case

    @classmethod
    def _read(cls, folder: Path) -> "Case | None":
        """A case whose manifest holds what the properties below need, or None."""
        try:
            case = cls(folder, json.loads((folder / CASE.name).read_text(encoding="utf-8")))
            whole = CASE.marks(folder) and all(
                (case.top, case.unit, case.integers, case.ports, case.rtl, case.latency_cycles == case.unit.stages))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return case if whole else None

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.manifest["top"]

    @property
    def unit(self) -> ActivationUnit:
        """The specification."""
        return ActivationUnit.from_json(self.manifest["spec"])

    @property
    def integers(self) -> Integers:
        """The frozen integers."""
        return integers_from_json(self.manifest["integers"])

    @property
    def latency_cycles(self) -> int:
        """Cycles from an accepted beat to the beat out."""
        return self.manifest["latency_cycles"]

    @property
    def initiation_interval_cycles(self) -> int:
        """Cycles from one beat to the next."""
        return self.manifest["initiation_interval_cycles"]

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports of the top module."""
        return tuple(Port(p["name"], p["direction"], p["width"], Format.parse(p["format"]) if "format" in p else None)
                     for p in self.manifest["ports"])

    @property
    def rtl(self) -> tuple[Path, ...]:
        """The synthesizable sources."""
        return self._sources("rtl/")

    @property
    def simulation_sources(self) -> tuple[Path, ...]:
        """The synthesizable sources, and models of the primitives that they instantiate."""
        return self.rtl + self._sources("models/")

    def _sources(self, folder: str) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in sorted(self.manifest["files"])
                     if name.startswith(folder) and name.endswith(".v"))


def read_vectors(path: Path, fmt: Format) -> list[int]:
    """The raw integers of a vector file: one beat a line, hexadecimal two's complement."""
    return [fmt.wrap(int(line, 16)) for line in path.read_text(encoding="ascii").split()]
