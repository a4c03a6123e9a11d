"""Packed payloads: fields of equal width side by side, element 0 in the low bits, as words of 32 bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quadcim.spec.formats import Format

__all__ = ["field_bits", "from_integers", "pack", "to_integers", "unpack"]


def field_bits(values: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """The bits of some fields, the lowest first: from shape (beats, fields) to (beats, fields * width)."""
    return ((values[..., None] >> np.arange(width)) & 1).reshape(len(values), -1).astype(np.uint8)


def pack(*parts: NDArray[np.uint8]) -> NDArray:
    """Payloads from their bits, the lowest part first.

    Parameters
    ----------
    parts : ndarray of uint8, shape (beats, bits)
        What `field_bits` gives.

    Returns
    -------
    ndarray of uint32, shape (beats, words)
        Little-endian words.
    """
    bits = np.concatenate(parts, axis=1)
    padded = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 32)))
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint32)


def unpack(words: NDArray[np.uint32], fields: int, fmt: Format) -> NDArray[np.int64]:
    """The raw integers of `fields` fields of a format in each payload."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")
    bits = bits[:, :fields * fmt.width].reshape(len(words), fields, fmt.width).astype(np.int64)
    weights = 1 << np.arange(fmt.width)
    if fmt.signed:
        weights[-1] = -weights[-1]
    return bits @ weights


def to_integers(words: NDArray[np.uint32]) -> list[int]:
    """Payloads as integers without sign, as vector files and simulators take them."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.ascontiguousarray(words, dtype="<u4")]


def from_integers(payloads: Sequence[int], width: int) -> NDArray[np.uint32]:
    """The words of payloads of `width` bits."""
    size = 4 * -(-width // 32)
    data = b"".join(payload.to_bytes(size, "little") for payload in payloads)
    return np.frombuffer(data, dtype="<u4").reshape(len(payloads), size // 4)
