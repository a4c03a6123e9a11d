"""How a technology builds the small parts of units: complements, adders of a tree, adders of a row."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Instance, Module, Mux, Signal, Value

from quadcim.hw.arithmetic.heap import Lookup
from quadcim.hw.arithmetic.primitives import carry8, lut6_2
from quadcim.hw.arithmetic.table import table
from quadcim.hw.emit import notes
from quadcim.spec.technology import Technology

__all__ = ["CellLogic", "PlainLogic", "Product", "TreeAdder", "UltrascaleLogic", "logic_for", "negated"]


@dataclass(frozen=True)
class Product:
    """The AND of up to two bits, or its complement; without any it is 1. Or any function of up to five bits.

    Parameters
    ----------
    factors : tuple of Value
        The bits.
    complement : bool
        Whether it is complemented.
    contents : tuple of int
        The function as a truth table; empty for the product.
    """

    factors: tuple[Value, ...]
    complement: bool = False
    contents: tuple[int, ...] = ()

    def __call__(self, *bits: int) -> int:
        """The value for some bits."""
        if self.contents:
            return self.contents[sum(bit << place for place, bit in enumerate(bits))]
        return int(all(bits)) ^ int(self.complement)

    @property
    def value(self) -> Value:
        """The product as logic."""
        value: Value = self.factors[0] if self.factors else Const(1)
        for factor in self.factors[1:]:
            value = value & factor
        return ~value if self.complement else value


@dataclass(frozen=True, slots=True)
class TreeAdder:
    """An adder of a compressor tree: one to three bits of a column, and 1 if `plus_one`; `name` is its place's."""

    name: str
    column: int
    inputs: tuple[Value, ...]
    plus_one: bool


_WORDS = {(3, False): "full", (2, False): "half", (2, True): "half_one", (1, True): "one"}
"""What the words of adders begin with, by how many bits these add, and whether 1 more."""
_ABOUT = {"full": "full adders", "half": "half adders", "half_one": "two bits and 1",
          "one": "bits and 1"}


class PlainLogic:
    """Plain RTL, for any flow."""

    def absorbs(self, lookup: Lookup) -> bool:
        """Whether a row adder takes in a table that one row alone reads."""
        return False

    def look_up(self, m: Module, lookup: Lookup, address: Sequence[Value]) -> Value:
        """The entry of a table."""
        m.submodules[f"{lookup.name}_table"], value = table(lookup, address)
        return value

    def complement(self, m: Module, word: Value, where: Value, name: str) -> Value:
        """The word, complemented where a bit is set."""
        result = Signal(len(word), name=name)
        m.d.comb += result.eq(word ^ where.replicate(len(word)))
        return result

    def tree_adders(self, m: Module, level: int, adders: Sequence[TreeAdder]) -> list[tuple[Value, Value]]:
        """Sum and carry of each adder of a level: side by side in words, by how many bits they add."""
        results: dict[str, tuple[Value, Value]] = {}
        for (bits, plus_one), name in _WORDS.items():
            group = [adder for adder in adders if (len(adder.inputs), adder.plus_one) == (bits, plus_one)]
            if not group:
                continue
            columns = " ".join(str(adder.column) for adder in group)
            marks = notes.level(level)
            about = notes.note(f"Level {level}: {_ABOUT[name]}, of columns {columns} from the right")
            made = {pin: Signal(len(group), name=f"{name}{level}_{pin}", attrs=marks | (about if pin == "a" else {}))
                    for pin in (*"abc"[:bits], *(["odd"] if bits == 3 else []), "sum", "carry")}
            for place, word in enumerate(list(made.values())[:bits]):
                m.d.comb += word.eq(Cat(adder.inputs[place] for adder in group))
            if bits == 3:
                m.d.comb += made["odd"].eq(made["a"] ^ made["b"])
            sum_logic, carry_logic = _sum_and_carry(made, plus_one=plus_one)
            m.d.comb += [made["sum"].eq(sum_logic), made["carry"].eq(carry_logic)]
            results |= {adder.name: (made["sum"][place], made["carry"][place]) for place, adder in enumerate(group)}
        return [results[adder.name] for adder in adders]

    def row_adder(self, m: Module, name: str, accumulator: Value, row: Mapping[int, Product], width: int) -> Value:
        """``accumulator + row``, and 1 more where the technology's row adders do so, in `width` bits.

        Written so that synthesis absorbs the products into one carry chain. The row is subtracted in complement: of two
        addends Yosys may choose the row to feed the carries, which then needs LUTs of its own. And the lowest bit,
        which needs no carry, is written apart: otherwise Yosys takes a sequence of additions for one of many operands,
        and builds it of full adders in LUTs. Each doubles the cost.
        """
        word = Signal(max(row, default=0) + 1, name=f"row_{name}")
        m.d.comb += word.eq(Cat(row[bit].value if bit in row else Const(0) for bit in range(len(word))))
        opposite = Signal(len(word), name=f"not_row_{name}")
        m.d.comb += opposite.eq(~word)
        complement = Cat(opposite, Const(-1, width))[:width]
        return Cat(~(accumulator[0] ^ word[0]), (accumulator - complement)[1:width])

    def accumulate(self, m: Module, held: Value, added: Value, *, restart: Value, negative: Value, width: int) -> Value:
        """``held + added`` in `width` bits; without `held` on `restart`, with ``-added`` where `negative`."""
        term = added if isinstance(negative, Const) else negated(m, added, where=negative, name="term")
        kept, accumulated = Signal(held.shape(), name="held"), Signal(width, name="accumulated")
        m.d.comb += [kept.eq(Mux(restart, 0, held)), accumulated.eq(term + kept)]
        return accumulated


def negated(m: Module, value: Value, *, where: Value, name: str) -> Value:
    """``-value`` where a bit is set, else the value."""
    negative = Signal((-value).shape(), name=f"minus_{name}")
    result = Signal(Mux(where, negative, value).shape(), name=name)
    m.d.comb += [negative.eq(-value), result.eq(Mux(where, negative, value))]
    return result


def _signed_bits(value: Value, width: int) -> list[Value]:
    """The lowest bits of a value, its sign repeated above it."""
    above = value[-1] if value.shape().signed else Const(0, 1)
    return [value[bit] if bit < len(value) else above for bit in range(width)]


def _sum_and_carry(words: Mapping[str, Value], *, plus_one: bool) -> tuple[Value, Value]:
    """The sum and the carry of one bit, two or three; of three there is the exclusive-or of the first two."""
    match words:
        case {"a": a, "b": b, "c": c, "odd": odd}:
            # Sharing the exclusive-or with the sum saves gates over the majority of three.
            return odd ^ c, (a & b) | (c & odd)
        case {"a": a, "b": b} if plus_one:
            return ~(a ^ b), a | b
        case {"a": a, "b": b}:
            return a ^ b, a & b
        case _:
            return ~words["a"], words["a"]


class CellLogic(PlainLogic):
    """Full and half adders as instances of cells; `quadcim.hw.arithmetic.companions` brings modules for them."""

    def tree_adders(self, m: Module, level: int,  # noqa: D102
                    adders: Sequence[TreeAdder]) -> list[tuple[Value, Value]]:
        plain = [adder.plus_one or len(adder.inputs) == 1 for adder in adders]
        others = iter(super().tree_adders(m, level, list(itertools.compress(adders, plain))))
        return [next(others) if is_plain else self._cell(m, level, adder)
                for adder, is_plain in zip(adders, plain, strict=True)]

    @staticmethod
    def _cell(m: Module, level: int, adder: TreeAdder) -> tuple[Value, Value]:
        total, carry = (Signal(name=f"{name}_{adder.name}", attrs=notes.level(level)) for name in ("sum", "carry"))
        ports = {f"i_{port}": value for port, value in zip("abc", adder.inputs, strict=False)}
        cell = "quadcim_full_adder" if len(adder.inputs) == 3 else "quadcim_half_adder"
        m.submodules[f"adder_{adder.name}"] = Instance(cell, **ports, o_sum=total, o_carry=carry)
        return total, carry


class UltrascaleLogic(PlainLogic):
    """LUT6_2 and CARRY8: two bits of a complement or a table in a LUT; product, or small table, and sum in another."""

    def absorbs(self, lookup: Lookup) -> bool:  # noqa: D102
        return len(lookup.address) < 6

    def look_up(self, m: Module, lookup: Lookup, address: Sequence[Value]) -> Value:  # noqa: D102
        value = Signal(lookup.width, name=lookup.name)
        columns = [[entry >> bit & 1 for entry in lookup.entries] for bit in range(lookup.width)]
        if len(address) > 5:
            for bit, column in enumerate(columns):
                m.d.comb += value[bit].eq(_wide_lut(m, f"{lookup.name}_{bit}", address, column))
            return value
        functions = [Product((), contents=tuple(column)) for column in columns]
        for bit in range(0, lookup.width, 2):
            name, pair = f"{lookup.name}_{bit}", functions[bit:bit + 2]
            o6, o5 = lut6_2(m, name, address, pair[-1], pair[0])
            m.d.comb += value[bit:bit + 2].eq(Cat(o5, o6))
        return value

    def complement(self, m: Module, word: Value, where: Value, name: str) -> Value:  # noqa: D102
        result = Signal(len(word), name=name)
        for low in range(0, len(word), 2):
            pair = [word[low], word[low + 1] if low + 1 < len(word) else Const(0)]
            o6, o5 = lut6_2(m, f"{name}_{low}", [*pair, where], lambda a, b, s: b ^ s, lambda a, b, s: a ^ s)
            m.d.comb += result[low:low + 2].eq(Cat(o5, o6))
        return result

    def row_adder(self, m: Module, name: str, accumulator: Value, row: Mapping[int, Product],  # noqa: D102
                  width: int) -> Value:
        propagate, generate = [], []
        for bit in range(width):
            held = accumulator[bit] if bit < len(accumulator) else Const(0)
            generate.append(held)
            propagate.append(self._propagate(m, f"{name}_{bit}", held, row.get(bit)))
        return self._chain(m, f"row_{name}", propagate, generate, Const(0, 1))

    def accumulate(self, m: Module, held: Value, added: Value, *, restart: Value, negative: Value,  # noqa: D102
                   width: int) -> Value:
        propagate, generate = [], []
        for bit, (old, new) in enumerate(zip(_signed_bits(held, width), _signed_bits(added, width), strict=True)):
            o6, o5 = lut6_2(m, f"accumulate_{bit}", [old, new, restart, negative],
                            lambda old, new, restart, negative: (old & ~restart & 1) ^ new ^ negative,
                            lambda old, new, restart, negative: old & ~restart & 1)
            propagate.append(o6)
            generate.append(o5)
        return self._chain(m, "accumulate", propagate, generate, negative)

    @staticmethod
    def _chain(m: Module, name: str, propagate: Sequence[Value], generate: Sequence[Value], carry: Value) -> Value:
        """The sums of a carry chain of any length."""
        total = Signal(len(propagate), name=f"{name}_sum")
        for low in range(0, len(propagate), 8):
            part = slice(low, min(low + 8, len(propagate)))
            sums, carries = carry8(m, f"{name}_carry_{low}", Cat(propagate[part]), Cat(generate[part]), carry)
            m.d.comb += total[part].eq(sums)
            carry = carries[7]
        return total

    @staticmethod
    def _propagate(m: Module, name: str, held: Value, product: Product | None) -> Value:
        """The exclusive-or of an accumulator bit and a product, in one LUT."""
        if product is None:
            return held
        if not product.factors and isinstance(held, Const):
            return Const(1 ^ held.value)

        return lut6_2(m, f"sum_{name}", [*product.factors, held], lambda *bits: bits[-1] ^ product(*bits[:-1]))[0]


def _wide_lut(m: Module, name: str, address: Sequence[Value], column: Sequence[int]) -> Value:
    """One output of a table: a LUT of six inputs, or a choice between the halves of the table."""
    if len(set(column)) == 1:
        return Const(column[0], 1)
    if len(address) > 6:
        half = len(column) // 2
        low, high = (_wide_lut(m, f"{name}_{part}", address[:-1], column[part * half:(part + 1) * half])
                     for part in (0, 1))
        return Mux(address[-1], high, low)
    return lut6_2(m, name, address, Product((), contents=tuple(column)))[0]


def logic_for(technology: Technology) -> PlainLogic:
    """The logic of a technology."""
    match technology.name:
        case "cells":
            return CellLogic()
        case "ultrascale":
            return UltrascaleLogic()
        case _:
            return PlainLogic()
