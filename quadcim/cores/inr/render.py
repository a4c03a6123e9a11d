"""A network's picture as its RTL renders it."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quadcim.cores.core import Report
from quadcim.cores.inr.stimulus import InrStimulus, coordinates_of
from quadcim.cores.rendered import Rendered
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.payload import from_integers, unpack
from quadcim.spec.inr_engine import Command

if TYPE_CHECKING:
    from quadcim.cores.cases import CoreCase

__all__ = ["render_case"]

_LONGEST = 4096
"""Samples of a command, at most."""


def render_case(case: "CoreCase", report: Report, *, threads: int | None = None) -> Rendered:
    """Render the whole signal of a case's network through its Verilog, row by row; by default with all processors.

    Raises
    ------
    SimulationError
        If samples are lost, or come after the last one.
    """
    engine, shape = case.spec, case.integers.network.shape
    report("compiling the Verilog")
    simulator = BulkSimulator(case, engine="verilator")
    commands = _rows(shape)
    # A call of the simulator drives a copy of the engine of its own, without the interpreter's lock.
    threads = max(1, min(threads or os.cpu_count() or 1, len(commands)))
    shares = [commands[index * len(commands) // threads:(index + 1) * len(commands) // threads]
              for index in range(threads)]
    report(f"rendering {' x '.join(map(str, shape))} samples through the RTL")
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(lambda share: _run(simulator, case, share), shares))
    seconds = time.perf_counter() - start
    channels, count = engine.sizes[-1], prod(shape)
    samples = np.concatenate([raws for raws, _cycles in results])
    report("computing the golden model")
    stimulus: InrStimulus = case.stimulus  # pyright: ignore[reportAssignmentType] - that of this kind
    golden = stimulus.golden(coordinates_of(Command.whole(shape), engine))
    # From the first sample of each thread to its last; a single one has no next one.
    between = sum(cycles for _raws, cycles in results) - (case.latency_cycles + 1) * threads
    cycles = between / (count - threads) if count > threads else None
    products = sum(outputs * inputs for outputs, inputs in engine.shapes)
    about = {"multipliers": f"{engine.multipliers}",
             "simulation": f"{count * products / seconds / 1e6:.0f} million products a second"}
    if cycles is not None:
        about["multipliers"] += f", {100 * products / (engine.multipliers * cycles):.2f} % of their cycles used"
        about["simulation"] += f", {count * cycles / seconds / 1e6:.2f} million cycles a second"
    return Rendered(samples.reshape(*shape, channels), golden.reshape(*shape, channels), cycles, seconds,
                    tuple(about.items()))


def _rows(shape: Sequence[int]) -> list[Command]:
    """Commands that render a signal in order: its rows, long ones in pieces."""
    *outer, width = shape
    commands = []
    for place in np.ndindex(*outer):
        fixed = tuple(2 * index + 1 - size for index, size in zip(place, outer, strict=True))[::-1]
        rest = (0,) * len(fixed)
        commands += [Command((2 * begin + 1 - width, *fixed), (2, *rest),
                             (min(_LONGEST, width - begin) - 1, *rest)) for begin in range(0, width, _LONGEST)]
    return commands


def _run(simulator: BulkSimulator, case: "CoreCase", commands: Sequence[Command]) -> tuple[NDArray[np.int64], int]:
    """The samples of some commands, samples x channels, and the cycles that they took."""
    stimulus: InrStimulus = case.stimulus  # pyright: ignore[reportAssignmentType] - that of this kind
    fmt = case.spec.coordinate
    payloads = [command.payload(fmt) for command in commands]
    width = next(port.width for port in case.ports if port.name == "i__payload")
    result = simulator.run(from_integers(payloads, width), frames=stimulus.frames(payloads))
    channels, output = case.spec.sizes[-1], case.integers.network.layers[-1].output
    # Payloads that are a single number come as such.
    raws = result.outputs[:, None] if channels == 1 else unpack(result.outputs, channels, output)
    return raws, result.cycles
