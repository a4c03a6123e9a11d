"""The case directory: what the generator wrote, read back and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.ownership import CASE, file_sha256
from quadcim.sim.manifest import contradiction, read_manifest
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers, integers_from_json
from quadcim.spec.ports import Port
from quadcim.spec.reset import Reset, find_reset
from quadcim.spec.unit import ActivationUnit

__all__ = ["Case"]

_LEGAL = f"a case directory ({CASE.name} and the files that it lists)"


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
        """Read a case directory and check that it is as it was generated.

        All that follows from the specification and the integers is derived from them again, so that no manifest is
        believed that contradicts itself, its files or its Verilog.

        Raises
        ------
        IllegalSetting
            If there is no case, or anything in it is missing or changed.
        """
        if not CASE.marks(folder):
            raise IllegalSetting("case", _LEGAL, str(folder))
        case = cls(folder, read_manifest(folder))
        for name, sha256 in case.manifest["files"].items():
            if (found := file_sha256(folder / name)) != sha256:
                raise IllegalSetting("case", f"{_LEGAL} unchanged since it was generated",
                                     f"{folder} with {name} {'changed' if found else 'missing'}")
        if wrong := contradiction(folder, case.manifest):
            raise IllegalSetting("case", _LEGAL, f"{folder}, {wrong}")
        return case

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

    @property
    def images(self) -> tuple[Path, ...]:
        """The initial contents of its memories, which the sources name without a folder."""
        return tuple(self.folder / name for name in sorted(self.manifest["files"])
                     if "/" not in name and name.endswith(".hex"))

    def _sources(self, folder: str) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in sorted(self.manifest["files"])
                     if name.startswith(folder) and name.endswith(".v"))
