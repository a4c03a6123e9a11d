"""The files that a target adds to a case, whatever the kind of the case."""

from importlib import import_module

from quadcim.boards.handoff import Handoff
from quadcim.boards.targets import Target

__all__ = ["target_files"]


def target_files(target: Target, handoff: Handoff) -> dict[str, str]:
    """Make what a target adds to a case; equal settings give equal bytes.

    Returns
    -------
    dict
        Path in the case directory to text.
    """
    if not target.files:
        return {}
    # Imported here, so that asking for another target does not wait for Amaranth.
    module, _, function = target.files.partition(":")
    files = getattr(import_module(module), function)(handoff)
    return {f"{target.name}/{name}": text for name, text in files.items()}
