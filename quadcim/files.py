"""Output that appears whole or not at all."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from quadcim.spec.errors import IllegalSetting

__all__ = ["CASE", "REGRESSION", "SYNTHESIS", "TRAINING", "Marker", "check_output_folder", "output_file",
           "output_folder"]


@dataclass(frozen=True, slots=True)
class Marker:
    """The JSON file by which a folder of ours is known: only such a folder is ever replaced.

    Parameters
    ----------
    name : str
        Its name.
    schema : str
        What its key "schema" says.
    """

    name: str
    schema: str

    def marks(self, folder: Path) -> bool:
        """Whether a folder is one of ours."""
        try:
            return json.loads((folder / self.name).read_text(encoding="utf-8"))["schema"] == self.schema
        except (OSError, ValueError, KeyError, TypeError):
            return False


CASE = Marker("case.json", "quadcim-case-3")
"""A case directory."""
TRAINING = Marker("metrics.json", "quadcim-training-1")
"""What a training leaves."""
REGRESSION = Marker("regress.json", "quadcim-regress-1")
"""What a regression leaves."""
SYNTHESIS = Marker("synth.json", "quadcim-synth-1")
"""What a synthesis leaves."""


def check_output_folder(out: Path, *, marker: Marker, force: bool) -> None:
    """Refuse a folder that cannot be written, before any work is done for it.

    Parameters
    ----------
    out : Path
        The folder to be.
    marker : Marker
        What every folder of this kind holds.
    force : bool
        Whether an older folder of this kind may be replaced.

    Raises
    ------
    IllegalSetting
        If `out` exists and must not be replaced, or cannot be made.
    """
    legal = "a path that does not exist yet (--force replaces)"
    try:
        if os.path.lexists(out):
            if not force:
                raise IllegalSetting("out", legal, str(out))
            empty = out.is_dir() and not any(out.iterdir())
            if out.is_symlink() or not (empty or marker.marks(out)):
                raise IllegalSetting("out", f"a new path, or a folder with a {marker.name} of ours to replace",
                                     str(out))
        parent = _absolute(out).parent
        while not os.path.lexists(parent):
            parent = parent.parent
    except OSError as error:
        raise IllegalSetting("out", f"a path that the file system takes ({error.strerror})", str(out)) from error
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise IllegalSetting("out", "a path in a folder that can be written", str(out))


@contextmanager
def output_folder(out: Path, *, marker: Marker, force: bool) -> Iterator[Path]:
    """A temporary folder that becomes `out` when the block ends well, and vanishes when it does not.

    Takes what `check_output_folder` takes, and raises what it raises; also at the end of the block, if something has
    appeared at `out` meanwhile.
    """
    check_output_folder(out, marker=marker, force=force)
    path = _absolute(out)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch_folder = tempfile.TemporaryDirectory(prefix=".quadcim-", dir=path.parent)
    except OSError as error:
        raise IllegalSetting("out", f"a path in a folder that can be written ({error.strerror})", str(out)) from error
    with scratch_folder as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        new.mkdir()
        yield new
        check_output_folder(out, marker=marker, force=force)
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except BaseException:
            if old.exists() and not path.exists():
                old.rename(path)
            raise


def _absolute(out: Path) -> Path:
    """`out` without dots, so that its parent is the folder that holds it."""
    path = Path(os.path.normpath(out.absolute()))
    if len(path.name.encode()) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return path


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """A temporary file that becomes `path` when the block ends well, and vanishes when it does not."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
