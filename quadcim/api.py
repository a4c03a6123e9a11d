"""The Python interface: a design is a specification, its integers, and all that can be done with them.

`quadcim.activation`, `quadcim.cim`, `quadcim.inr`, `quadcim.design` and `quadcim.load` make one.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.arguments import MOST_BEATS, MOST_SEEDS
from quadcim.boards.targets import check_clock, find_target
from quadcim.cores.catalogue import core_of, find_core
from quadcim.cores.core import AnyCore
from quadcim.progress import unheard
from quadcim.spec.activation import FORMATS, Activation, ActivationRounding
from quadcim.spec.cim import Adc, CellCodes, CimIntegers, CimMacro, Encoding, Storage
from quadcim.spec.errors import IllegalSetting, check_whole
from quadcim.spec.folding import Folding, fold_for_cycles
from quadcim.spec.formats import Format
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.inr_engine import InrEngine, InrIntegers
from quadcim.spec.timing import Timing
from quadcim.spec.unit import ActivationUnit, FlowControl

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component
    from numpy.typing import ArrayLike, NDArray

    from quadcim.cores.cases import CoreCase
    from quadcim.cores.rendered import Rendered
    from quadcim.sim.cosim import CosimResult
    from quadcim.spec.inr import FrozenInr

__all__ = ["Design", "LoadedDesign", "activation", "cim", "design", "inr", "load"]

_USUAL_WIDTH = 16


class Design:
    """A core: its specification, its frozen integers, and all that can be done with them.

    Parameters
    ----------
    spec : CoreSpec
        The specification: an `ActivationUnit`, a `CimMacro`, or one of another kind.
    integers : CoreIntegers, optional
        Its integers; by default its own: fitted, or none where weights are loaded.

    Attributes
    ----------
    core : Core
        The kind of core.
    spec, integers
        As above.

    Raises
    ------
    IllegalSetting
        If there is no such hardware.
    """

    def __init__(self, spec: Any, integers: Any = None):
        self.core: AnyCore = core_of(spec)
        self.spec: Any = spec
        self.integers: Any = self.core.usual_integers(spec) if integers is None else integers
        self.core.plan(self.spec, self.integers)

    def __repr__(self) -> str:
        return f"<{self.core.name} {self.core.summary(self.spec)}>"

    @property
    def timing(self) -> Timing:
        """Latency, initiation interval and capacity."""
        return self.core.interface(self.spec, self.integers).timing

    def component(self) -> "Component":
        """The Amaranth component, to build into a design of your own; streams ``i``, ``o``, and ``w`` for weights."""
        return self.core.component(self.spec, self.integers)

    def golden(self, x: "ArrayLike", weights: "ArrayLike | None" = None) -> "NDArray":
        """The exact integer function, bit for bit what the hardware gives.

        Parameters
        ----------
        x : array_like of int
            Raw integers of the input format: of an activation unit of any shape; of a macro of shape (..., rows).
        weights : array_like of int, shape (rows, columns), optional
            0 and 1: those of a macro whose weights are loaded.

        Returns
        -------
        ndarray of int64
            Raw integers of the output format; of a macro of shape (..., columns).
        """
        return self.core.golden(self.spec, self.integers, x, weights)

    def cost(self) -> Mapping[str, float]:
        """What it takes, by the rulers of docs/sweep.md, in a few seconds.

        Returns
        -------
        dict
            ``lut``, ``ff``, ``dsp``, ``lutram`` of an UltraScale+; and of standard cells ``combinational_ge`` and
            ``total_ge``, gate equivalents, unless primitives of an FPGA are instantiated.
        """
        from quadcim.hw.emit.synthesis import fpga_cost, gate_cost
        from quadcim.sim.design import write_design

        with tempfile.TemporaryDirectory() as folder:
            written = write_design(self.component(), Path(folder), top=self.spec.name, timing=self.timing)
            paths = [path for path in written.simulation_sources if path.name != "primitives.v"]
            fpga = fpga_cost(paths, written.top, written.images)
            gates = gate_cost(paths, written.top, written.images)
        figures = {"lut": fpga.lut, "ff": fpga.ff, "dsp": fpga.dsp, "lutram": fpga.lutram}
        return figures if gates.unweighted else figures | {
            "combinational_ge": round(gates.combinational_ge, 2), "total_ge": round(gates.total_ge, 2)}

    def generate(self, out: "str | Path", *, target: str = "generic", clock_mhz: float | None = None,
                 reset: str | None = None, user_bits: int = 0, name: str | None = None,
                 force: bool = False) -> "LoadedDesign":
        """Write its case directory, as ``quadcim generate`` does (docs/case.md).

        Parameters
        ----------
        out : str or Path
            The directory; it appears whole or not at all.
        target, clock_mhz, reset, user_bits, name, force
            As the options of ``quadcim generate``.

        Raises
        ------
        IllegalSetting
            If the target cannot take it, or `out` cannot be written.
        """
        from quadcim.generate import generate_case

        generate_case(self.spec, self.integers, target=find_target(target), clock_mhz=clock_mhz, reset=reset,
                      user_bits=user_bits, name=name, out=Path(out), force=force)
        return load(out)

    def simulate(self, *, simulator: str | None = None, beats: int = 0, seed: int = 0) -> "CosimResult":
        """Run the cocotb testbench on its case, as ``quadcim simulate`` does.

        Parameters
        ----------
        simulator : str, optional
            "icarus" or "verilator"; by default the first that is installed.
        beats : int
            Random beats on top of the case's own vectors.
        seed : int
            Of the stalls and of the random beats.
        """
        _check_run(beats, seed)
        with tempfile.TemporaryDirectory(prefix="quadcim-") as folder:
            return self.generate(Path(folder, "case")).simulate(simulator=simulator, beats=beats, seed=seed)


class LoadedDesign(Design):
    """A design whose case directory is there.

    Parameters
    ----------
    case : CoreCase
        The case.

    Attributes
    ----------
    case : CoreCase
        Its manifest, ports and files.
    """

    def __init__(self, case: "CoreCase"):
        super().__init__(case.spec, case.integers)
        self.case = case

    @property
    def folder(self) -> Path:
        """Where the case is."""
        return self.case.folder

    def simulate(self, *, simulator: str | None = None, beats: int = 0, seed: int = 0) -> "CosimResult":
        """Run the cocotb testbench on the case; results go to ``sim/`` in its folder."""
        from quadcim.sim.cosim import simulate
        from quadcim.sim.tools import find_simulator

        _check_run(beats, seed)
        return simulate(self.case, simulator=find_simulator(simulator), beats=beats, seed=seed)

    def render(self) -> "Rendered":
        """What the case shows as a whole, as its Verilog computes it: the picture of an engine."""
        return self.core.shown(self.case).render(unheard)


def _check_run(beats: object, seed: object) -> None:
    check_whole("beats", beats, 0, MOST_BEATS)
    check_whole("seed", seed, 0, MOST_SEEDS)


def load(folder: "str | Path") -> LoadedDesign:
    """The design of a case directory, which is checked.

    Raises
    ------
    IllegalSetting
        If there is no case, or anything in it is missing or changed.
    """
    from quadcim.cores.cases import load_case

    return LoadedDesign(load_case(Path(folder)))


def design(kind: str, **settings: Any) -> Design:
    """A design of any kind of core, by the settings that its points in sweeps have (docs/sweep.md)."""
    core, settings = find_core(kind), {name: _plain(value) for name, value in settings.items()}
    for name, value in settings.items():
        if name not in core.points.types:
            raise IllegalSetting("setting", "of " + ", ".join(core.points.types), name)
        core.points.types[name].check(name, value)
    return Design(core.points.build(settings))


def activation(function: str | Callable[[float], float] = "quad", *, input: str | None = None,
               output: str | None = None, rounding: ActivationRounding = "faithful", stages: int | None = None,
               clock_mhz: float | None = None, flow_control: FlowControl = "elastic", technology: str = "generic",
               method: str = "auto") -> Design:
    """An activation unit.

    Parameters
    ----------
    function : str or callable
        A name of ``quadcim list functions``, ``FILE.py:FUNCTION``, ``FILE.csv``, or a function from float to float,
        which is called at every input.
    input, output : str, optional
        Formats, such as "SQ2.14"; by default the function's usual ones of 16 bits. A function of your own has none.
    rounding : {"faithful", "nearest", "truncate"}
        How results are rounded; the last two where a form keeps them.
    stages : int, optional
        Pipeline stages, 0 for combinational; by default the fewest that meet the clock.
    clock_mhz : float, optional
        The clock that the stages are to meet; by default 500 MHz, or what comes closest.
    flow_control : {"elastic", "always"}
        Streams with valid and ready, or with valid alone.
    technology : str
        How it is built: "generic", "fpga", "ultrascale" or "cells".
    method : str
        How the function is evaluated: "auto" takes the cheapest form.

    Raises
    ------
    IllegalSetting
        If there is no such unit: option, legal range, what was given.
    """
    what = _activation(function, input, output, rounding)
    stages = _plain(stages)
    unit = ActivationUnit(what, 0 if stages is None else stages, flow_control, technology, method)
    return _staged(unit, None, stages, clock_mhz)


def _activation(function: str | Callable[[float], float], input: str | None, output: str | None,
                rounding: ActivationRounding) -> Activation:
    from quadcim.fit.custom import called_activation, is_file, user_activation

    given = {name: Format.parse(text, option=name, widths=FORMATS) for name, text in (("input", input),
                                                                                     ("output", output)) if text}
    if isinstance(function, str) and not is_file(function):
        usual = usual_formats(find_function(function), _USUAL_WIDTH)
        formats = dict(zip(("input", "output"), usual, strict=True)) | given
        return Activation(function, formats["input"], formats["output"], rounding)
    if not isinstance(function, str) and not callable(function):
        raise IllegalSetting("function", "a name, a file or a function from float to float", function)
    for name in ("input", "output"):
        if name not in given:
            raise IllegalSetting(name, "given for a function of your own", "nothing")
    make = user_activation if isinstance(function, str) else called_activation
    return make(function, input=given["input"], output=given["output"], rounding=rounding)  # pyright: ignore[reportArgumentType] - as `make`


def cim(rows: int | None = None, columns: int | None = None, *, activation_bits: int = 4, signed: bool = False,
        bits_per_cycle: int = 1, encoding: Encoding = "unipolar", weights: "ArrayLike | None" = None,
        storage: Storage | None = None, banks: int = 1, stages: int | None = None, clock_mhz: float | None = None,
        technology: str = "generic", adc: Adc | None = None, codes: CellCodes | None = None) -> Design:
    """A compute-in-memory macro with binary weights.

    Parameters
    ----------
    rows, columns : int, optional
        Activations and results; by default those of `weights`.
    activation_bits, signed, bits_per_cycle
        Width and sign of an activation, and how many of its bits enter in a cycle.
    encoding : {"unipolar", "bipolar"}
        Whether weights stand for 0 and 1 or for -1 and 1.
    weights : array_like of int, shape (rows, columns), optional
        Constant weights, in the numbers that they stand for, or as conductance codes where there are `codes`; without
        them they are loaded at run time.
    storage : str, optional
        "registers", "lutram" or "constant"; by default what `weights` say.
    banks : int
        Sets of weights.
    stages, clock_mhz, technology
        As for `quadcim.activation`.
    adc : Adc, optional
        Converters of an analog array.
    codes : CellCodes, optional
        Conductance codes of constant cells.

    Raises
    ------
    IllegalSetting
        If there is no such macro.
    """
    cells = None if weights is None else _cells(weights, encoding if codes is None else "unipolar")
    found = (None, None) if cells is None else (len(cells), len(cells[0]) if cells else 0)
    sizes = {name: size if given is None else given
             for name, given, size in zip(("rows", "columns"), (rows, columns), found, strict=True)}
    for name, size in sizes.items():
        if size is None:
            raise IllegalSetting(name, "given, unless weights say it", "nothing")
    stages = _plain(stages)
    numbers = {"activation_bits": activation_bits, "signed": signed, "bits_per_cycle": bits_per_cycle, "banks": banks}
    macro = CimMacro(
        **{name: _plain(value) for name, value in (sizes | numbers).items()},  # pyright: ignore[reportArgumentType] - not None
        encoding=encoding, storage=storage or ("registers" if cells is None else "constant"),
        stages=1 if stages is None else stages, technology=technology, adc=adc, codes=codes or CellCodes())
    integers = CimIntegers(cells)
    macro.check(integers)
    return _staged(macro, integers, stages, clock_mhz)


def inr(model: "str | Path | FrozenInr", *, multipliers: int | None = None, cycles: int | None = None,
        folding: Sequence[str] | None = None, stages: int | None = None, activation_stages: int = 2,
        clock_mhz: float | None = None, technology: str = "generic") -> Design:
    """An engine that renders an implicit neural representation (docs/inr.md).

    Parameters
    ----------
    model : path or FrozenInr
        The frozen network, or its file: ``frozen.safetensors`` of ``quadcim train inr``.
    multipliers, cycles, folding
        One of them: as fast as so many multipliers let it be (by default 64, but one for each layer at least), the
        smallest that renders a pixel in so many cycles, or PE and SIMD of each layer, as ``["2x2", "8x8", "1x1"]``.
    stages, clock_mhz, technology
        As for `quadcim.activation`; stages are registers in the dot products.
    activation_stages : int
        Pipeline stages of the activation units.

    Raises
    ------
    IllegalSetting
        If there is no such engine.
    """
    given = [name for name, value in (("multipliers", multipliers), ("cycles", cycles), ("folding", folding))
             if value is not None]
    if len(given) > 1:
        raise IllegalSetting(given[0], f"left out beside {given[1]}", "both")
    if isinstance(model, (str, Path)):
        from quadcim.models.inr.checkpoint import load_frozen

        model = load_frozen(Path(model))
    numbers = {name: _plain(value) for name, value in (("stages", 1 if stages is None else stages),
                                                       ("activation_stages", activation_stages))}
    engine = InrEngine.of(model, _plain(multipliers), technology=technology, **numbers)
    if cycles is not None:
        engine = replace(engine, foldings=fold_for_cycles(engine.shapes, _plain(cycles)))
    elif folding is not None:
        engine = replace(engine, foldings=tuple(map(Folding.parse, folding)))
    from quadcim.hw.activation.plans import unit_integers

    return _staged(engine, InrIntegers(model, unit_integers(engine.unit)), stages, clock_mhz)


def _cells(weights: "ArrayLike", encoding: str) -> tuple[tuple[int, ...], ...]:
    """What the cells hold: -1 is a 0."""
    import numpy as np

    try:
        array = np.asarray(weights)
    except ValueError:
        raise IllegalSetting("weights", "integers of shape (rows, columns)", "rows of unequal length") from None
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
        raise IllegalSetting("weights", "integers of shape (rows, columns)", f"{array.dtype} of shape {array.shape}")
    if encoding == "bipolar":
        if not np.isin(array, (-1, 1)).all():
            raise IllegalSetting("weights", "-1 and 1", f"{array.min()} to {array.max()}")
        array = (array + 1) // 2
    return tuple(map(tuple, array.tolist()))


def _plain(value: Any) -> Any:
    """A number of NumPy's as one of Python's, so that it can be written as JSON; anything else as it is."""
    return value.item() if hasattr(value, "item") else value


def _staged(spec: Any, integers: Any, stages: int | None, clock_mhz: float | None) -> Design:
    """The design with its stages: so many, or as few as meet the clock."""
    if stages is not None:
        return Design(spec, integers)
    core = core_of(spec)
    frozen = core.usual_integers(spec) if integers is None else integers
    if clock_mhz is None:
        stages, _clock_mhz = core.closest_stages_to_clock(spec, frozen, find_target("generic").clock_mhz)
    else:
        check_clock(_plain(clock_mhz))
        stages = core.stages_for_clock(spec, frozen, _plain(clock_mhz))
    return Design(replace(spec, stages=stages), integers)
