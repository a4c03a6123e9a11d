"""The files that a target adds to a case."""

from collections.abc import Callable

from quadcim.boards.asic28 import AsicUnit, asic_files
from quadcim.boards.targets import Target, check_target
from quadcim.spec.cim import CimMacro
from quadcim.spec.unit import ActivationUnit

__all__ = ["macro_files", "target_files"]


def target_files(target: Target, *, unit: ActivationUnit, top: str, header: str, clock_mhz: float,
                 expected: Callable[[list[int]], list[int]]) -> dict[str, str]:
    """Make what a target adds to the case of a unit; equal settings give equal bytes.

    Parameters
    ----------
    target : Target
        The flow that the case is made for.
    unit : ActivationUnit
        The specification.
    top : str
        Name of the unit's module in ``rtl/<top>.v``.
    header : str
        Lines of comment that open every file.
    clock_mhz : float
        The clock that constraints ask for.
    expected : callable
        The golden function, from raw inputs to raw outputs.

    Returns
    -------
    dict
        Path in the case directory to text.

    Raises
    ------
    IllegalSetting
        If the clock is out of range or the target cannot take the unit.
    """
    check_target(target, flow_control=unit.flow_control, technology=unit.technology, clock_mhz=clock_mhz)
    match target.name:
        case "vcu128":
            files = _vcu128_files(unit, top, header, clock_mhz, expected)
        case "asic28":
            asic = AsicUnit(unit.stages, unit.technology, ("i",), unit.flow_control == "elastic")
            files = asic_files(unit=asic, top=top, clock_mhz=clock_mhz, header=header)
        case _:
            files = {}
    return {f"{target.name}/{name}": text for name, text in files.items()}


def macro_files(target: Target, *, macro: CimMacro, top: str, header: str, clock_mhz: float) -> dict[str, str]:
    """Make what a target adds to the case of a compute-in-memory macro; takes and raises as `target_files`."""
    check_target(target, flow_control="elastic", technology=macro.technology, clock_mhz=clock_mhz, kind="cim")
    if target.name != "asic28":
        return {}
    streams = ("i",) if macro.storage == "constant" else ("i", "w")
    files = asic_files(unit=AsicUnit(macro.stages, macro.technology, streams, elastic=True), top=top,
                       clock_mhz=clock_mhz, header=header)
    return {f"{target.name}/{name}": text for name, text in files.items()}


def _vcu128_files(unit: ActivationUnit, top: str, header: str, clock_mhz: float,
                  expected: Callable[[list[int]], list[int]]) -> dict[str, str]:
    # Amaranth is imported here, so that asking for another target does not wait for it.
    from quadcim.boards.axi import AxiStreamWrapper
    from quadcim.boards.self_test import checksum, stimulus
    from quadcim.boards.units import ExternalUnit
    from quadcim.boards.vivado import timing_plan, vivado_plan
    from quadcim.hw.verilog import emit_verilog

    activation = unit.activation

    def instance() -> ExternalUnit:
        return ExternalUnit(module=top, input=activation.input, output=activation.output, stages=unit.stages)

    about = f"{header}\n\nAXI4-Stream wrapper of this unit: a register slice before it adds 1 cycle of latency"
    wrapper = emit_verilog(AxiStreamWrapper(unit=instance()), name=f"{top}_axis", header=about)
    outputs = expected(stimulus(activation.input))
    return {
        f"{top}_axis.v": wrapper.text,
        **timing_plan(module=top, clock_mhz=clock_mhz, header=header),
        **vivado_plan(unit=instance(), expected=checksum(outputs, width=activation.output.width), header=header),
    }
