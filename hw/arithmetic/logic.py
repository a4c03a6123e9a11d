"""How a technology builds the small parts of units: complements, adders of a tree, adders of a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Instance, Module, Mux, Signal, Value

from quadcim.hw.arithmetic.heap import Lookup
from quadcim.hw.arithmetic.primitives import carry8, lut6_2
from quadcim.hw.arithmetic.table import table
from quadcim.spec.technology import Technology

__all__ = ["CellLogic", "PlainLogic", "Product", "UltrascaleLogic", "logic_for"]


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

    def tree_adder(self, m: Module, name: str, inputs: Sequence[Value], *, plus_one: bool) -> tuple[Value, Value]:
        """Sum and carry of one to three bits, and of 1 if `plus_one`; `name` is that of the place in the tree."""
        total, carry = Signal(name=f"sum_{name}"), Signal(name=f"carry_{name}")
        sum_logic, carry_logic = _sum_and_carry(inputs, plus_one=plus_one)
        m.d.comb += [total.eq(sum_logic), carry.eq(carry_logic)]
        return total, carry

    def row_adder(self, m: Module, name: str, accumulator: Value, row: Mapping[int, Product], width: int) -> Value:
        """``accumulator + row``, and 1 more where the technology's row adders do so, in `width` bits.

        Written so that synthesis absorbs the products into one carry chain. The row is subtracted in complement: of two
        addends Yosys may choose the row to feed the carries, which then needs LUTs of its own. And the lowest bit,
        which needs no carry, is written apart: otherwise Yosys takes a sequence of additions for one of many operands,
        and builds it of full adders in LUTs. Each doubles the cost.
        """
        word = Signal(max(row, default=0) + 1, name=f"row_{name}")
        m.d.comb += word.eq(Cat(row[bit].value if bit in row else Const(0) for bit in range(len(word))))
        complement = Cat(~word, Const(-1, width))[:width]
        return Cat(~(accumulator[0] ^ word[0]), (accumulator - complement)[1:width])

    def accumulate(self, m: Module, held: Value, added: Value, *, restart: Value, negative: Value, width: int) -> Value:
        """``held + added`` in `width` bits; without `held` on `restart`, with ``-added`` where `negative`."""
        term = Mux(negative, -added, added) if not isinstance(negative, Const) else added
        kept = Signal(held.shape(), name="held")
        m.d.comb += kept.eq(Mux(restart, 0, held))
        return (term + kept)[:width]


def _signed_bits(value: Value, width: int) -> list[Value]:
    """The lowest bits of a value, its sign repeated above it."""
    above = value[-1] if value.shape().signed else Const(0, 1)
    return [value[bit] if bit < len(value) else above for bit in range(width)]


def _sum_and_carry(inputs: Sequence[Value], *, plus_one: bool) -> tuple[Value, Value]:
    match inputs:
        case [a]:
            return ~a, a
        case [a, b] if plus_one:
            return ~(a ^ b), a | b
        case [a, b]:
            return a ^ b, a & b
        case [a, b, c]:
            # Sharing the exclusive-or with the sum saves gates over the majority of three.
            either = a ^ b
            return either ^ c, (a & b) | (c & either)
    raise AssertionError("an adder has one to three inputs besides the constant")


class CellLogic(PlainLogic):
    """Full and half adders as instances of cells; `quadcim.hw.arithmetic.companions` brings modules for them."""

    def tree_adder(self, m: Module, name: str, inputs: Sequence[Value], *,  # noqa: D102
                   plus_one: bool) -> tuple[Value, Value]:
        if plus_one or len(inputs) == 1:
            return super().tree_adder(m, name, inputs, plus_one=plus_one)
        total, carry = Signal(name=f"sum_{name}"), Signal(name=f"carry_{name}")
        ports = {f"i_{port}": value for port, value in zip("abc", inputs, strict=False)}
        cell = "quadcim_full_adder" if len(inputs) == 3 else "quadcim_half_adder"
        m.submodules[f"adder_{name}"] = Instance(cell, **ports, o_sum=total, o_carry=carry)
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
