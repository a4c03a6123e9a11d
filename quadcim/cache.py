"""Builds, cached by content."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["cached_folder"]


def cached_folder(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder that `build` filled for a key, made now if it is not there yet.

    Two processes that build the same at once both succeed; one result is kept. The caches live under the
    user's cache folder (``XDG_CACHE_HOME``) and may be deleted at any time.

    Parameters
    ----------
    kind : str
        What is built.
    key : str
        Hash of all that the build depends on.
    build : callable
        Fills the empty folder that it is given. A relocated build must work.
    """
    folder = user_cache_path("quadcim") / kind / key[:32]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        build(scratch)
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder
