"""The catalogue of activation functions: each is written once, for every arithmetic that evaluates it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from quadcim.spec.errors import check_one_of, check_whole
from quadcim.spec.formats import Format

__all__ = ["FUNCTIONS", "MAX_WIDTH", "MIN_WIDTH", "Function", "Symmetry", "find_function", "usual_formats"]

MIN_WIDTH, MAX_WIDTH = 2, 32
"""How many bits the formats of units have."""
Symmetry = Literal["odd", "even", "none"]


@dataclass(frozen=True, slots=True)
class Function:
    """A catalogue entry: what a function is, for people, for plots and for every arithmetic.

    Parameters
    ----------
    name : str
        What ``--function`` calls it.
    formula : str
        The definition, for people.
    symmetry : {"odd", "even", "none"}
        About 0.
    period : int
        In units of the input; 0 if there is none. Periods are powers of two, so that the input wraps by itself.
    source : str
        Where it comes from.
    evaluate : callable
        ``evaluate(m, x)``: the value in the arithmetic m, a module or an object with ``sin``, ``cos``, ``exp``,
        ``tanh``, ``log1p``, ``erf``, ``abs``, ``maximum``, ``minimum``, ``sinc`` (of sin(x) / x) and ``pi``.
    domain_bits : int
        Integer bits of the usual signed input format: inputs from ``-2**(domain_bits - 1)`` up to that.
    range : tuple of float
        Least and greatest value over that input.
    """

    name: str
    formula: str
    symmetry: Symmetry
    period: int
    source: str
    evaluate: Callable[[Any, Any], Any]
    domain_bits: int
    range: tuple[float, float]


def _phi(m: Any, x: Any) -> Any:
    v = x - 4 * m.round(x / 4)
    return v * (2 - m.abs(v))


def _softplus(m: Any, x: Any) -> Any:
    return m.maximum(x, 0 * x) + m.log1p(m.exp(-m.abs(x)))


_SIREN = "SIREN, arXiv 2006.09661"
_WIRE = "WIRE, arXiv 2301.05187"

FUNCTIONS: dict[str, Function] = {function.name: function for function in (
    Function("quad", "phi(x) = v (2 - |v|), v = ((x + 2) mod 4) - 2", "odd", 4, "QuadINR, arXiv 2508.14374",
             _phi, 2, (-1, 1)),
    Function("sine", "sin(pi x / 2)", "odd", 4, _SIREN, lambda m, x: m.sin(m.pi / 2 * x), 2, (-1, 1)),
    Function("cosine", "cos(pi x / 2)", "even", 4, _SIREN, lambda m, x: m.cos(m.pi / 2 * x), 2, (-1, 1)),
    Function("finer", "sin(pi (|x| + 1) x / 2)", "odd", 0, "FINER, arXiv 2312.02434",
             lambda m, x: m.sin(m.pi / 2 * (m.abs(x) + 1) * x), 2, (-1, 1)),
    Function("gaussian", "exp(-x^2 / 2)", "even", 0, "Gaussian INR, arXiv 2111.15135",
             lambda m, x: m.exp(-x * x / 2), 3, (0, 1)),
    Function("gabor", "exp(-x^2 / 2) cos(pi x / 2)", "even", 0, f"{_WIRE}, real part",
             lambda m, x: m.exp(-x * x / 2) * m.cos(m.pi / 2 * x), 3, (-0.28, 1)),
    Function("gabor-imaginary", "exp(-x^2 / 2) sin(pi x / 2)", "odd", 0, f"{_WIRE}, imaginary part",
             lambda m, x: m.exp(-x * x / 2) * m.sin(m.pi / 2 * x), 3, (-0.68, 0.68)),
    Function("sinc", "sin(pi x) / (pi x)", "even", 0, "Shannon's sampling kernel",
             lambda m, x: m.sinc(m.pi * x), 3, (-0.22, 1)),
    Function("relu", "max(x, 0)", "none", 0, "Nair and Hinton 2010", lambda m, x: m.maximum(x, 0 * x), 3, (0, 4)),
    Function("relu1", "min(max(x, 0), 1)", "none", 0, "clipped ReLU",
             lambda m, x: m.minimum(m.maximum(x, 0 * x), 0 * x + 1), 3, (0, 1)),
    Function("sigmoid", "1 / (1 + exp(-x))", "none", 0, "logistic function", lambda m, x: 1 / (1 + m.exp(-x)), 4,
             (0, 1)),
    Function("tanh", "tanh(x)", "odd", 0, "hyperbolic tangent", lambda m, x: m.tanh(x), 3, (-1, 1)),
    Function("gelu", "x (1 + erf(x / sqrt(2))) / 2", "none", 0, "GELU, arXiv 1606.08415",
             lambda m, x: x * (1 + m.erf(x * 0.5 ** 0.5)) / 2, 4, (-0.17, 8)),
    Function("silu", "x / (1 + exp(-x))", "none", 0, "SiLU, arXiv 1702.03118", lambda m, x: x / (1 + m.exp(-x)), 4,
             (-0.28, 8)),
    Function("softplus", "log(1 + exp(x))", "none", 0, "Dugas et al. 2000", _softplus, 4, (0, 8.0004)),
    Function("exp2", "2^x", "none", 0, "base-2 exponential", lambda m, x: m.exp(m.log(2) * x), 1, (0.5, 2)),
)}


def find_function(name: str) -> Function:
    """The function of a name, or an error that lists the names."""
    check_one_of("function", name, FUNCTIONS)
    return FUNCTIONS[name]


def usual_formats(function: Function, width: int) -> tuple[Format, Format]:
    """The usual input and output formats of a function where both are `width` bits wide.

    The input covers the function's domain, signed. The output has the fewest integer bits that hold its range; +1 as an
    open end, which is reached in one point at most, does not ask for another bit unless the input has a period.
    """
    low, high = function.range
    signed = low < 0
    reach = max(-low, high)
    whole = 0
    while 2 ** whole < reach or (function.period and 2 ** whole <= reach):
        whole += 1
    integer = whole + int(signed)
    check_whole("width", width, max(MIN_WIDTH, function.domain_bits, integer), MAX_WIDTH)
    return (Format(True, function.domain_bits, width - function.domain_bits),
            Format(signed, integer, width - integer))
