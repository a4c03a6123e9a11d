"""Golden model of the compute-in-memory macro: the exact integer function on tensors."""

from collections.abc import Callable

import torch
from torch import Tensor

from quadcim.models.cell_noise import noise_generator
from quadcim.models.narrow import narrow
from quadcim.spec.cell_noise import ReadNoise
from quadcim.spec.cim import LUTRAM_ROWS, Adc, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting

__all__ = ["CellWeights", "CimGolden", "cim_golden"]

CimGolden = Callable[[Tensor], Tensor]
"""From activations, int64 of shape (..., rows), to results, int64 of shape (..., columns)."""

_SINGLE, _DOUBLE = 24, 53
"""Integers of so many bits are exact in floating point."""
_CHUNK = 256
"""So many samples at a time stay in the processor's caches."""


def cim_golden(macro: CimMacro, integers: CimIntegers, weights: Tensor | None = None, *,
               read_noise: ReadNoise | None = None) -> CimGolden:
    """The function of a macro, bit for bit; with `read_noise`, what an array would give.

    Parameters
    ----------
    macro : CimMacro
        The macro.
    integers : CimIntegers
        Its frozen integers.
    weights : Tensor, optional
        0 and 1, shape (rows, columns), of a macro whose weights are loaded at run time.
    read_noise : ReadNoise, optional
        Reads of n active cells add up to a normal draw of variance ``sigma**2 * n``, so one is drawn for each
        conversion, of a group's sum in a plane, which the converter then rounds. Without converters there is one for
        each result, of variance ``sigma**2 * (sum over planes p of 4**p * n[p])``, and u is rounded to the nearest
        integer, an even one between two; it may leave the output format. The reference column is digital and has
        none. No RTL does this: it is for studies of accuracy.

    Returns
    -------
    callable
        Activations outside the format of the macro are refused. With `read_noise`, every call draws anew; a sequence
        of calls is the same for the same seed.
    """
    macro.check(integers)
    cells = torch.tensor(integers.cells) if integers.cells is not None else weights
    if cells is None or tuple(cells.shape) != (macro.rows, macro.columns):
        raise IllegalSetting("weights", f"{macro.rows} x {macro.columns}", "none" if cells is None
                             else " x ".join(map(str, cells.shape)))
    if integers.cells is None and not ((cells == 0) | (cells == 1)).all():
        raise IllegalSetting("weights", "0 and 1", f"{cells.min()} to {cells.max()}")
    reads = _Reads(read_noise) if read_noise and read_noise.sigma else None
    product = _exact(macro, cells, reads) if macro.adc is None else _converted(macro, macro.adc, cells, reads)
    a, b = macro.correction
    affine = [torch.tensor(values, dtype=torch.int64) for values in (integers.scale, integers.offset, integers.bias)]

    def golden(x: Tensor) -> Tensor:
        fmt = macro.activation
        if x.numel() and not fmt.minimum <= int(x.min()) <= int(x.max()) <= fmt.maximum:
            raise IllegalSetting("activations", f"raw integers of {fmt}", f"{x.min()} to {x.max()}")
        u = product(x)
        if not macro.needs_reference:
            return u
        s = x.sum(-1, keepdim=True)
        y = a * u - b * s
        if macro.narrow is None:
            return y
        scale, offset, bias = affine
        return narrow(scale * y + offset * s + bias, macro.narrow)

    return golden


class CellWeights:
    """The weights in the cells of a macro that loads them, write by write.

    A beat is computed with the weights that are in the cells when it is accepted: those of all writes that were taken
    before that cycle. With "lutram", the weights in the cells are the tables: a row goes to one of five registers, and
    the last row of a five, or of all, takes those registers to the cells. All weights are 0 at first.

    Parameters
    ----------
    macro : CimMacro
        The macro.
    """

    def __init__(self, macro: CimMacro):
        self._macro = macro
        self._cells = torch.zeros(macro.banks, macro.rows, macro.columns, dtype=torch.int64)
        self._taken = torch.zeros(LUTRAM_ROWS, macro.columns, dtype=torch.int64)

    @property
    def banks(self) -> Tensor:
        """The weights of every bank now, shape (banks, rows, columns)."""
        return self._cells.clone()

    def write(self, row: int, weights: Tensor, *, bank: int = 0) -> None:
        """Take a row, of 0 and 1, shape (columns,); a row or a bank that is not there changes nothing."""
        rows = self._macro.rows
        if row >= rows or bank >= self._macro.banks:
            return
        if self._macro.storage != "lutram":
            self._cells[bank, row] = weights
            return
        place = row % LUTRAM_ROWS
        self._taken[place] = weights
        if place == LUTRAM_ROWS - 1 or row == rows - 1:
            self._cells[bank, row - place:row + 1] = self._taken[:place + 1]


class _Reads:
    """The noise of reads, one draw for all that are added up."""

    def __init__(self, noise: ReadNoise):
        self._sigma, self._generator = noise.sigma, noise_generator(noise.seed, "read")

    def __call__(self, sums: Tensor, active: Tensor) -> Tensor:
        """Sums of reads, with noise of variance ``sigma**2 * active``."""
        drawn = torch.randn(sums.shape, dtype=sums.dtype, generator=self._generator)
        return drawn.mul_(self._sigma * active.sqrt()).add_(sums)

    def total(self, macro: CimMacro, u: Tensor, x: Tensor) -> Tensor:
        """U with the noise of all planes, whose variances their weights square."""
        planes, patterns = torch.arange(macro.activation_bits), torch.arange(1 << macro.activation_bits)
        squares = ((patterns.unsqueeze(-1) >> planes & 1) << 2 * planes).sum(-1).to(torch.float64)
        active = squares[x & (len(patterns) - 1)].sum(-1, keepdim=True)
        return self(u.to(torch.float64), active).round().to(torch.int64)


def _exact(macro: CimMacro, cells: Tensor, reads: _Reads | None) -> CimGolden:
    """The matrix product with `cells`, in the floating point that holds every sum exactly."""
    total = int(cells.sum(0).max()) * ((1 << macro.activation_bits) - 1)
    if total >= 1 << _DOUBLE:
        raise IllegalSetting("rows", f"so few that sums stay below {_DOUBLE} bits", total)
    kind = torch.float32 if total < 1 << _SINGLE else torch.float64
    matrix = cells.to(kind)

    def product(x: Tensor) -> Tensor:
        u = (x.to(kind) @ matrix).to(torch.int64)
        return u if reads is None else reads.total(macro, u, x)

    return product


def _converted(macro: CimMacro, adc: Adc, cells: Tensor, reads: _Reads | None) -> CimGolden:
    """From activations to u through the converters: plane by plane, group by group.

    A plane's sums take few of the bits that floating point holds exactly, so several planes share a matrix product:
    they enter a fixed number of bits apart, and their sums are taken apart again.
    """
    groups = [(low, high, cells[low:high]) for low, high in macro.groups]
    width = max(int(group.sum(0).max()) for _low, _high, group in groups).bit_length() or 1
    shared = _SINGLE // width
    matrices = [(low, high, group.to(torch.float32)) for low, high, group in groups]
    weights = [1 << plane for plane in range(macro.activation_bits)]
    if macro.signed:
        weights[-1] *= -1
    largest = adc.levels * len(groups) << macro.activation_bits
    kind = torch.float32 if largest < 1 << _SINGLE else torch.float64

    def converted(sums: Tensor, rows: Tensor, plane: int) -> Tensor:
        """Codes of the sums of a plane, in place: all numbers are exact, as the step is a power of two."""
        noisy = sums if reads is None else reads(sums, (rows >> plane & 1).sum(-1, keepdim=True))
        return noisy.add_(adc.step / 2 - adc.low).mul_(1 / adc.step).floor_().clamp_(0, adc.levels)

    def product(x: Tensor) -> Tensor:
        codes, narrow = torch.zeros(len(x), macro.columns, dtype=kind), x.to(torch.int32)
        for low, high, matrix in matrices:
            rows = narrow[:, low:high]
            for first in range(0, macro.activation_bits, shared):
                chosen = weights[first:first + shared]
                apart = rows >> first & 1
                for place in range(1, len(chosen)):
                    apart |= (rows >> first + place & 1) << width * place
                sums = apart.to(torch.float32) @ matrix
                for place in range(len(chosen) - 1, 0, -1):
                    top = (sums * 2.0 ** (-width * place)).floor_()
                    sums.sub_(top, alpha=2.0 ** (width * place))
                    codes.add_(converted(top, rows, first + place), alpha=chosen[place])
                codes.add_(converted(sums, rows, first), alpha=chosen[0])
        return codes.to(torch.int64).mul_(adc.step).add_(adc.low * len(groups) * sum(weights))

    def chunked(x: Tensor) -> Tensor:
        parts = x.reshape(-1, macro.rows).split(_CHUNK)
        return torch.cat([product(part) for part in parts]).reshape(*x.shape[:-1], macro.columns)

    return chunked
