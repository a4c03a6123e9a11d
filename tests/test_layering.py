"""The arrows between the parts of the package, read from the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim.boards.targets import TARGETS

_ROOT = Path(__file__).parents[1]
_MAY_IMPORT = {
    "spec": {"spec"},
    "fit": {"spec", "fit", "cache", "text_files"},
    "hw": {"spec", "fit", "hw"},
    "training": {"spec", "training"},
    "models": {"spec", "fit", "training", "models", "files", "pictures", "signals"},
    "sim": {"spec", "hw", "sim", "files", "ownership", "cache"},
    "boards": {"spec", "hw", "boards"},
    "cores": {"spec", "fit", "hw", "models", "sim", "boards", "cores", "arguments", "ownership", "signals",
              "text_files"},
}
_ROOMS = {
    "hw/emit": {"hw.emit"},
    "hw/streams": {"hw.emit", "hw.streams"},
    "hw/arithmetic": {"hw.emit", "hw.streams", "hw.arithmetic"},
    "hw/activation": {"hw.emit", "hw.streams", "hw.arithmetic", "hw.activation"},
    "hw/cim": {"hw.emit", "hw.streams", "hw.arithmetic", "hw.cim"},
    "hw/inr": {"hw.emit", "hw.streams", "hw.arithmetic", "hw.activation", "hw.inr"},
    "models/inr": {"models.inr"},
    "models/bwma": {"models.bwma"},
    "boards/asic28": {"boards.asic28"},
    "boards/vcu128": {"boards.vcu128"},
}
"""What the rooms of a part may import of its rooms."""
_WINGS = ("hw", "models", "sim", "boards")
"""Parts with a folder of their own beside the package, which links to them."""
_HEAVY = {"torch": {"models"}, "amaranth": {"hw", "boards"}}


def _sources(part: str) -> list[Path]:
    return sorted((_ROOT / (part if part in _WINGS else f"quadcim/{part}")).rglob("*.py"))


def _imports(path: Path, *, lazy: bool) -> set[str]:
    """The modules that a file names; without `lazy`, only those that importing it loads."""
    tree = ast.parse(path.read_text())
    inside = {id(node) for part in ast.walk(tree) if isinstance(part, ast.FunctionDef) or (
        isinstance(part, ast.If) and isinstance(part.test, ast.Name) and part.test.id == "TYPE_CHECKING")
        for node in ast.walk(part)}
    nodes = [node for node in ast.walk(tree) if lazy or id(node) not in inside]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) and node.module
              for alias in node.names}
    return names


@pytest.mark.parametrize("part", _MAY_IMPORT)
def test_arrows(part):
    for path in _sources(part):
        for name in _imports(path, lazy=True):
            if name.startswith("quadcim."):
                assert name.split(".")[1] in _MAY_IMPORT[part] | {"__version__"}, f"{path} imports {name}"


@pytest.mark.parametrize("room", _ROOMS)
def test_arrows_between_rooms(room):
    part, rooms = room.partition("/")[0], {f"quadcim.{name.replace('/', '.')}" for name in _ROOMS}
    for path in _sources(room):
        for name in _imports(path, lazy=True):
            entered = ".".join(name.split(".")[:3])
            if entered in rooms and entered.startswith(f"quadcim.{part}."):
                assert entered.removeprefix("quadcim.") in _ROOMS[room], f"{path} imports {name}"


def test_every_room_is_known():
    found = {str(path.parent.relative_to(_ROOT)) for part in _WINGS
             for path in (_ROOT / part).glob("*/__init__.py")}
    assert found == set(_ROOMS)


@pytest.mark.parametrize("part", _MAY_IMPORT)
@pytest.mark.parametrize("package", _HEAVY)
def test_heavy_packages_stay_where_they_belong(part, package):
    for path in _sources(part):
        loaded = any(name.split(".")[0] == package for name in _imports(path, lazy=False))
        assert not loaded or part in _HEAVY[package], f"{path} imports {package}"


def test_kinds_of_core_are_known_in_their_own_places_only():
    """Their specifications are named in spec, hw, models and cores; everything else asks the catalogue."""
    others = [*(_ROOT / "quadcim").glob("*.py"),
              *(path for part in ("cli", "regress", "sweep", "synth", "sim", "boards") for path in _sources(part))]
    allowed = {"api.py": "the functions that make designs of our kinds"}
    for path in others:
        named = {name.rpartition(".")[2] for name in _imports(path, lazy=True)}
        named &= {"ActivationUnit", "CimMacro", "CimIntegers", "ActivationCore", "CimCore", "InrEngine", "InrIntegers",
                  "InrCore"}
        assert not named or path.name in allowed, f"{path} knows {sorted(named)}"


_TRACE = """
import sys
from functools import cache
from pathlib import Path
from quadcim.cli import main

rooms = {str(Path(sys.argv[1], room)): room for room in ("hw", "models", "sim", "boards")}
inside, entered = [], []

@cache
def room_of(code):
    # Bodies of modules and classes run where something is imported first; targets.py only says what can be asked for.
    if not code.co_flags & 1 or code.co_filename.endswith("targets.py"):
        return None
    path = Path(code.co_filename).resolve()
    return next((room for folder, room in rooms.items() if path.is_relative_to(folder)), None)

def follow(frame, event, _argument):
    if event == "call" and (inside or room_of(frame.f_code)):
        if not inside and entered[-1:] != [room_of(frame.f_code)]:
            entered.append(room_of(frame.f_code))
        inside.append(frame)
    elif event == "return" and inside:
        assert inside.pop() is frame

sys.setprofile(follow)
status = main(sys.argv[2:])
sys.setprofile(None)
print(status, *entered)
"""


@pytest.mark.parametrize("target", TARGETS)
def test_generating_a_macro_enters_no_room_twice(target, tmp_path):
    """The golden model is asked from within sim, which asks for the vectors."""
    words = ["generate", "cim", "--rows", "6", "--columns", "2", "--target", target, "--out", str(tmp_path / "case")]
    run = subprocess.run([sys.executable, "-c", _TRACE, str(_ROOT), *words], capture_output=True, text=True,
                         check=True)
    assert run.stdout.splitlines()[-1] == "0 hw sim boards"


def test_spec_needs_the_standard_library_only():
    for path in _sources("spec"):
        for name in _imports(path, lazy=True):
            top = name.split(".")[0]
            assert top == "quadcim" or top in sys.stdlib_module_names, f"{path} imports {name}"


def test_command_line_starts_without_heavy_packages():
    heavy = ("torch", "amaranth", "numpy", "pyosys", "cocotb", "hw", "models")
    code = f"import sys, quadcim.cli, quadcim.generate; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
