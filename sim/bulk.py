"""The bulk simulator: emitted Verilog compiled to native code, driven from numpy arrays with the loop in C++."""

import ctypes
import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quadcim.cache import cached_folder
from quadcim.hw.yosys import run_passes
from quadcim.sim.case import Case, Port
from quadcim.sim.tools import Simulator, cxx_compiler, find_simulator, run_tool
from quadcim.spec.errors import IllegalSetting

__all__ = ["Backend", "BulkResult", "BulkSimulator", "SimulationError"]

Backend = Literal["cxxrtl", "verilator"]

_DRIVER = Path(__file__).with_name("bulk.cpp")
_FLAGS = ["-std=c++17", "-O2", "-fPIC", "-w"]


class SimulationError(RuntimeError):
    """The design lost, repeated or never delivered beats."""


class _Statistics(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("cycles", "accepted", "delivered", "first_accepted", "first_delivered", "late")]


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a run returned.

    Parameters
    ----------
    outputs : ndarray of int64, shape (beats,); or of uint32, shape (beats, words), for payloads beyond 64 bits
        Raw integers, in order.
    cycles : int
        Clock cycles up to the last beat.
    latency_cycles : int
        Cycles from the first beat accepted to the first beat delivered.
    """

    outputs: NDArray
    cycles: int
    latency_cycles: int


class BulkSimulator:
    """A unit with one input stream ``i`` and one output stream ``o``, as native code.

    Parameters
    ----------
    case : Case
        The case whose RTL is compiled; builds are cached by content.
    backend : {"cxxrtl", "verilator"}
        Yosys's CXXRTL compiles fast and suits units; Verilator suits large designs.
    """

    def __init__(self, case: Case, *, backend: Backend = "cxxrtl"):
        if backend not in _BUILDERS:
            raise IllegalSetting("backend", "one of " + ", ".join(_BUILDERS), backend)
        self._ports = {port.name: port for port in case.ports}
        self._library = ctypes.CDLL(str(_library(case, backend)))
        self._library.quadcim_bulk_run.restype = None

    def run(self, inputs: ArrayLike, *, input_pause: float = 0.0, output_pause: float = 0.0,
            seed: int = 0) -> BulkResult:
        """Send all beats and collect all results.

        Parameters
        ----------
        inputs : array_like of int, shape (beats,); or of uint32, shape (beats, words), for payloads beyond 64 bits
            Raw integers of the input format.
        input_pause, output_pause : float
            Probability that a side pauses in a cycle, at least 0 and below 1.
        seed : int
            Seed of the pauses.

        Raises
        ------
        SimulationError
            If beats were lost, or came after the last one.
        """
        port, target = self._ports["i__payload"], self._ports["o__payload"]
        if output_pause and "o__ready" not in self._ports:
            raise IllegalSetting("output_pause", "0 for a unit whose receiver takes every beat", output_pause)
        words = _to_words(np.asarray(inputs), port)
        outputs = np.empty((len(words), _words(target)), dtype=np.uint32)
        shares = [_share(name, value) for name, value in
                  (("input_pause", input_pause), ("output_pause", output_pause))]
        patience = 100 + int(len(words) * 16 / ((1 - input_pause) * (1 - output_pause)))
        statistics = _Statistics()
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (words, outputs)]
        self._library.quadcim_bulk_run(*pointers, *map(ctypes.c_uint64, (len(words), *shares, seed, patience)),
                                       ctypes.byref(statistics))
        if statistics.delivered != len(words) or statistics.accepted != len(words) or statistics.late:
            raise SimulationError(f"{len(words)} beats: {statistics.accepted} accepted, {statistics.delivered} "
                                  f"delivered in {statistics.cycles} cycles, {statistics.late} after the last")
        return BulkResult(_from_words(outputs, target), statistics.cycles,
                          statistics.first_delivered - statistics.first_accepted)


def _share(name: str, probability: float) -> int:
    if not 0 <= probability < 1:
        raise IllegalSetting(name, "at least 0 and below 1", probability)
    return int(probability * 2**32)


def _words(port: Port) -> int:
    return -(-port.width // 32)


def _to_words(raws: NDArray, port: Port) -> NDArray[np.uint32]:
    """Beats as little-endian 32-bit words; bits beyond the port's width are ignored by the driver."""
    if raws.size and not np.issubdtype(raws.dtype, np.integer):
        raise IllegalSetting("inputs", "raw integers", f"an array of {raws.dtype}")
    if port.width > 64:
        return np.ascontiguousarray(raws, dtype=np.uint32).reshape(-1, _words(port))
    if port.format is not None and raws.size and not (
            port.format.minimum <= raws.min() and raws.max() <= port.format.maximum):
        raise IllegalSetting("inputs", f"raw integers of {port.format}", f"{raws.min()} to {raws.max()}")
    kind = np.uint32 if port.width <= 32 else np.uint64
    return np.ascontiguousarray(raws.astype(kind)).view(np.uint32).reshape(-1, _words(port))


def _from_words(words: NDArray[np.uint32], port: Port) -> NDArray:
    if port.width > 64:
        return words
    kind = np.uint32 if port.width <= 32 else np.uint64
    raws = words.reshape(-1).view(kind)
    if port.format is None or not port.format.signed:
        return raws.astype(np.int64)
    spare = raws.itemsize * 8 - port.width
    signed = (raws << spare).view(np.int32 if kind is np.uint32 else np.int64) >> spare
    return signed.astype(np.int64)


def _library(case: Case, backend: Backend) -> Path:
    """The compiled design, from the cache or made now."""
    key = hashlib.sha256()
    tool = version("pyosys") if backend == "cxxrtl" else str(find_simulator("verilator"))
    parts = [backend, tool, _compiler_version(), str(_FLAGS), str(case.ports)]
    for part in (*parts, *(path.read_text() for path in (_DRIVER, Path(__file__), *case.simulation_sources))):
        key.update(part.encode() + b"\0")

    def build(folder: Path) -> None:
        header, flags, sources = _BUILDERS[backend](case, folder)
        (folder / "design.h").write_text(header)
        run_tool([cxx_compiler(), *_FLAGS, *flags, f"-I{folder}", "-shared", "-o", folder / "design.so", _DRIVER,
                  *sources])

    return cached_folder("bulk", key.hexdigest(), build) / "design.so"


@cache
def _compiler_version() -> str:
    compiler = cxx_compiler()
    return compiler + subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout


_HEADER = """\
{include}
#define IN_WORDS {in_words}
#define OUT_WORDS {out_words}
#define IDLE_CYCLES {idle}
{helpers}
struct Design {{
  {top} top;
  void reset() {{
    offer(false, nullptr);
    take(false);
    for (int cycle = 0; cycle < 2; cycle++) {{ {assert_reset} settle(); commit(); }}
    {release_reset}
  }}
  void offer(bool valid, const uint32_t *words) {{
    put(top.{i_valid}, uint32_t(valid));
    if (valid) put_words<{in_width}>(top.{i_payload}, words);
  }}
  void take(bool ready) {{ {o_ready} }}
  bool ready() {{ {i_ready} }}
  bool valid() {{ return get(top.{o_valid}); }}
  void fetch(uint32_t *words) {{ get_words(top.{o_payload}, words); }}
  void settle() {{ {settle} }}
  void commit() {{ {commit} }}
}};
"""


def _header(case: Case, *, include: str, helpers: str, top: str, mangle: Callable[[str], str], settle: str,
            commit: str) -> str:
    """The C++ text between the driver and a simulator's model."""
    ports = {port.name: port for port in case.ports}
    reset = f"put(top.{mangle('rst')}, {{}}u);" if "rst" in ports else ""
    return _HEADER.format(
        include=include, helpers=helpers, top=top, settle=settle, commit=commit,
        in_words=_words(ports["i__payload"]), out_words=_words(ports["o__payload"]),
        in_width=ports["i__payload"].width, idle=case.latency_cycles + 8,
        assert_reset=reset.format(1), release_reset=reset.format(0),
        i_valid=mangle("i__valid"), i_payload=mangle("i__payload"), o_valid=mangle("o__valid"),
        o_payload=mangle("o__payload"),
        o_ready=f"put(top.{mangle('o__ready')}, uint32_t(ready));" if "o__ready" in ports else "",
        i_ready=f"return get(top.{mangle('i__ready')});" if "i__ready" in ports else "return true;")


_CXXRTL_HELPERS = """
template<size_t W> void put(cxxrtl::value<W> &to, uint32_t word) { to.data[0] = word; }
template<size_t N, size_t W> void put_words(cxxrtl::value<W> &to, const uint32_t *words) {
  for (size_t k = 0; k < to.chunks; k++) to.data[k] = words[k];
  to.data[to.chunks - 1] &= to.msb_mask;
}
template<size_t W> void get_words(const cxxrtl::value<W> &from, uint32_t *words) {
  for (size_t k = 0; k < from.chunks; k++) words[k] = from.data[k];
}
template<size_t W> void get_words(const cxxrtl::wire<W> &from, uint32_t *words) { get_words(from.curr, words); }
template<class T> bool get(const T &from) { uint32_t word; get_words(from, &word); return word; }
"""


def _build_cxxrtl(case: Case, folder: Path) -> tuple[str, list, list]:
    """CXXRTL's model of the design, and what the compiler needs for it."""
    import pyosys

    run_passes(*(["read_verilog", str(path)] for path in case.simulation_sources), ["hierarchy", "-top", case.top],
               ["rename", case.top, "top"], ["write_cxxrtl", "-g0", str(folder / "design.cc")])
    runtime = Path(pyosys.__file__).parent / "share/include/backends/cxxrtl/runtime"
    clocked = "clk" in {port.name for port in case.ports}
    if not clocked:
        settle, commit = "top.step();", ""
    elif "bool converged = false;" in (folder / "design.cc").read_text():
        # Some wire feeds back into itself, so that several evaluations may be needed.
        settle, commit = "top.p_clk.data[0] = 0; top.step();", "top.p_clk.data[0] = 1; top.step();"
    else:
        # One evaluation a cycle: with the clock always seen as rising, outputs show the state before the edge until
        # the commit, which is when a testbench samples them.
        settle, commit = "top.p_clk.data[0] = 1; top.prev_p_clk.data[0] = 0; top.eval();", "top.commit();"
    header = _header(case, include='#include "design.cc"', helpers=_CXXRTL_HELPERS, top="cxxrtl_design::p_top",
                     mangle=lambda name: "p_" + name.replace("_", "__"), settle=settle, commit=commit)
    return header, [f"-I{runtime}"], []


_VERILATOR_HELPERS = """
template<class T> void put(T &to, uint32_t word) { to = word; }
template<size_t N, class T> void put_words(T &to, const uint32_t *words) {
  if constexpr (std::is_integral_v<T>)
    to = T((N > 32 ? uint64_t(words[1 % IN_WORDS]) << 32 | words[0] : words[0]) & (~UINT64_C(0) >> (64 - N)));
  else {
    for (int k = 0; k < IN_WORDS; k++) to[k] = words[k];
    if (N % 32) to[IN_WORDS - 1] &= (1u << N % 32) - 1;
  }
}
template<class T> void get_words(const T &from, uint32_t *words) {
  if constexpr (std::is_integral_v<T>)
    for (int k = 0; k < OUT_WORDS; k++) words[k] = uint32_t(uint64_t(from) >> 32 * k);
  else
    for (int k = 0; k < OUT_WORDS; k++) words[k] = from[k];
}
template<class T> bool get(const T &from) { return from; }
"""


def _build_verilator(case: Case, folder: Path) -> tuple[str, list, list]:
    """Verilator's model of the design, and what the compiler needs for it."""
    simulator = find_simulator("verilator")
    run_tool([simulator.executable, "--cc", "-Wno-fatal", "--prefix", "Vdesign", "--top-module", case.top,
          "-Mdir", folder / "model", *case.simulation_sources])
    include = simulator.executable.parent.parent / "include"
    include = include if include.is_dir() else Path("/usr/share/verilator/include")
    flags = [f"-I{folder / 'model'}", f"-I{include}", f"-I{include / 'vltstd'}", "-DVL_TIME_CONTEXT", "-pthread"]
    clocked = "clk" in {port.name for port in case.ports}
    header = _header(
        case, include='#include <type_traits>\n#include "Vdesign.h"', helpers=_VERILATOR_HELPERS, top="Vdesign",
        mangle=lambda name: name.replace("__", "___05F"),
        settle="top.clk = 0; top.eval();" if clocked else "top.eval();",
        commit="top.clk = 1; top.eval();" if clocked else "")
    runtime = _verilator_runtime(include, flags, simulator)
    return header, flags, [*sorted((folder / "model").glob("*.cpp")), *sorted(runtime.glob("*.o"))]


def _verilator_runtime(include: Path, flags: list, simulator: Simulator) -> Path:
    """Verilator's runtime library, compiled once: it takes longer than most designs."""
    key = hashlib.sha256("\0".join([str(simulator), str(_FLAGS), _compiler_version()]).encode()).hexdigest()

    def build(folder: Path) -> None:
        for name in ("verilated", "verilated_threads"):
            run_tool([cxx_compiler(), *_FLAGS, *flags[1:], "-c", "-o", folder / f"{name}.o", include / f"{name}.cpp"])

    return cached_folder("verilator-runtime", key, build)


_BUILDERS: dict[str, Callable[[Case, Path], tuple[str, list, list]]] = {
    "cxxrtl": _build_cxxrtl, "verilator": _build_verilator}
