"""How units are built: what a technology is good at, and the delays by which stages are placed."""

from dataclasses import dataclass
from typing import Literal

from quadcim.spec.delay import DELAY_MODELS, DelayModel
from quadcim.spec.errors import check_one_of

__all__ = ["TECHNOLOGIES", "Technology", "find_technology"]


@dataclass(frozen=True, slots=True)
class Technology:
    """A way to build adders, tables and squarers.

    Parameters
    ----------
    name : str
        What ``--technology`` calls it.
    description : str
        One line for people.
    goal : {"lut", "gates"}
        Which cost counts when forms are compared.
    delay_model : str
        A name in `DELAY_MODELS`.
    """

    name: str
    description: str
    goal: Literal["lut", "gates"]
    delay_model: str

    @property
    def rows(self) -> bool:
        """Whether heaps are added row by row on carry chains, not by a compressor tree."""
        return self.goal == "lut"

    @property
    def plus_one(self) -> bool:
        """Whether an adder of a row adds 1 more: the plain form that synthesis keeps in one carry chain does."""
        return self.name == "fpga"

    @property
    def delays(self) -> DelayModel:
        """The delays by which stages are placed."""
        return DELAY_MODELS[self.delay_model]


TECHNOLOGIES: dict[str, Technology] = {technology.name: technology for technology in (
    Technology("generic", "plain RTL, in the form that takes the fewest gates", "gates", "cells"),
    Technology("fpga", "plain RTL, in the form that takes the fewest LUTs with carry chains", "lut", "lut"),
    Technology("ultrascale", "LUT6_2, CARRY8 and DSP48E2 primitives of UltraScale and UltraScale+", "lut", "lut"),
    Technology("cells", "plain RTL, but full and half adders as instances of cells for a standard-cell flow", "gates",
               "cells"),
)}


def find_technology(name: str) -> Technology:
    """The technology of a name, or an error that lists the names."""
    check_one_of("technology", name, TECHNOLOGIES)
    return TECHNOLOGIES[name]
