"""What a macro is tried with, and what must come out."""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quadcim.sim.payload import field_bits, from_integers, pack, to_integers, unpack
from quadcim.sim.stimulus import Stimulus
from quadcim.spec.cim import LUTRAM_ROWS, CimIntegers, CimMacro
from quadcim.spec.formats import Format

__all__ = ["CimStimulus"]

_MACRO_BEATS, _REWRITTEN = 128, 6


class CimStimulus:
    """Corners and random activations of a macro.

    Parameters
    ----------
    macro, integers
        The macro.
    writes : sequence of int
        The beats that load the weights of every bank, if they are loaded; by default random ones.
    """

    def __init__(self, macro: CimMacro, integers: CimIntegers, writes: Sequence[int] = ()):
        self._macro, self._integers = macro, integers
        loaded = macro.storage != "constant"
        self._writes = list(writes) or (self._random_writes() if loaded else [])

    def inputs(self) -> list[int]:
        """All activations at their ends, both ends in turn, single rows, then random beats."""
        macro, fmt = self._macro, self._macro.activation
        low, high, rows = fmt.minimum, fmt.maximum, np.arange(macro.rows)
        beats = [np.full(macro.rows, value) for value in (high, low, 0)]
        beats += [np.where(rows % 2 == odd, high, low) for odd in (0, 1)]
        beats += [np.where(rows == row, end, 0) for row in (0, macro.rows // 2, macro.rows - 1) for end in (high, low)]
        corners = np.array(beats)
        banks = np.arange(len(corners)) % macro.banks
        return self._payloads(corners, banks) + self.random_inputs(_MACRO_BEATS - len(corners), seed=0)

    def random_inputs(self, count: int, seed: int) -> list[int]:
        """Uniformly random activations and banks; of every size where large results would saturate."""
        draw, fmt, macro = random.Random(seed), self._macro.activation, self._macro
        if macro.narrow and macro.narrow.overflow == "saturate":
            x = [self._sized_activations(draw) for _ in range(count)]
        else:
            x = [[fmt.wrap(draw.getrandbits(fmt.width)) for _ in range(macro.rows)] for _ in range(count)]
        banks = [draw.randrange(macro.banks) for _ in range(count)]
        return self._payloads(np.array(x, dtype=np.int64).reshape(count, macro.rows), np.array(banks, dtype=np.int64))

    def _sized_activations(self, draw: random.Random) -> list[int]:
        """A beat of some rows with some of the low bits, from all down to one of each."""
        macro, fmt = self._macro, self._macro.activation
        rows = set(draw.sample(range(macro.rows), max(macro.rows >> draw.randrange(macro.rows.bit_length()), 1)))
        part = Format(fmt.signed, draw.randint(1, fmt.width), 0)
        return [part.wrap(draw.getrandbits(part.width)) if row in rows else 0 for row in range(macro.rows)]

    def expected(self, payloads: Sequence[int]) -> list[int]:
        """What the golden model makes of beats."""
        import torch

        from quadcim.models.cim import cim_golden

        macro = self._macro
        width = macro.rows * macro.activation_bits + macro.bank_bits
        words = from_integers(payloads, width)
        x = torch.from_numpy(unpack(words, macro.rows, macro.activation))
        banks = np.array([payload >> macro.rows * macro.activation_bits for payload in payloads])
        y, loaded = np.zeros((len(payloads), macro.columns), dtype=np.int64), self._weights()
        for number in range(macro.banks):
            chosen, weights = banks == number, None if loaded is None else torch.from_numpy(loaded[number])
            y[chosen] = cim_golden(macro, self._integers, weights)(x[chosen]).numpy()
        return to_integers(pack(field_bits(y, macro.output_format(self._integers).width)))

    def keeps_promises(self) -> bool:
        """There are none but the integers themselves."""
        return True

    def writes(self) -> list[int]:
        """The rows of every bank, in order."""
        return self._writes

    def reloaded(self) -> dict[str, tuple[list[int], Stimulus]]:
        """Every weight inverted, and every weight 1: what is stuck at a weight, or at a sum, shows with another one."""
        ones = (1 << self._macro.columns) - 1
        others = {"inverted": [payload ^ ones for payload in self._writes],
                  "ones": [payload | ones for payload in self._writes]}
        # The last row first: a write that reaches an earlier row too is not made good by that row's own. But partial
        # sums in LUTRAM are written with the last row of each five.
        step = 1 if self._macro.storage == "lutram" else -1
        return {name: (writes[::step], CimStimulus(self._macro, self._integers, writes))
                for name, writes in others.items() if writes}

    def rewrites(self, seed: int | None = None) -> list[tuple[int, Stimulus]]:
        """Some rows inverted, one after the other, and then as they were.

        Without a seed they are a row of the first bank and the last one of the last bank. Partial sums in LUTRAM are
        written five rows at a time: the last two rows of all, with a seed some five.
        """
        loaded, macro = self._weights(), self._macro
        if loaded is None:
            return []
        ones, rows = (1 << macro.columns) - 1, self._rewritten(seed)
        kept = [sum(weight << column for column, weight in enumerate(loaded[bank, row].tolist()))
                | (bank << macro.row_bits | row) << macro.columns for bank, row in rows]
        payloads = [payload ^ ones for payload in kept] + kept
        return [(payload, CimStimulus(macro, self._integers, [*self._writes, *payloads[:count]]))
                for count, payload in enumerate(payloads, 1)]

    def _rewritten(self, seed: int | None) -> list[tuple[int, int]]:
        """The rows, with their banks, that are written while beats are computed."""
        macro, draw = self._macro, random.Random(seed)
        if macro.storage == "lutram":
            groups = [range(low, min(low + LUTRAM_ROWS, macro.rows)) for low in range(0, macro.rows, LUTRAM_ROWS)]
            return [(0, row) for row in (groups[-1][-2:] if seed is None else draw.choice(groups))]
        if seed is None:
            return list(dict.fromkeys([(0, macro.rows // 2), (macro.banks - 1, macro.rows - 1)]))
        return draw.sample([(bank, row) for bank in range(macro.banks) for row in range(macro.rows)],
                           min(_REWRITTEN, macro.banks * macro.rows))

    def _weights(self) -> NDArray | None:
        """The weights of every bank once all writes have been made, if they are loaded."""
        if not self._writes:
            return None
        import torch

        from quadcim.models.cim import CellWeights

        macro, cells = self._macro, CellWeights(self._macro)
        words = from_integers(self._writes, macro.columns + macro.row_bits + macro.bank_bits)
        rows = torch.from_numpy(unpack(words, macro.columns, Format(False, 1, 0)))
        for payload, weights in zip(self._writes, rows, strict=True):
            place = payload >> macro.columns
            cells.write(place & (1 << macro.row_bits) - 1, weights, bank=place >> macro.row_bits)
        return cells.banks.numpy()

    def _random_writes(self) -> list[int]:
        macro, draw = self._macro, random.Random(0)
        return [draw.getrandbits(macro.columns) | (bank << macro.row_bits | row) << macro.columns
                for bank in range(macro.banks) for row in range(macro.rows)]

    def _payloads(self, x: NDArray, banks: NDArray) -> list[int]:
        macro = self._macro
        return to_integers(pack(field_bits(x, macro.activation_bits), field_bits(banks, macro.bank_bits)))
