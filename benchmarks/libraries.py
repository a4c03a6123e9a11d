"""The cell libraries that benchmarks map to."""

import os
from pathlib import Path

from quadcim.spec.errors import IllegalSetting

__all__ = ["NO_LIBRARY", "libraries", "nodes_nm"]

NO_LIBRARY = ("No library: name Liberty files by QUADCIM_LIBERTY, or apt-get install qflow-tech-osu018 "
              "qflow-tech-osu035.")
_OPEN = {Path("/", "usr/share/qflow/tech", name, f"{name}_stdcells.lib"): node
         for name, node in (("osu018", 180), ("osu035", None))}


def nodes_nm() -> dict[Path, int | None]:
    """The Liberty files and their nodes.

    ``QUADCIM_LIBERTY`` lists them as a search path does, with the node before the name where it is known:
    ``45=nangate45.lib:other.lib``. Without it, those that the system has.

    Raises
    ------
    IllegalSetting
        If it names what is no file, or a node that is no number.
    """
    named = [name for name in os.environ.get("QUADCIM_LIBERTY", "").split(os.pathsep) if name]
    if not named:
        return {path: node for path, node in _OPEN.items() if path.is_file()}
    found: dict[Path, int | None] = {}
    for entry in named:
        node, _, name = entry.rpartition("=")
        if not Path(name).is_file() or not (node.isdigit() or not node):
            raise IllegalSetting("QUADCIM_LIBERTY", f"files, or NODE=FILE with the node in nm, {os.pathsep!r} between "
                                 "them", entry)
        found[Path(name)] = int(node) if node else None
    return found


def libraries() -> list[Path]:
    """The Liberty files."""
    return list(nodes_nm())
