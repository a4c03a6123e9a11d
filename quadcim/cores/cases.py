"""Case directories read back, with the cores that they hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.cores.catalogue import find_core
from quadcim.cores.core import AnyCore
from quadcim.ownership import CASE, file_sha256
from quadcim.sim.case import Case
from quadcim.sim.manifest import contradiction, read_manifest
from quadcim.sim.vectors import read_vectors
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.reset import find_reset

__all__ = ["CoreCase", "load_case"]

_LEGAL = f"a case directory ({CASE.name} and the files that it lists)"


@dataclass(frozen=True)
class CoreCase(Case):
    """A case directory, and the core that it holds.

    Parameters
    ----------
    core : Core
        The kind.
    spec, integers
        The specification, and the frozen integers.
    """

    core: AnyCore
    spec: Any
    integers: Any


def load_case(folder: Path) -> CoreCase:
    """Read a case directory and check that it is as it was generated.

    All that follows from the specification and the integers is derived from them again, so that no manifest is believed
    that contradicts itself, its files or its Verilog.

    Raises
    ------
    IllegalSetting
        If there is no case, or anything in it is missing or changed.
    """
    if not CASE.marks(folder):
        raise IllegalSetting("case", _LEGAL, str(folder))
    manifest, frozen = read_manifest(folder, _derived)
    for name, sha256 in manifest["files"].items():
        if (found := file_sha256(folder / name)) != sha256:
            raise IllegalSetting("case", f"{_LEGAL} unchanged since it was generated",
                                 f"{folder} with {name} {'changed' if found else 'missing'}")
    if wrong := contradiction(folder, manifest):
        raise IllegalSetting("case", _LEGAL, f"{folder}, {wrong}")
    core = find_core(manifest["kind"])
    spec, integers = core.read(manifest["spec"], frozen)
    weights = folder / "vectors/weights.hex"
    stimulus = core.stimulus(spec, integers, read_vectors(weights) if weights.is_file() else [])
    return CoreCase(folder, manifest, stimulus, core.traits(spec), core, spec, integers)


def _derived(manifest: dict[str, Any], integers: Any) -> dict[str, Any]:
    """What follows from the specification, the integers and the reset."""
    core = find_core(manifest["kind"])
    return core.entries(*core.read(manifest["spec"], integers), find_reset(manifest["reset"]))
