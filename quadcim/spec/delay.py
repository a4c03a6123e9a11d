"""Delay estimates, by technology, of the primitives that pipelined units are built from.

They rank cut points and pick a number of stages. They are estimates before synthesis, not timing sign-off.

``benchmarks/delays.py`` measures small structures from register to register in an open flow, and the numbers here are
what its least-squares fit gives, rounded:

- "cells": Yosys and ABC map each structure for speed to the Nangate45 library, OpenSTA times it with the library's wire
  load, and the result is scaled to a fan-out-of-4 inverter delay of 14 ps. That is a 28 nm process at its typical
  corner: the inverter delay of the 45 nm library, 23 ps, times 28/45. Leave a margin for slow corners and real wires.
- "lut": Yosys maps each structure to LUTs and carry chains of an UltraScale+ FPGA, and a longest path over them is
  added up from delays as the vendor's timing reports show them, with nets that grow with their fan-out. Nothing was
  placed or routed.
"""

from dataclasses import dataclass

__all__ = ["DELAY_MODELS", "DelayModel"]


@dataclass(frozen=True, slots=True)
class DelayModel:
    """Delays of one technology in picoseconds, typical wires included.

    Parameters
    ----------
    name : str
        The technology.
    exclusive_or_ps : int
        A conditional complement of a word.
    product_ps : int
        Forming partial products before the first level of a compressor tree.
    full_adder_ps : int
        One level of a compressor tree.
    saturate_ps : int
        Detecting and replacing what is out of range.
    adder_ps, adder_level_ps, adder_bit_ps : int
        A carry-propagate adder of w bits takes ``adder_ps + adder_level_ps * ceil(log2 w) + adder_bit_ps * w``.
    register_ps : int
        Clock to output plus set-up.
    table_base_ps, table_input_ps, table_free_inputs : int
        A truth table of k inputs takes ``table_base_ps + table_input_ps * max(k - table_free_inputs, 0)``.
    row_ps, row_bit_ps : int
        Adding a gated row of w bits to an accumulator, one of several such rows in a chain, takes
        ``row_ps + row_bit_ps * w``.
    """

    name: str
    exclusive_or_ps: int
    product_ps: int
    full_adder_ps: int
    saturate_ps: int
    adder_ps: int
    adder_level_ps: int
    adder_bit_ps: int
    register_ps: int
    table_base_ps: int
    table_input_ps: int
    table_free_inputs: int
    row_ps: int
    row_bit_ps: int

    def carry_propagate_adder_ps(self, width: int) -> int:
        """Delay of an adder of `width` bits."""
        levels = max(width - 1, 0).bit_length()
        return self.adder_ps + self.adder_level_ps * levels + self.adder_bit_ps * width

    def table_ps(self, inputs: int) -> int:
        """Delay of a truth table of `inputs` address bits."""
        return self.table_base_ps + self.table_input_ps * max(inputs - self.table_free_inputs, 0)

    def row_adder_ps(self, width: int) -> int:
        """Delay of adding one more gated row of `width` bits to an accumulator."""
        return self.row_ps + self.row_bit_ps * width


DELAY_MODELS: dict[str, DelayModel] = {
    # 28 nm class standard cells. A parallel-prefix adder goes up its tree level by level.
    "cells": DelayModel("cells", exclusive_or_ps=56, product_ps=33, full_adder_ps=42, saturate_ps=64,
                        adder_ps=26, adder_level_ps=16, adder_bit_ps=1, register_ps=67, table_base_ps=0,
                        table_input_ps=19, table_free_inputs=0, row_ps=75, row_bit_ps=2),
    # 16 nm FPGA. One LUT and its net a level; a carry chain costs a LUT and little a bit.
    "lut": DelayModel("lut", exclusive_or_ps=496, product_ps=161, full_adder_ps=359, saturate_ps=496,
                      adder_ps=619, adder_level_ps=0, adder_bit_ps=6, register_ps=185, table_base_ps=479,
                      table_input_ps=515, table_free_inputs=6, row_ps=794, row_bit_ps=2),
}
