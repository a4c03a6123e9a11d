"""The kinds of core: ours, and those that other distributions bring by the entry point ``quadcim.cores``."""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from quadcim.cores.core import AnyCore, CoreSpec
from quadcim.spec.errors import IllegalSetting, check_one_of

__all__ = ["GROUP", "core_of", "cores", "find_core", "find_preset", "presets"]

GROUP = "quadcim.cores"
# Ours are there without an installation, too.
_OWN = {"activation": "quadcim.cores.activation.core:ActivationCore", "cim": "quadcim.cores.cim.core:CimCore",
        "inr": "quadcim.cores.inr.core:InrCore"}


@cache
def cores() -> dict[str, AnyCore]:
    """All kinds by name; ours come first.

    Raises
    ------
    IllegalSetting
        If two distributions have a kind of one name.
    """
    found = [EntryPoint(name, value, GROUP) for name, value in _OWN.items()]
    found += sorted(entry for entry in entry_points(group=GROUP) if _OWN.get(entry.name) != entry.value)
    kinds: dict[str, AnyCore] = {}
    for entry in found:
        if entry.name in kinds:
            raise IllegalSetting("kind", "a name that no other distribution's core has", entry.name)
        kinds[entry.name] = _made(entry)
    return kinds


def _made(entry: EntryPoint) -> AnyCore:
    return getattr(import_module(entry.module), entry.attr)()


def find_core(name: str) -> AnyCore:
    """The kind of a name, or an error that lists the names."""
    check_one_of("kind", name, cores())
    return cores()[name]


def core_of(spec: CoreSpec) -> AnyCore:
    """The kind that a specification is of."""
    for core in cores().values():
        if isinstance(spec, core.spec_class):
            return core
    raise TypeError(f"{type(spec).__name__} is no specification of a core")


def presets() -> dict[str, CoreSpec]:
    """The named specifications of all kinds."""
    return {name: spec for core in cores().values() for name, spec in core.presets.items()}


def find_preset(core: AnyCore, name: str) -> CoreSpec:
    """A named specification of a kind, or an error that lists them."""
    check_one_of("preset", name, core.presets)
    return core.presets[name]
