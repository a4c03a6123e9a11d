"""What takes long to make, kept by what it depends on, and checked when it is read."""

import os
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from quadcim.ownership import LIST, file_sha256, read_list, write_list
from quadcim.scratch import replace_folder, scratch_folder, turn

__all__ = ["cached_folder"]

_KEY = "key"


def cached_folder(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder that `build` filled for a key, made now if it is not there yet, or not as it was made.

    Two processes that build the same at once both succeed; one result is kept. The caches live under the
    user's cache folder (``XDG_CACHE_HOME``) and may be deleted at any time.

    Parameters
    ----------
    kind : str
        What is built.
    key : str
        Hash of all that the build depends on.
    build : callable
        Fills the empty folder that it is given. A relocated build must work, and leave its files as they are.
    """
    folder = user_cache_path("quadcim") / kind / key[:32]
    if _whole(folder, key):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(folder.parent) as scratch:
        (new := scratch / "new").mkdir()
        build(new)
        (new / _KEY).write_text(key, encoding="ascii")
        write_list(new)
        _flush(new)
        with turn(folder.parent):
            if not _whole(folder, key):
                replace_folder(folder, new, scratch)
    return folder


def _whole(folder: Path, key: str) -> bool:
    """Whether a folder holds what was built for a key, every file as it was made, and nothing else."""
    sums, paths = read_list(folder / LIST), [path for path in folder.rglob("*") if not path.is_dir()]
    return ({str(path.relative_to(folder)) for path in paths} == {*sums, LIST} and _KEY in sums
            and all(file_sha256(folder / name) == digest for name, digest in sums.items())
            and (folder / _KEY).read_text(encoding="ascii", errors="replace") == key)


def _flush(folder: Path) -> None:
    """Have the disk hold all of a folder, before its name says that it is whole."""
    for path in (*folder.rglob("*"), folder):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
