"""Output that appears whole or not at all, and replaces only what is ours."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from quadcim.ownership import (
    CASE,
    REGRESSION,
    SIMULATION,
    SYNTHESIS,
    TRAINING,
    Marker,
    file_sha256,
    foreign_files,
    read_list,
    write_list,
)
from quadcim.scratch import plain_folder, reclaim, replace_folder, scratch_folder, turn
from quadcim.spec.errors import IllegalSetting

__all__ = ["CASE", "REGRESSION", "SIMULATION", "SYNTHESIS", "TRAINING", "Marker", "check_output_file",
           "check_output_folder", "output_file", "output_folder", "plain_folder"]

_NAMED = 5
_FREE = "a path that does not exist yet (--force replaces)"


def check_output_folder(out: Path, *, marker: Marker, force: bool, option: str = "out") -> None:
    """Refuse a folder that cannot be written, before any work is done for it.

    Parameters
    ----------
    out : Path
        The folder to be.
    marker : Marker
        What every folder of this kind holds.
    force : bool
        Whether an older folder of this kind may be replaced: one in which every file is ours, and unedited.
    option : str
        The option that names it.

    Raises
    ------
    IllegalSetting
        If `out` exists and must not be replaced, or cannot be made.
    """
    try:
        path = _absolute(out)
        reclaim(path.parent)
        base = _base(path)
        if base == path.parent:
            with turn(base):
                _check_place(path, marker, force, option)
    except OSError as error:
        raise IllegalSetting(option, f"a path that the file system takes ({error.strerror})", str(out)) from error
    if not base.is_dir() or not os.access(base, os.W_OK):
        raise IllegalSetting(option, "a path in a folder that can be written", str(out))


def _check_place(out: Path, marker: Marker, force: bool, option: str) -> None:
    """Refuse to replace what is there without `force`, or if it holds anything that is not ours."""
    if not os.path.lexists(out):
        return
    if not force:
        raise IllegalSetting(option, _FREE, str(out))
    legal = f"a new path, or a folder to replace that holds only what quadcim wrote there ({marker.name}), unedited"
    if out.is_symlink() or not out.is_dir():
        raise IllegalSetting(option, legal, f"{out}, which is no folder")
    found = list(islice(foreign_files(out, marker), _NAMED + 1))
    if found:
        more = ", and more" if len(found) > _NAMED else ""
        raise IllegalSetting(option, f"{legal}; there are {', '.join(found[:_NAMED])}{more}", str(out))


@contextmanager
def output_folder(out: Path, *, marker: Marker, force: bool, option: str = "out") -> Iterator[Path]:
    """A scratch folder that becomes `out` when the block ends well, its files listed, and vanishes when it does not.

    Takes what `check_output_folder` takes, and raises what it raises; also at the end of the block, if something has
    appeared at `out` meanwhile.
    """
    check_output_folder(out, marker=marker, force=force, option=option)
    path = _absolute(out)
    with ExitStack() as stack:
        try:
            scratch = stack.enter_context(scratch_folder(_base(path)))
        except OSError as error:
            legal = f"a path in a folder that can be written ({error.strerror})"
            raise IllegalSetting(option, legal, str(out)) from error
        new = scratch / "new"
        new.mkdir()
        yield new
        write_list(new)
        path.parent.mkdir(parents=True, exist_ok=True)
        with turn(path.parent):
            # What appeared in a folder that was not there at first stays: only a neighbour of the scratch folder goes.
            _check_place(path, marker, force and path.parent == scratch.parent, option)
            replace_folder(path, new, scratch)


def check_output_file(path: Path, *, option: str, force: bool) -> None:
    """Refuse a file that cannot be written, before any work is done for it.

    A file of ours has its checksum beside it, in ``NAME.sha256``: the file itself can be of any kind.

    Parameters
    ----------
    path : Path
        The file to be.
    option : str
        The option that names it.
    force : bool
        Whether an older file may be replaced: one that quadcim wrote, and that was not edited.

    Raises
    ------
    IllegalSetting
        If it exists and must not be replaced, or cannot be made.
    """
    try:
        if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise IllegalSetting(option, "a path in a folder that can be written", str(path))
        with turn(path.absolute().parent):
            _check_file(path, option, force)
    except OSError as error:
        raise IllegalSetting(option, f"a path that the file system takes ({error.strerror})", str(path)) from error


def _check_file(path: Path, option: str, force: bool) -> None:
    """Refuse to replace what is there without `force`, or if it is not ours."""
    for there in (path, _beside(path)):
        if os.path.lexists(there):
            if not force:
                raise IllegalSetting(option, _FREE, str(there))
            if there.is_symlink() or not there.is_file() or _sums(path) is None:
                raise IllegalSetting(option, "a new path, or a file to replace that quadcim wrote", str(there))
    if path.exists() and file_sha256(path) not in (_sums(path) or ()):
        raise IllegalSetting(option, "a new path, or a file to replace that has not been edited", str(path))


_HEAD = "# quadcim wrote this file, and replaces it only while its checksum holds\n"


def _beside(path: Path) -> Path:
    """Where the checksum of a file of ours lies."""
    return path.with_name(f"{path.name}.sha256")


def _sums(path: Path) -> list[str] | None:
    """The checksums that a file of ours may have, or None if it is none of ours."""
    beside = _beside(path)
    try:
        said = beside.read_text(encoding="utf-8") if beside.is_file() else ""
    except (OSError, ValueError):
        return None
    return list(read_list(beside).values()) if said.startswith(_HEAD) else None


@contextmanager
def output_file(path: Path, *, option: str, force: bool) -> Iterator[Path]:
    """A scratch file that becomes `path` when the block ends well, its checksum beside it, and vanishes otherwise.

    Takes what `check_output_file` takes, and raises what it raises.
    """
    check_output_file(path, option=option, force=force)
    path = path.absolute()
    with scratch_folder(path.parent) as scratch:
        new, beside = scratch / path.name, _beside(path)
        yield new
        with turn(path.parent):
            _check_file(path, option, force)
            # Between the renames either file is ours: a kill leaves nothing that the next run refuses.
            sums = [file_sha256(file) for file in (new, path) if file.exists()]
            for kept in (sums, sums[:1]):
                (scratch / "sums").write_text(_HEAD + "".join(f"{digest}  {path.name}\n" for digest in kept),
                                              encoding="utf-8")
                (scratch / "sums").replace(beside)
                if new.exists():
                    new.replace(path)


def _base(path: Path) -> Path:
    """The deepest folder on the way to a path that exists."""
    return next(parent for parent in path.parents if os.path.lexists(parent))


def _absolute(out: Path) -> Path:
    """`out` without dots, so that its parent is the folder that holds it."""
    path = Path(os.path.normpath(out.absolute()))
    if path == path.parent:
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if len(path.name.encode()) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return path
