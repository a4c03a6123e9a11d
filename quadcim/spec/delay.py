"""Delay estimates, by technology, of the primitives that pipelined units are built from.

They rank cut points and pick a number of stages. They are estimates before synthesis, not timing sign-off.
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
        A conditional complement.
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

    def carry_propagate_adder_ps(self, width: int) -> int:
        """Delay of an adder of `width` bits."""
        levels = max(width - 1, 0).bit_length()
        return self.adder_ps + self.adder_level_ps * levels + self.adder_bit_ps * width


DELAY_MODELS: dict[str, DelayModel] = {
    # 28 nm class standard cells. A parallel-prefix adder walks up and down its tree: two gates a level.
    "cells": DelayModel("cells", exclusive_or_ps=50, product_ps=25, full_adder_ps=70, saturate_ps=50,
                        adder_ps=70, adder_level_ps=50, adder_bit_ps=0, register_ps=80),
    # 16 nm FPGA. One LUT and its net a level; the products are absorbed; a carry chain costs a LUT and little a bit.
    "lut": DelayModel("lut", exclusive_or_ps=350, product_ps=0, full_adder_ps=350, saturate_ps=350,
                      adder_ps=550, adder_level_ps=0, adder_bit_ps=15, register_ps=200),
}
