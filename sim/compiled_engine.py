"""The engine of the bulk simulator for arithmetic of words: the design, compiled by Verilator and a C++ compiler."""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from quadcim.cache import cached_folder
from quadcim.files import plain_folder
from quadcim.sim.design import SimulatedDesign
from quadcim.sim.netlist import module_counts
from quadcim.sim.tools import cxx_compiler, cxx_version, find_simulator, run_tool

__all__ = ["CompiledEngine", "multipliers"]

_DRIVER = Path(__file__).with_name("compiled.cpp")
_TOP = "quadcim_bulk"
_VERILATOR = ["--cc", "-O3", "--no-timing", "-Wno-fatal", "--x-assign", "0", "--x-initial", "0", "--top-module", _TOP,
              "--prefix", f"V{_TOP}"]
_CXX = ["-std=c++17", "-O2", "-fPIC", "-w", "-fvisibility=hidden"]
_RUNTIME = ("verilated", "verilated_threads")
_COMMENT = re.compile(r"//[^\n]*|\(\*.*?\*\)|@\*", re.DOTALL)
_PRODUCT = re.compile(r"([\w')\]]+) \* ([\w'(~$]+)")
_CONSTANT = re.compile(r"\d+'s?[bodh][\da-f]+")


def multipliers(sources: Iterable[Path]) -> int:
    """How many products of two words the Verilog of a design has, those of modules in several places in each of them.

    A product with a constant is a few additions.
    """
    text = _COMMENT.sub("", "\n".join(source.read_text(encoding="utf-8") for source in sources))
    return sum(count * _products(body) for body, count in module_counts(text))


def _products(text: str) -> int:
    return sum(not any(map(_CONSTANT.fullmatch, operands)) for operands in _PRODUCT.findall(text))


class CompiledEngine:
    """A design, compiled: a single copy of it.

    Parameters
    ----------
    design : SimulatedDesign
        Whose RTL is read.

    Raises
    ------
    IllegalSetting
        If Verilator or a C++ compiler is not installed.
    ToolError
        If one of them fails.
    """

    lanes = 1

    def __init__(self, design: SimulatedDesign):
        self._library = ctypes.CDLL(str(_compiled(design) / "design.so"))
        self._library.quadcim_compiled_run.restype = None

    def run(self, *arguments: object) -> None:
        """Call the driver: see compiled.cpp."""
        self._library.quadcim_compiled_run(*arguments)


def _compiled(design: SimulatedDesign) -> Path:
    """The folder with the library of a design, from the cache or compiled now."""
    sources = {f"source{number}.v": _with_images(path.read_text(encoding="utf-8"), design.images)
               for number, path in enumerate(design.simulation_sources)}
    sources["shim.v"] = _shim(design)
    widths = _widths(design)
    key = hashlib.sha256("\0".join([*_tools(), _DRIVER.read_text(), *widths, *sources.values()]).encode())

    def build(folder: Path) -> None:
        # Neither tool sees paths of the user's or of the cache.
        with plain_folder() as plain:
            for name, text in sources.items():
                (plain / name).write_text(text, encoding="utf-8")
            run_tool([find_simulator("verilator").executable, *_VERILATOR, "--Mdir", plain / "made",
                      *(plain / name for name in sources)])
            shutil.copyfile(_DRIVER, plain / "made/driver.cpp")
            objects = _objects(plain / "made", _together(plain / "made"), widths)
            run_tool([cxx_compiler(), "-shared", "-pthread", "-o", plain / "design.so", *objects,
                      *(_runtime() / f"{name}.o" for name in _RUNTIME)])
            shutil.copyfile(plain / "design.so", folder / "design.so")

    return cached_folder("bulk-verilator", key.hexdigest(), build)


def _with_images(text: str, images: Sequence[Path]) -> str:
    """Verilog in which the images are named by where they are in the cache: a library has no folder to look in."""
    if not images:
        return text
    key = hashlib.sha256("\0".join(f"{path.name}\0{path.read_text()}" for path in images).encode()).hexdigest()

    def build(folder: Path) -> None:
        for path in images:
            shutil.copyfile(path, folder / path.name)

    folder = cached_folder("bulk-images", key, build)
    for path in images:
        text = text.replace(f'"{path.name}"', f'"{_verilog_text(folder / path.name)}"')
    return text


def _verilog_text(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _shim(design: SimulatedDesign) -> str:
    """A module around the design whose ports are the same for all: no double underscores, and all three streams."""
    ports = {port.name: port for port in design.ports}
    widths = {stream: ports[f"{stream}__payload"].width if f"{stream}__payload" in ports else 1 for stream in "iow"}
    absent = [f"  assign {wire} = {value};" for wire, value in (("i_ready", "1'b1"), ("w_ready", "1'b0"))
              if wire.replace("_", "__") not in ports]
    own = [f"  wire {port.wire};" for port in design.ports if port.name.endswith("__last")]
    return "\n".join([
        f"module {_TOP} (input clk, input rst,",
        f"  input [{widths['i'] - 1}:0] i_payload, input i_valid, output i_ready,",
        f"  output [{widths['o'] - 1}:0] o_payload, output o_valid, input o_ready,",
        f"  input [{widths['w'] - 1}:0] w_payload, input w_valid, output w_ready);", *absent, *own,
        f"  {design.top} dut ({', '.join(f'.{port.name}({port.wire})' for port in design.ports)});", "endmodule", ""])


def _widths(design: SimulatedDesign) -> list[str]:
    """The widths of payloads, as the driver's macros."""
    widths = {port.name[0]: port.width for port in design.ports if port.name.endswith("__payload")}
    return [f"-D{stream.upper()}_WIDTH={widths.get(stream, 1)}" for stream in "iow"]


@cache
def _tools() -> tuple[str, ...]:
    """What a build depends on beside the design."""
    verilator = find_simulator("verilator")
    return str(verilator), cxx_version(), str(_VERILATOR), str(_CXX)


@cache
def _include() -> Path:
    """Where the headers and sources of Verilator's runtime are."""
    run = subprocess.run([find_simulator("verilator").executable, "--getenv", "VERILATOR_ROOT"], capture_output=True,
                         text=True, check=True)
    return Path(run.stdout.strip()) / "include"


@cache
def _runtime() -> Path:
    """The folder with Verilator's runtime, compiled once for all designs."""
    def build(folder: Path) -> None:
        with plain_folder() as plain:
            shutil.copytree(_include(), plain / "include")
            for path in _objects(plain, [plain / f"include/{name}.cpp" for name in _RUNTIME], []):
                shutil.copyfile(path, folder / path.name)

    return cached_folder("verilator-runtime", hashlib.sha256("\0".join(_tools()).encode()).hexdigest(), build)


def _together(folder: Path) -> list[Path]:
    """Sources that include those of a folder, as many as there are processors: all read the same long headers."""
    groups: list[list[Path]] = [[] for _ in range(os.cpu_count() or 1)]
    for path in sorted(folder.glob("*.cpp"), key=lambda path: -path.stat().st_size):
        min(groups, key=lambda group: sum(other.stat().st_size for other in group)).append(path)
    made = []
    for number, group in enumerate(filter(None, groups)):
        made.append(folder / f"together{number}.cpp")
        made[-1].write_text("".join(f'#include "{path.name}"\n' for path in group), encoding="ascii")
    return made


def _objects(folder: Path, sources: Sequence[Path], flags: Sequence[str]) -> list[Path]:
    """Compile sources of a folder side by side."""
    include = _include()

    def compile_one(source: Path) -> Path:
        target = folder / f"{source.stem}.o"
        run_tool([cxx_compiler(), *_CXX, *flags, f"-I{folder}", f"-I{include}", f"-I{include}/vltstd", "-c", "-o",
                  target, source])
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources))
