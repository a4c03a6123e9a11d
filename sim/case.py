"""The case directory: what the generator wrote, read back and checked."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.files import CASE
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers, integers_from_json
from quadcim.spec.ports import Port
from quadcim.spec.reset import Reset, find_reset
from quadcim.spec.unit import ActivationUnit

__all__ = ["Case"]


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
            subject = (case.macro, case.macro_integers) if case.kind == "cim" else (case.unit, case.integers)
            whole = CASE.marks(folder) and all(
                (case.top, *subject, case.ports, case.rtl, case.reset, case.latency_cycles == subject[0].stages,
                 case.initiation_interval_cycles > 0))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return case if whole else None

    @property
    def name(self) -> str:
        """What its modules, files, cores and IP begin with."""
        return self.manifest["name"]

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.manifest["top"]

    @property
    def kind(self) -> str:
        """What it is a case of: "activation" or "cim"."""
        return self.manifest["kind"]

    @property
    def unit(self) -> ActivationUnit:
        """The specification of an activation unit."""
        return ActivationUnit.from_json(self.manifest["spec"])

    @property
    def integers(self) -> Integers:
        """The frozen integers of an activation unit."""
        return integers_from_json(self.manifest["integers"])

    @property
    def macro(self) -> CimMacro:
        """The specification of a compute-in-memory macro."""
        return CimMacro.from_json(self.manifest["spec"])

    @property
    def macro_integers(self) -> CimIntegers:
        """The frozen integers of a compute-in-memory macro."""
        return CimIntegers.from_json(self.manifest["integers"])

    @property
    def technology(self) -> str:
        """How its hardware is built."""
        return (self.macro if self.kind == "cim" else self.unit).technology

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
        return tuple(Port.from_json(port) for port in self.manifest["ports"])

    @property
    def elastic(self) -> bool:
        """Whether the output can be stalled."""
        return any(port.name == "o__ready" for port in self.ports)

    @property
    def reset(self) -> Reset:
        """How its reset works."""
        return find_reset(self.manifest["reset"])

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
