"""The specification of a binary-weight compute-in-memory (CIM) macro, and its frozen integers.

``y[c] = sum over r of w[r, c] * x[r]`` with binary weights and activations of several bits, which enter bit-serially.
Source: BWMA (arXiv 2508.21524); the macro, its reference column and its converters are described in docs/cim.md.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any, Literal

from quadcim.spec.errors import IllegalSetting, check_flag, check_one_of, check_whole
from quadcim.spec.formats import Format
from quadcim.spec.hard_macro import HardMacro
from quadcim.spec.narrow import Narrow
from quadcim.spec.technology import TECHNOLOGIES, find_technology

__all__ = ["ENCODINGS", "LUTRAM_ROWS", "STORAGES", "Adc", "CellCodes", "CimIntegers", "CimMacro", "Encoding", "Storage",
           "integer_format"]

Encoding = Literal["unipolar", "bipolar"]
Storage = Literal["registers", "lutram", "constant"]
ENCODINGS: tuple[Encoding, ...] = ("unipolar", "bipolar")
STORAGES: tuple[Storage, ...] = ("registers", "lutram", "constant")

LUTRAM_ROWS = 5
"""Rows that share a table of partial sums."""
MAX_ROWS, MAX_COLUMNS, MAX_ACTIVATION_BITS, MAX_BANKS, MAX_CODE_BITS, MAX_ADC_BITS = 1024, 512, 8, 8, 8, 12
MAX_ADC_RANGE = 1 << 20
"""Beyond what a column can add up to, and within what golden models convert exactly."""
MAX_AFFINE_BITS = 62
"""Of every number that an affine comes across, with its sign: so golden models compute it in 64 bits."""


def integer_format(low: int, high: int) -> Format:
    """The narrowest format of integers that holds everything from `low` to `high`."""
    if low >= 0:
        return Format(False, max(high.bit_length(), 1), 0)
    return Format(True, max((-low - 1).bit_length(), high.bit_length()) + 1, 0)


@dataclass(frozen=True, slots=True)
class Adc:
    """A converter at the foot of each column, for some rows at a time.

    A partial sum p, in conductance codes, becomes ``low + step * clamp(floor((p - low) / step + 1/2), 0, L)`` with
    ``L = (high - low) / step``.

    Parameters
    ----------
    rows : int
        Rows that share a conversion.
    bits : int
        Width of the converter's code, which has to hold L.
    low, high : int
        The smallest and the largest result, in conductance codes: within 2**20 of 0.
    step : int
        Distance of two results: a power of two, so that the hardware drops bits.
    """

    rows: int
    bits: int
    low: int
    high: int
    step: int

    def __post_init__(self):
        check_whole("adc", self.rows, 1, MAX_ROWS, part="rows")
        check_whole("adc", self.bits, 1, MAX_ADC_BITS, part="bits")
        for part in ("low", "high", "step"):
            check_whole("adc", getattr(self, part), -MAX_ADC_RANGE, MAX_ADC_RANGE, part=part)
        if self.step < 1 or self.step & (self.step - 1):
            raise IllegalSetting("adc", "a power of two", self.step, part="step")
        if self.high <= self.low or (self.high - self.low) % self.step:
            raise IllegalSetting("adc", f"above {self.low} by a multiple of the step {self.step}", self.high,
                                 part="high")
        if self.levels >> self.bits:
            raise IllegalSetting("adc", f"at least {self.levels.bit_length()} for {self.levels + 1} levels from "
                                 f"{self.low} to {self.high} in steps of {self.step}", self.bits, part="bits")

    @property
    def levels(self) -> int:
        """The largest code."""
        return (self.high - self.low) // self.step

    def __call__(self, partial_sum: int) -> int:
        """Convert one partial sum."""
        code = (2 * (partial_sum - self.low) + self.step) // (2 * self.step)
        return self.low + self.step * min(max(code, 0), self.levels)


@dataclass(frozen=True, slots=True)
class CellCodes:
    """What a cell adds to its column when its row is active, as an integer conductance code.

    Parameters
    ----------
    bits : int
        Width of a code; 1 to 8.
    on, off : int
        The codes of a weight's 1 and 0 before noise; a weight is worth ``on - off``.
    """

    bits: int = 1
    on: int = 1
    off: int = 0

    def __post_init__(self):
        check_whole("cell-codes", self.bits, 1, MAX_CODE_BITS, part="bits")
        check_whole("cell-codes", self.on, 1, (1 << self.bits) - 1, part="on")
        check_whole("cell-codes", self.off, 0, self.on - 1, part="off")


@dataclass(frozen=True)
class CimIntegers:
    """The frozen integers of a macro.

    Parameters
    ----------
    cells : tuple of tuple of int, or None
        Code of each cell, row by row; None if weights are loaded at run time.
    scale, offset, bias : tuple of int
        Of each column; empty without an affine.
    """

    cells: tuple[tuple[int, ...], ...] | None = None
    scale: tuple[int, ...] = ()
    offset: tuple[int, ...] = ()
    bias: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description; `from_json` reads it back."""
        value: dict[str, Any] = {"cells": None if self.cells is None else ["".join(f"{code:02x}" for code in row)
                                                                          for row in self.cells]}
        return value | {name: list(getattr(self, name)) for name in ("scale", "offset", "bias")}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "CimIntegers":
        """The integers that `to_json` described."""
        cells = value["cells"]
        return cls(None if cells is None else tuple(tuple(bytes.fromhex(row)) for row in cells),
                   *(tuple(value[name]) for name in ("scale", "offset", "bias")))


@dataclass(frozen=True, slots=True)
class CimMacro:
    """A compute-in-memory macro.

    Activation planes of `bits_per_cycle` bits enter one a cycle, the lowest first. Each column adds up the codes of the
    cells whose rows are active, an `adc` converts what some rows add up to, and shift-and-add joins the planes to u.
    With the sum s of all activations, from a reference column,
    ``y = u - off * s`` for unipolar weights 0 and 1, and ``y = 2 * u - (on + off) * s`` for bipolar weights -1 and 1,
    in units of ``on - off``. With `narrow`, ``z = narrow(scale * y + offset * s + bias)``.

    Parameters
    ----------
    rows, columns : int
        1 to 1024 and 1 to 512.
    activation_bits : int
        1 to 8.
    signed : bool
        Whether activations are two's complement.
    bits_per_cycle : int
        A divisor of `activation_bits`.
    encoding : {"unipolar", "bipolar"}
        What a weight's 0 and 1 stand for.
    storage : {"registers", "lutram", "constant"}
        Bit cells that are loaded at run time; LUTRAM of partial sums, which only "ultrascale" has, with one bank and
        exact sums; or no storage.
    banks : int
        Sets of bit cells; a beat says which one it is multiplied with.
    stages : int
        Registers that a plane passes, the accumulator included; the macro's steps bound it.
    technology : str
        A name in `quadcim.spec.technology.TECHNOLOGIES`.
    adc : Adc, optional
        The converters of an analog array; without them sums are exact.
    codes : CellCodes
        Conductance codes; by default 1 and 0. Others ask for constant cells.
    narrow : Narrow, optional
        How the result of the affine is narrowed; without it there is no affine.
    """

    rows: int
    columns: int
    activation_bits: int
    signed: bool = False
    bits_per_cycle: int = 1
    encoding: Encoding = "unipolar"
    storage: Storage = "registers"
    banks: int = 1
    stages: int = 2
    technology: str = "generic"
    adc: Adc | None = None
    codes: CellCodes = field(default_factory=CellCodes)
    narrow: Narrow | None = None

    def __post_init__(self):
        check_whole("rows", self.rows, 1, MAX_ROWS)
        check_whole("columns", self.columns, 1, MAX_COLUMNS)
        check_whole("activation-bits", self.activation_bits, 1, MAX_ACTIVATION_BITS)
        check_flag("signed", self.signed)
        check_whole("bits-per-cycle", self.bits_per_cycle)
        check_whole("stages", self.stages)
        for option, value, kind in (("adc", self.adc, Adc | None), ("cell-codes", self.codes, CellCodes)):
            if not isinstance(value, kind):
                raise IllegalSetting(option, f"of the type {getattr(kind, '__name__', 'Adc')}", value)
        divisors = [d for d in range(1, self.activation_bits + 1) if self.activation_bits % d == 0]
        if self.bits_per_cycle not in divisors:
            raise IllegalSetting("bits-per-cycle", f"a divisor of {self.activation_bits}: "
                                 + ", ".join(map(str, divisors)), self.bits_per_cycle)
        check_one_of("encoding", self.encoding, ENCODINGS)
        check_one_of("storage", self.storage, STORAGES)
        find_technology(self.technology)
        check_whole("banks", self.banks, 1, MAX_BANKS)
        if self.banks > 1 and self.storage != "registers":
            raise IllegalSetting("banks", f"1 for the storage {self.storage}", self.banks)
        if self.adc and self.adc.rows > self.rows:
            raise IllegalSetting("adc", f"a whole number from 1 to the {self.rows} rows", self.adc.rows, part="rows")
        if self.storage == "lutram" and self.technology != "ultrascale":
            raise IllegalSetting("technology", "ultrascale for the storage lutram", self.technology)
        if self.storage == "lutram" and self.adc:
            raise IllegalSetting("storage", "registers or constant for a macro with converters", self.storage)
        if self.narrow:
            check_whole("affine", self.narrow.shift, 0, MAX_AFFINE_BITS, part="shift")
            if self.narrow.output.width > MAX_AFFINE_BITS:
                raise IllegalSetting("affine", f"a format of at most {MAX_AFFINE_BITS} bits", str(self.narrow.output),
                                     part="output")
        if self.storage != "constant" and self.codes != CellCodes():
            raise IllegalSetting("storage", "constant for cells with conductance codes", self.storage)

    @property
    def planes(self) -> int:
        """Cycles that a beat takes."""
        return self.activation_bits // self.bits_per_cycle

    @property
    def activation(self) -> Format:
        """Format of an activation."""
        return Format(self.signed, self.activation_bits, 0)

    @property
    def bank_bits(self) -> int:
        """Width of a bank's number."""
        return (self.banks - 1).bit_length()

    @property
    def row_bits(self) -> int:
        """Width of a row's number."""
        return (self.rows - 1).bit_length()

    @property
    def correction(self) -> tuple[int, int]:
        """(a, b) of ``y = a * u - b * s``."""
        on, off = self.codes.on, self.codes.off
        return (1, off) if self.encoding == "unipolar" else (2, on + off)

    @property
    def needs_reference(self) -> bool:
        """Whether the sum of all activations is needed."""
        return self.correction[1] != 0 or self.narrow is not None

    @property
    def name(self) -> str:
        """What people know it by: ``cim_256x64_u4p1_s2``. Different macros may share it (`quadcim.spec.naming`)."""
        activation = f"{'s' if self.signed else 'u'}{self.activation_bits}p{self.bits_per_cycle}"
        return f"cim_{self.rows}x{self.columns}_{activation}_s{self.stages}"

    @property
    def hard_macros(self) -> tuple[HardMacro, ...]:
        """The bit cells of a column, where they are registers."""
        selects = ("bank",) if self.banks > 1 else ()
        return (HardMacro("bit_cells", self.rows * self.banks, selects),) if self.storage == "registers" else ()

    def check(self, integers: CimIntegers) -> None:
        """Refuse integers that are not of this macro."""
        if (integers.cells is None) != (self.storage != "constant"):
            raise IllegalSetting("weights", "given exactly if they are constant",
                                 "none" if integers.cells is None else "some")
        for row in integers.cells or ():
            if len(row) != self.columns or not all(0 <= code < 1 << self.codes.bits for code in row):
                values = "0 or 1" if self.codes.bits == 1 else f"0 to {(1 << self.codes.bits) - 1}"
                raise IllegalSetting("weights", f"rows of {self.columns} integers, each {values}",
                                     f"a row of {len(row)} from {min(row)} to {max(row)}" if row else "an empty row")
        if integers.cells is not None and len(integers.cells) != self.rows:
            raise IllegalSetting("weights", f"{self.rows} rows", len(integers.cells))
        for name in ("scale", "offset", "bias"):
            if len(getattr(integers, name)) != (self.columns if self.narrow else 0):
                raise IllegalSetting("affine", f"{self.columns} integers" if self.narrow else "empty without an affine",
                                     len(getattr(integers, name)), part=name)
        if self.narrow:
            self._check_affine(self.narrow, integers)

    def _check_affine(self, narrow: Narrow, integers: CimIntegers) -> None:
        """Refuse an affine whose numbers get too large, in whatever order they are added up.

        The golden models take ``scale * y + offset * s``, the hardware ``a * scale * u + (offset - b * scale) * s``.
        """
        u, s, y = (max(abs(fmt.minimum), fmt.maximum) for fmt in (
            self.sum_format(integers), self.sum_format(integers, reference=True), self.product_format(integers)))
        a, b = self.correction
        half = 1 << narrow.shift >> 1
        affine = zip(integers.scale, integers.offset, integers.bias, strict=True)
        for column, (scale, offset, bias) in enumerate(affine):
            largest = half + abs(bias) + max(abs(scale) * y + abs(offset) * s,
                                             abs(a * scale) * u + abs(offset - b * scale) * s)
            if largest >> MAX_AFFINE_BITS - 1:
                raise IllegalSetting("affine", "so small that every intermediate result stays within "
                                     f"{MAX_AFFINE_BITS} bits", f"{largest.bit_length() + 1} bits in column {column}")

    @property
    def groups(self) -> tuple[tuple[int, int], ...]:
        """The rows, from and to, that are added up in one piece."""
        step = self.adc.rows if self.adc else self.rows
        return tuple((low, min(low + step, self.rows)) for low in range(0, self.rows, step))

    def plane_range(self, integers: CimIntegers, *, reference: bool = False) -> tuple[int, int]:
        """The least and the most that a column, or the reference column, adds up for one bit of all activations."""
        if reference:
            return 0, self.rows
        if self.adc:
            return len(self.groups) * self.adc.low, len(self.groups) * self.adc.high
        if integers.cells is not None:
            return 0, max(map(sum, zip(*integers.cells, strict=True)))
        return 0, self.rows

    def sum_format(self, integers: CimIntegers, *, reference: bool = False) -> Format:
        """Format of u, or of the sum s of all activations."""
        low, high = self.plane_range(integers, reference=reference)
        weights = [1 << bit for bit in range(self.activation_bits)]
        if self.signed:
            weights[-1] = -weights[-1]
        ends = [[weight * end for end in (low, high)] for weight in weights]
        return integer_format(sum(map(min, ends)), sum(map(max, ends)))

    def product_format(self, integers: CimIntegers) -> Format:
        """Format of y."""
        a, b = self.correction
        if self.adc:
            u, s = self.sum_format(integers), self.sum_format(integers, reference=True)
            return integer_format(a * u.minimum - b * s.maximum, a * u.maximum - b * s.minimum)
        x = self.activation
        columns = zip(*integers.cells, strict=True) if integers.cells is not None else [(0, 1)]
        lows, highs = [], []
        for column in columns:
            weights = [a * code - b for code in column] if integers.cells is not None else None
            if weights is None:  # every row may hold either weight
                either = [end * (a * code - b) for code in column for end in (x.minimum, x.maximum)]
                lows.append(self.rows * min(either))
                highs.append(self.rows * max(either))
            else:
                lows.append(sum(min(w * x.minimum, w * x.maximum) for w in weights))
                highs.append(sum(max(w * x.minimum, w * x.maximum) for w in weights))
        return integer_format(min(lows), max(highs))

    def output_format(self, integers: CimIntegers) -> Format:
        """Format of a column's result."""
        return self.narrow.output if self.narrow else self.product_format(integers)

    def layouts(self, integers: CimIntegers) -> dict[str, list[tuple[str, int, Format, int]]]:
        """The fields of each stream's payload, from the lowest bit: name, offset, format, number of elements."""
        row, bank = ([(name, Format(False, width, 0), 1)] if width else []
                     for name, width in (("row", self.row_bits), ("bank", self.bank_bits)))
        streams = {"i": [("x", self.activation, self.rows), *bank],
                   "o": [("y", self.output_format(integers), self.columns)]}
        if self.storage != "constant":
            streams["w"] = [("weight", Format(False, 1, 0), self.columns), *row, *bank]
        layouts: dict[str, list[tuple[str, int, Format, int]]] = {}
        for stream, fields in streams.items():
            ends = list(accumulate(fmt.width * count for _name, fmt, count in fields))
            layouts[stream] = [(name, end - fmt.width * count, fmt, count)
                               for (name, fmt, count), end in zip(fields, ends, strict=True)]
        return layouts

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description; `from_json` reads it back."""
        value = {name: getattr(self, name) for name in self.__slots__}
        narrow = self.narrow and {"shift": self.narrow.shift, "rounding": self.narrow.rounding,
                                  "overflow": self.narrow.overflow, "output": str(self.narrow.output)}
        return value | {"adc": self.adc and asdict(self.adc), "codes": asdict(self.codes), "narrow": narrow}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "CimMacro":
        """The specification that `to_json` described."""
        # An empty table is not the absence of one.
        adc, narrow = value["adc"], value["narrow"]
        return cls(**value | {
            "adc": None if adc is None else Adc(**adc), "codes": CellCodes(**value["codes"]),
            "narrow": None if narrow is None else Narrow(**narrow | {"output": Format.parse(narrow["output"])})})

    @staticmethod
    def legal_values(activation_bits: int = MAX_ACTIVATION_BITS) -> dict[str, Sequence]:
        """The legal values of each setting that has finitely many, for a given width of activations."""
        return {"rows": range(1, MAX_ROWS + 1), "columns": range(1, MAX_COLUMNS + 1),
                "activation_bits": range(1, MAX_ACTIVATION_BITS + 1), "signed": (False, True),
                "bits_per_cycle": [d for d in range(1, activation_bits + 1) if activation_bits % d == 0],
                "encoding": ENCODINGS, "storage": STORAGES, "banks": range(1, MAX_BANKS + 1),
                "technology": tuple(TECHNOLOGIES)}
