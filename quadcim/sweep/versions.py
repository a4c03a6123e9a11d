"""Releases of the tools that measurements depend on."""

from functools import cache
from importlib.metadata import version

from quadcim import __version__
from quadcim.sweep.measurements import MEASUREMENTS

__all__ = ["all_versions", "tool_versions"]


@cache
def tool_versions(measurement: str) -> str:
    """What results of a measurement depend on beside the point."""
    packages = {name: version(name) for name in ("amaranth", "pyosys", "torch")}
    tools = {"quadcim": __version__, **packages, **MEASUREMENTS[measurement].tools()}
    return ", ".join(f"{name} {release}" for name, release in tools.items())


def all_versions() -> tuple[str, ...]:
    """What results of today's tools carry, one way or another."""
    return tuple(dict.fromkeys(map(tool_versions, MEASUREMENTS)))
