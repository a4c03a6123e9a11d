"""Folders to work in, beside what they will become: locked while a run lives, reclaimed by the next if it was killed.

A scratch folder holds ``lock``, on which its run has an exclusive ``flock``, and whatever the run makes. What it moves
out of the way lies in ``old``, and ``place`` holds its name: a kill between the two renames of a replacement loses
nothing, since whoever reclaims the folder puts it back first, if its place is still empty.

A command has one for its temporary files, and in its ``others`` links to all others that it makes, wherever they are:
whoever reclaims that one reclaims all.
"""

import fcntl
import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from quadcim.processes import end_processes

__all__ = ["clear_run", "in_use", "is_scratch", "plain_folder", "reclaim", "replace_folder", "scratch_folder",
           "turn"]

_TURNS = threading.local()
_PREFIX = ".quadcim-"
_LOCK, _OLD, _PLACE, _OTHERS = "lock", "old", "place", "others"
_PATIENCE_S, _PAUSE_S = 2, 0.01
_SAYS = b"a scratch folder of quadcim, whose next run removes it\n"


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, gone when the block ends; what killed runs left in `parent` is reclaimed first."""
    reclaim(parent)
    folder, lock = _create(parent)
    try:
        yield folder
    finally:
        _clear(folder)
        os.close(lock)
        if link := _link(folder):
            link.unlink(missing_ok=True)


def _link(folder: Path) -> Path | None:
    """Where the command, if this is one, has its link to a scratch folder."""
    run = Path(tempfile.gettempdir())
    return run / _OTHERS / folder.name if is_scratch(run) and folder.parent != run else None


@contextmanager
def plain_folder() -> Iterator[Path]:
    """A scratch folder for tools that take a space, a ``$`` or a letter beyond ASCII in a path for something else."""
    parent = tempfile.gettempdir()
    with scratch_folder(Path(parent if re.fullmatch(r"[\w./+-]+", parent, re.ASCII) else "/tmp")) as folder:
        yield folder


def _create(parent: Path) -> tuple[Path, int]:
    """A folder and its lock, which is held; another run may take either for a dead one's until it is."""
    while True:
        folder = parent / f"{_PREFIX}{secrets.token_hex(5)}"
        if link := _link(folder):  # before there is anything to find by it
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(folder)
        folder.mkdir(0o700)
        with suppress(FileNotFoundError):
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            with suppress(OSError):  # a file system without locks: its folders are never reclaimed
                fcntl.flock(lock, fcntl.LOCK_EX)
                os.write(lock, _SAYS)
            if (folder / _LOCK).exists():
                return folder, lock
            os.close(lock)


def replace_folder(path: Path, new: Path, scratch: Path) -> None:
    """Put a folder in the place of another, which goes into a scratch folder beside; in the `turn` of their parent."""
    place = scratch / _PLACE
    if path.exists():
        place.write_bytes(os.fsencode(path.name))
        path.rename(scratch / _OLD)
    new.rename(path)
    place.unlink(missing_ok=True)  # now nobody puts the old one back, even if its place is empty


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Runs that end at once take turns to look at, and to replace, what is in a folder; each thread once at a time."""
    if folder in (held := _TURNS.__dict__.setdefault("held", set())):  # a signal came meanwhile
        yield
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        held.add(folder)
        yield
    finally:
        held.discard(folder)
        os.close(lock)


def reclaim(parent: Path) -> None:
    """Remove the scratch folders in `parent` whose runs are gone, and put back what they had moved out of the way."""
    with suppress(OSError), os.scandir(parent) as entries:
        for folder in [Path(entry.path) for entry in entries if entry.name.startswith(_PREFIX)]:
            if is_scratch(folder):
                with suppress(OSError), _held(folder) as free:
                    if free:
                        clear_run(folder)
            else:
                with suppress(OSError):
                    folder.rmdir()  # a run that was killed before it had its lock


def is_scratch(folder: Path) -> bool:
    """Whether a folder is a scratch folder, and of this user."""
    lock = folder / _LOCK
    if not folder.name.startswith(_PREFIX) or folder.is_symlink() or lock.is_symlink() or not lock.is_file():
        return False
    if folder.lstat().st_uid != os.geteuid():
        return False
    said = lock.read_bytes()
    return said == _SAYS or (not said and len(list(folder.iterdir())) == 1)


def in_use(folder: Path) -> bool:
    """Whether the run of a scratch folder lives."""
    with _held(folder) as free:
        return not free


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether a scratch folder was nobody's; it is this process's while the block runs."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(lock)


def clear_run(run: Path, *, own: bool = False) -> None:
    """Clear a scratch folder whose command is at its end: its processes go, and so do its other folders.

    Parameters
    ----------
    run : Path
        The folder.
    own : bool
        Whether the command is this process, so that its folders are locked.
    """
    end_processes(run)
    if (run / _OTHERS).is_dir():
        for link in (run / _OTHERS).iterdir():
            with suppress(OSError):
                if not is_scratch(folder := link.readlink()):
                    folder.rmdir()  # its lock was still to come
                elif own or _comes_free(folder):
                    _clear(folder)
    _clear(run)


def _comes_free(folder: Path) -> bool:
    """Whether nobody holds a scratch folder; a process that was killed does for a moment after it is out of sight."""
    end = time.monotonic() + _PATIENCE_S
    while in_use(folder):
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE_S)
    return True


def _clear(folder: Path) -> None:
    """Put back, and remove; the lock goes last, so that a kill meanwhile leaves a folder that is known."""
    with suppress(OSError):
        name = os.fsdecode((folder / _PLACE).read_bytes())
        with turn(folder.parent):
            if Path(name).name == name and not os.path.lexists(folder.parent / name):
                (folder / _OLD).rename(folder.parent / name)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _LOCK:
            path.unlink()
    (folder / _LOCK).unlink()
    with suppress(OSError):
        folder.rmdir()
