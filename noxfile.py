"""Everything that is run on this project, by name: ``nox -s NAME``; what follows ``--`` goes to the tool."""

import hashlib
import os
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"  # the first with venv_location and dependency-group loading as used here
nox.options.sessions = ["tests"]
nox.options.reuse_existing_virtualenvs = True

# All sessions share one environment, so that PyTorch is installed once.
_SHARED = {"venv_location": ".nox/quadcim", "reuse_venv": True}
_STAMP = ".quadcim-installed"
_PYPROJECT = nox.project.load_toml("pyproject.toml")


def _install(session: nox.Session, *groups: str) -> None:
    """Install the project and dependency groups, unless that very set has been installed already."""
    wanted = [line for group in groups for line in nox.project.dependency_groups(_PYPROJECT, group)]
    inputs = [Path("pyproject.toml").read_text(), Path("constraints.txt").read_text(), *wanted]
    key = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    stamp = Path(session.virtualenv.location, _STAMP + "-".join(("", *groups)))
    if not stamp.is_file() or stamp.read_text() != key:
        session.install("-c", "constraints.txt", "-e", ".", *wanted)
        stamp.write_text(key)


def _workers() -> str:
    return str(min(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1, 8))


@nox.session(**_SHARED)
def demo(session: nox.Session) -> None:
    """From a photo to verified Verilog: results in demo-output/."""
    _install(session)
    session.run("python", "-m", "benchmarks.demo", *session.posargs)


@nox.session(**_SHARED)
def tests(session: nox.Session) -> None:
    """The test suite, without the long regression."""
    _install(session, "test")
    session.run("pytest", "-n", _workers(), "--dist", "worksteal", *session.posargs)


@nox.session(**_SHARED)
def regress(session: nox.Session) -> None:
    """All tests and the long regression: every preset under cocotb on both simulators."""
    _install(session, "test")
    session.run("pytest", "--long", "-n", _workers(), "--dist", "worksteal", *session.posargs)


@nox.session(**_SHARED)
def lint(session: nox.Session) -> None:
    """Style and imports."""
    _install(session, "lint")
    session.run("ruff", "check", ".")


@nox.session(**_SHARED)
def types(session: nox.Session) -> None:
    """Static types."""
    _install(session, "types", "test")
    # Not by folder name: pyright does not follow linked folders that it is given, and finds nothing wrong in them.
    session.run("pyright", *session.posargs)


@nox.session(**_SHARED)
def bench(session: nox.Session) -> None:
    """The figures that the documentation quotes, measured: cost, speed, start-up, accuracy."""
    _install(session)
    session.run("python", "-m", "benchmarks", *session.posargs)
