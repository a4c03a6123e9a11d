"""Output that appears whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quadcim.spec.errors import IllegalSetting

__all__ = ["check_output_folder", "output_folder"]


def check_output_folder(out: Path, *, marker: str, force: bool) -> None:
    """Refuse a folder that cannot be written, before any work is done for it.

    Parameters
    ----------
    out : Path
        The folder to be.
    marker : str
        The file that every folder of this kind holds. Only a folder with it is ever replaced.
    force : bool
        Whether an existing folder may be replaced.

    Raises
    ------
    IllegalSetting
        If `out` exists and must not be replaced, or lies in no existing folder that can be written.
    """
    if os.path.lexists(out):
        if not force:
            raise IllegalSetting("out", "a path that does not exist yet (--force replaces)", str(out))
        if not (out / marker).is_file() and not (out.is_dir() and not any(out.iterdir())):
            raise IllegalSetting("out", f"a new path, or a folder with a {marker} of ours to replace", str(out))
    parent = out.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise IllegalSetting("out", "a path in a folder that can be written", str(out))


@contextmanager
def output_folder(out: Path, *, marker: str, force: bool) -> Iterator[Path]:
    """A temporary folder that becomes `out` when the block ends well, and vanishes when it does not.

    Takes what `check_output_folder` takes, and raises what it raises.
    """
    check_output_folder(out, marker=marker, force=force)
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        folder = Path(scratch, "new")
        folder.mkdir()
        yield folder
        if os.path.lexists(out):
            out.rename(Path(scratch, "old"))
        folder.rename(out)
