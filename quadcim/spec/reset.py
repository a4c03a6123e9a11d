"""How the reset of emitted hardware works."""

from dataclasses import dataclass

from quadcim.spec.errors import check_one_of

__all__ = ["RESETS", "Reset", "find_reset"]


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset: with the clock or at any time, by a high or a low level.

    Parameters
    ----------
    asynchronous : bool
        Whether it acts at once; its release is synchronous to the clock all the same.
    active_low : bool
        Whether a low level resets.
    """

    asynchronous: bool
    active_low: bool

    @property
    def port(self) -> str:
        """Name of the port."""
        return "rst_n" if self.active_low else "rst"

    @property
    def name(self) -> str:
        """What ``--reset`` calls it."""
        return f"{'async' if self.asynchronous else 'sync'}-{'low' if self.active_low else 'high'}"

    @property
    def description(self) -> str:
        """In words."""
        return f"{'a' * self.asynchronous}synchronous reset {self.port}, active {'low' if self.active_low else 'high'}"


RESETS: dict[str, Reset] = {reset.name: reset for reset in (
    Reset(asynchronous, active_low) for asynchronous in (False, True) for active_low in (False, True))}


def find_reset(name: str) -> Reset:
    """Find the reset of a name, or raise an error that lists them."""
    check_one_of("reset", name, RESETS)
    return RESETS[name]
