"""Everything that is run on this project, by name: ``nox -s NAME``; what follows ``--`` goes to the tool."""

import hashlib
import os
import sys
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.2.9"  # the first that reads dependency groups
nox.options.sessions = ["tests"]

# All sessions but `oldest` and `newest` share one environment, made here, so that PyTorch is installed once.
_ENVIRONMENT = Path(".nox/quadcim").absolute()
_PYTHON = str(_ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def _install(session: nox.Session, *groups: str) -> None:
    """Install the project and dependency groups, unless that very set has been installed already."""
    wanted = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *groups) if groups else ()
    inputs = [sys.version, Path("pyproject.toml").read_text(), Path("constraints.txt").read_text(), *wanted]
    key = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    stamp = _ENVIRONMENT / "-".join(("installed", *groups))
    if stamp.is_file() and stamp.read_text() == key:
        return
    if not Path(_PYTHON).exists():
        session.run_install(sys.executable, "-m", "venv", str(_ENVIRONMENT), external=True)
    session.run_install(_PYTHON, "-m", "pip", "install", "-q", "-c", "constraints.txt", "-e", ".", *wanted,
                        external=True)
    stamp.write_text(key)


def _run(session: nox.Session, *arguments: str) -> None:
    session.run(_PYTHON, "-m", *arguments, *session.posargs, external=True)


def _workers() -> str:
    return str(min(len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1, 8))


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """From a photo to verified Verilog: results in demo-output/."""
    _install(session)
    session.run(_PYTHON, "examples/demo.py", *session.posargs, external=True)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """The test suite, without the long regression."""
    _install(session, "test", "route")
    _run(session, "pytest", "-n", _workers(), "--dist", "worksteal")


def _requirements() -> list[str]:
    """Everything that the project asks for and that its tests use."""
    project = nox.project.load_toml("pyproject.toml")
    return [*project["project"]["dependencies"], *nox.project.dependency_groups(project, "test", "route")]


def _at_lower_bound(requirement: str) -> str:
    """Pin the release that a requirement's lower bound names: a requirement without one is an error."""
    wanted = Requirement(requirement)
    (lowest,) = (bound.version for bound in wanted.specifier if bound.operator in {">=", "=="})
    return f"{wanted.name}=={lowest}"


def _test_with(session: nox.Session, *requirements: str) -> None:
    session.install("-e", ".", *requirements)
    session.run("python", "-m", "pytest", "-n", _workers(), "--dist", "worksteal", *session.posargs)


@nox.session(reuse_venv=True)
def oldest(session: nox.Session) -> None:
    """The test suite with every requirement at its lower bound in pyproject.toml, in an environment of its own."""
    # Matplotlib 3.9 uses names that pyparsing 3.3, which came later, warns of; warnings are errors here.
    _test_with(session, *map(_at_lower_bound, _requirements()), "pyparsing<3.3")


@nox.session(reuse_venv=True)
def newest(session: nox.Session) -> None:
    """The test suite with the newest releases that pyproject.toml admits, in an environment of its own."""
    _test_with(session, "--upgrade", "--upgrade-strategy", "eager", *_requirements())


@nox.session(venv_backend="none")
def regress(session: nox.Session) -> None:
    """All tests and the long regression: every preset under cocotb, the large grid of macros."""
    _install(session, "test", "route")
    _run(session, "pytest", "--long", "-n", _workers(), "--dist", "worksteal")


@nox.session(venv_backend="none")
def seeds(session: nox.Session) -> None:
    """What draws from the seed, with 200 seeds."""
    _install(session, "test", "route")
    _run(session, "pytest", "--seeds", "200", "-q", "-n", _workers(), "--dist", "worksteal")


@nox.session(venv_backend="none")
def render(session: nox.Session) -> None:
    """Engines: 204 random networks and foldings, and whole signals; what follows -- are pictures for the latter."""
    _install(session, "test", "route")
    session.run(_PYTHON, "-m", "pytest", "tests/cores/inr", "--seeds", "34", "-q", "-n", _workers(), external=True)
    images = ["--images", *session.posargs] if session.posargs else []
    session.run(_PYTHON, "-m", "benchmarks", "inr", "rendering", *images, external=True)


@nox.session(venv_backend="none")
def formal(session: nox.Session) -> None:
    """Proofs about emitted Verilog at small widths, and a table of them; bugs put in are found."""
    _install(session, "test")
    _run(session, "pytest", "tests/formal", "--formal", "-n", _workers(), "--dist", "worksteal")


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style and imports."""
    _install(session, "lint")
    _run(session, "ruff", "check", ".")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Static types."""
    _install(session, "test", "types")
    # Not by folder: pyright does not follow linked folders that it is given, and finds nothing wrong in them.
    _run(session, "pyright", "--pythonpath", _PYTHON)


@nox.session(venv_backend="none")
def wheel(session: nox.Session) -> None:
    """The wheel alone in a new environment: a case of each kind is generated, simulated and proved."""
    _install(session, "test")
    folder = Path(session.create_tmp()).absolute()
    _run(session, "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), ".")
    (built,) = (folder / "dist").glob("*.whl")
    environment = folder / "environment"
    session.run(sys.executable, "-m", "venv", "--clear", str(environment), external=True)
    python = str(environment / _PYTHON.removeprefix(f"{_ENVIRONMENT}/"))
    session.run(python, "-m", "pip", "install", "-q", "-c", str(Path("constraints.txt").absolute()), str(built),
                external=True)
    with session.chdir(folder):  # the sources are nowhere on the path
        for kind, options in (("activation", ["--preset", "phi8"]),
                              ("cim", ["--rows", "3", "--columns", "2", "--activation-bits", "2"])):
            for words in (["generate", kind, *options, "--out", kind, "--force"], ["simulate", kind], ["prove", kind]):
                session.run(python, "-m", "quadcim", *words, external=True)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """The figures that the documentation quotes, measured: cost, speed, start-up, accuracy."""
    _install(session, "route")
    _run(session, "benchmarks")
