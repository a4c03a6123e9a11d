"""The files that a target adds to a case, whatever the kind of the case."""

from quadcim.boards.asic28.files import asic_files
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
    match target.name:
        case "vcu128":
            # Amaranth is imported here, so that asking for another target does not wait for it.
            from quadcim.boards.vcu128.files import vcu128_files

            files = vcu128_files(handoff)
        case "asic28":
            files = asic_files(handoff)
        case _:
            files = {}
    return {f"{target.name}/{name}": text for name, text in files.items()}
