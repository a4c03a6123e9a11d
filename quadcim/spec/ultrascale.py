"""What common logic takes of an UltraScale+ FPGA: numbers of LUTs and block RAMs, as Yosys maps it."""

import math

__all__ = ["adder_luts", "block_rams", "choice_luts", "compare_luts", "dsp_multiplies", "pays_in_block_ram",
           "table_luts", "vector_memory_luts"]

_LUT_INPUTS = 6
_LUT_ROWS = 1 << _LUT_INPUTS
_LEAST_PRODUCT = 9
# Depth, width and size in units of 18 kbit of the forms of RAMB18E2 and RAMB36E2 (UG573).
_FORMS = ((512, 36, 1), (1024, 18, 1), (2048, 9, 1), (4096, 4, 1), (8192, 2, 1), (16384, 1, 1),
          (512, 72, 2), (1024, 36, 2), (2048, 18, 2), (4096, 9, 2), (8192, 4, 2), (16384, 2, 2), (32768, 1, 2))
# Depth and width of RAM32M16 and RAM64M8 (UG574), each of eight LUTs of which one is the port that writes.
_LUT_MEMORIES = ((32, 14), (64, 7))
_MEMORY_LUTS = 8
_TABLE_LUTS = 64


def adder_luts(operands: int, bits: float) -> float:
    """LUTs of the sum of some operands, without registers between them.

    Two are a carry chain, one LUT a bit. The third is a row of full adders, whose sums share their LUTs with the chain
    and whose carries take one more a bit. Beyond that Yosys builds a compressor tree: two full adders behind one
    another have five inputs, a sum and two carries, which are three LUTs for both.
    """
    if operands <= 1:
        return 0
    return bits * (1 if operands == 2 else 2 + 1.5 * (operands - 3))


def choice_luts(choices: int) -> int:
    """LUTs of a multiplexer of one bit: each LUT of six inputs leaves one of four, three fewer."""
    return math.ceil((choices - 1) / 3)


def compare_luts(bits: int) -> int:
    """LUTs of a comparison with a constant: a tree, whose LUTs leave one bit of six, five fewer."""
    return math.ceil((bits - 1) / (_LUT_INPUTS - 1))


def dsp_multiplies(width: int, other: int, product: int) -> bool:
    """Whether Yosys puts a product into a DSP block: both factors have bits to multiply, and the product has nine."""
    return min(width, other) > 1 and product >= _LEAST_PRODUCT


def table_luts(rows: int) -> int:
    """LUTs of a bit of a table: one for each 64 rows; MUXF7, MUXF8 and larger multiplexers choose among them."""
    slices = math.ceil(rows / _LUT_ROWS)
    return slices + (choice_luts(math.ceil(slices / 4)) if slices > 4 else 0)


def vector_memory_luts(width: int, rows: int) -> int:
    """LUTs of a memory in LUTRAM with a port to write and one to read."""
    depth, wide = next((form for form in _LUT_MEMORIES if rows <= form[0]), _LUT_MEMORIES[-1])
    slices = math.ceil(rows / depth)
    # Of several, each has its own write enable, and each bit is chosen among them.
    beside = slices + width * choice_luts(slices) if slices > 1 else 0
    return _MEMORY_LUTS * slices * math.ceil(width / wide) + beside


def block_rams(width: int, rows: int) -> tuple[int, int]:
    """Block RAM of a memory in units of 18 kbit, and how many lie above one another; the form with the fewest."""
    return min((math.ceil(rows / depth) * math.ceil(width / wide) * size, math.ceil(rows / depth))
               for depth, wide, size in _FORMS)


def pays_in_block_ram(width: int, rows: int) -> bool:
    """Whether constants belong in block RAM: from 64 LUTs for each 18 kbit on, a quarter of what these hold.

    So tables of up to 64 rows never do, of which each bit is one LUT, nor do narrow ones. In deeper and wide ones LUTs
    need multiplexers, and Yosys makes several times as many as there have to be, where much is read at one address.
    """
    return width * math.ceil(rows / _LUT_ROWS) >= _TABLE_LUTS * block_rams(width, rows)[0]
