"""Modules of emitted hardware that a hard macro of a foundry may take the place of."""

from dataclasses import dataclass

__all__ = ["HardMacro"]


@dataclass(frozen=True, slots=True)
class HardMacro:
    """Storage behind a module of its own: it is written at the rising edge of ``clk``, and read then or at any time.

    Parameters
    ----------
    name : str
        The module's name behind that of the top module.
    bits : int
        How many bits it stores.
    selects : tuple of str
        The inputs that its outputs follow without a clock.
    synchronous : bool
        Whether it is read by the clock, as memories that compilers make are; else its cells are always visible.
    """

    name: str
    bits: int
    selects: tuple[str, ...] = ()
    synchronous: bool = False
