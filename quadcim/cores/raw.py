"""Raw integers that callers hand in."""

from typing import TYPE_CHECKING

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["raw_integers"]


def raw_integers(option: str, values: "ArrayLike", fmt: Format) -> "NDArray":
    """The integers of an array, if they are raw integers of a format.

    Parameters
    ----------
    option : str
        What an error calls them.
    values : array_like of int
        Any shape.
    fmt : Format
        The format.

    Returns
    -------
    ndarray of int64

    Raises
    ------
    IllegalSetting
        If they are no integers, or out of the format's range.
    """
    import numpy as np

    legal = f"raw integers of {fmt}"
    try:
        array = np.asarray(values)
    except ValueError:  # lists of unequal length
        raise IllegalSetting(option, f"{legal}, in an array", "lists of unequal length") from None
    if not array.size:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise IllegalSetting(option, legal, f"values of the type {array.dtype}")
    if not fmt.minimum <= array.min() <= array.max() <= fmt.maximum:
        raise IllegalSetting(option, f"{legal}, {fmt.minimum} to {fmt.maximum}", f"{array.min()} to {array.max()}")
    return array.astype(np.int64)
