"""Primitives of UltraScale and UltraScale+ devices: instances of them, and models of them for simulation."""

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from amaranth.hdl import Cat, Const, Instance, Module, Signal, Value, ValueLike

__all__ = ["PRIMITIVES", "carry8", "lut6_2", "lut_init", "primitives_in", "primitives_verilog"]

PRIMITIVES = ("CARRY8", "DSP48E2", "LUT6_2", "RAM32M16")
"""What there is a model of."""

_MODELS = Path(__file__).with_name("primitives.v")


def primitives_in(verilog: str) -> tuple[str, ...]:
    """The primitives that a Verilog text instantiates, of those that there is a model of."""
    return tuple(name for name in PRIMITIVES if re.search(rf"^\s*{name} [#\\\w]", verilog, re.MULTILINE))


def primitives_verilog() -> str:
    """Verilog-2005 models of the primitives, for simulation only: synthesis takes the vendor's."""
    return _MODELS.read_text(encoding="ascii")


def lut_init(function: Callable[..., int], inputs: int) -> int:
    """The contents of a look-up table: bit ``sum(in_k << k)`` is ``function(in_0, in_1, ...)``.

    Parameters
    ----------
    function : callable
        From `inputs` integers, each 0 or 1, to 0 or 1 (or a truth value).
    inputs : int
        Number of inputs.
    """
    rows = itertools.product((0, 1), repeat=inputs)
    return sum(bool(function(*reversed(row))) << address for address, row in enumerate(rows))


def lut6_2(m: Module, name: str, inputs: Sequence[Value], upper: Callable[..., int],
           lower: Callable[..., int] | None = None) -> tuple[Value, Value]:
    """Add a LUT6_2: one function of up to six inputs, or two of the same up to five inputs; none for constants.

    Parameters
    ----------
    m : Module
        Where to add it.
    name : str
        Name of the instance.
    inputs : sequence of Value
        Bits, I0 first; inputs that are left over are tied.
    upper, lower : callable
        The functions of O6 and O5 as `lut_init` takes them.

    Returns
    -------
    o6, o5 : Value
        Without `lower`, O5 is `upper` with I5 = 0.
    """
    most = 6 if lower is None else 5
    if len(inputs) > most:
        raise ValueError(f"{len(inputs)} inputs of a look-up table that has {most}")
    if constants := _constants(inputs, upper, lower or upper):
        return constants
    low, high = (lut_init(function, len(inputs)) for function in (lower or upper, upper))
    rows = 1 << len(inputs)
    init = low if rows == 64 else _repeat(low, rows) | _repeat(high, rows) << 32
    ports: dict[str, Value] = {f"i_I{index}": bit for index, bit in enumerate(inputs)}
    ties = {f"i_I{index}": Const(int(index == 5), 1) for index in range(6)}
    o6, o5 = Signal(name=f"{name}_o6"), Signal(name=f"{name}_o5")
    m.submodules[name] = Instance("LUT6_2", p_INIT=Const(init, 64), **{**ties, **ports}, o_O6=o6, o_O5=o5)
    return o6, o5


def _constants(inputs: Sequence[Value], upper: Callable[..., int],
               lower: Callable[..., int]) -> tuple[Const, Const] | None:
    """Both functions, if what is constant among the inputs makes constants of them."""
    rows = list(itertools.product(*((bit.value,) if isinstance(bit, Const) else (0, 1) for bit in inputs)))
    high, low = ({bool(function(*row)) for row in rows} for function in (upper, lower))
    return (Const(high.pop(), 1), Const(low.pop(), 1)) if len(high) == len(low) == 1 else None


def _repeat(table: int, rows: int) -> int:
    """A table of a few inputs as one of five, which does not depend on the others."""
    return sum(table << start for start in range(0, 32, rows))


def carry8(m: Module, name: str, s: Value, di: Value, ci: ValueLike) -> tuple[Value, Value]:
    """Add a CARRY8: ``co[k] = co[k-1] if s[k] else di[k]`` and ``o[k] = s[k] ^ co[k-1]``, with `ci` for ``co[-1]``.

    Parameters
    ----------
    m : Module
        Where to add it.
    name : str
        Name of the instance.
    s, di : Value
        Up to eight bits; what is missing is 0.
    ci : ValueLike
        The carry in.

    Returns
    -------
    o, co : Value
        Eight bits each.
    """
    if len(s) > 8 or len(di) > 8:
        raise ValueError("a CARRY8 has eight bits")
    o, co = Signal(8, name=f"{name}_o"), Signal(8, name=f"{name}_co")
    m.submodules[name] = Instance(
        "CARRY8", p_CARRY_TYPE="SINGLE_CY8", i_CI=ci, i_CI_TOP=Const(0, 1), i_S=Cat(s, Const(0, 8))[:8],
        i_DI=Cat(di, Const(0, 8))[:8], o_O=o, o_CO=co)
    return o, co
