"""Input vectors: every value where that is feasible, else edges and random ones."""

import random
from collections.abc import Iterable
from pathlib import Path

from quadcim.spec.formats import Format

__all__ = ["edge_inputs", "hex_lines", "random_inputs", "read_vectors", "vector_inputs"]

_EXHAUSTIVE_WIDTH = 12
_BEATS = 4096


def edge_inputs(fmt: Format) -> list[int]:
    """The raw inputs where an implementation is most likely wrong: around the ends, the integers and powers of two."""
    one = 1 << fmt.fraction_bits
    anchors = {fmt.minimum, fmt.maximum, 0} | {k * one for k in range(-8, 9)} | {k * one // 2 for k in range(-9, 10)}
    anchors |= {sign << bit for bit in range(fmt.width) for sign in (1, -1)}
    near = {anchor + offset for anchor in anchors for offset in (-2, -1, 0, 1, 2)}
    return sorted(raw for raw in near if fmt.minimum <= raw <= fmt.maximum)


def random_inputs(fmt: Format, count: int, seed: int) -> list[int]:
    """`count` uniformly random raw inputs; the same for the same seed, everywhere."""
    draw = random.Random(seed)
    return [fmt.wrap(draw.getrandbits(fmt.width)) for _ in range(count)]


def vector_inputs(fmt: Format) -> list[int]:
    """The inputs that a case ships: all of them up to 12 bits, else edges and random ones."""
    if fmt.width <= _EXHAUSTIVE_WIDTH:
        return list(range(fmt.minimum, fmt.maximum + 1))
    edges = edge_inputs(fmt)
    return edges + random_inputs(fmt, _BEATS - len(edges), seed=0)


def hex_lines(payloads: Iterable[int], width: int) -> str:
    """A vector file: one payload of `width` bits a line, hexadecimal."""
    digits = -(-width // 4)
    return "".join(f"{payload:0{digits}x}\n" for payload in payloads)


def read_vectors(path: Path) -> list[int]:
    """The payloads of a vector file."""
    return [int(line, 16) for line in path.read_text(encoding="ascii").split()]
