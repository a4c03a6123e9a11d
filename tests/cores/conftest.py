"""Kinds of core of another distribution, installed beside this one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT, _SOURCE = Path(__file__).parents[2], Path(__file__).with_name("distribution")


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The folder in which the distribution is installed."""
    folder = tmp_path_factory.mktemp("distribution")
    shutil.copytree(_SOURCE, folder / "source")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--no-build-isolation", "--no-index", "--target", folder / "site", folder / "source"], check=True)
    return folder / "site"


@pytest.fixture(scope="session")
def python(installed):
    """Runs Python with the distribution; returns what it printed."""
    path = os.pathsep.join(map(str, (installed, ROOT)))

    def run(*words: object, returns: int = 0) -> str:
        ended = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False,
                               env=os.environ | {"PYTHONPATH": path})
        assert ended.returncode == returns, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    return run


@pytest.fixture(scope="session")
def quadcim(python):
    """Runs a command; returns what it printed."""
    return lambda *words, returns=0: python("-m", "quadcim", *words, returns=returns)
