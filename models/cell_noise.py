"""Programming of binary weights into integer conductance codes, and the generators of noise."""

import torch
from torch import Tensor

from quadcim.spec.cell_noise import CellNoise
from quadcim.spec.cim import CimMacro
from quadcim.spec.errors import IllegalSetting

__all__ = ["noise_generator", "program"]

_EFFECTS = ("gaussian", "lognormal", "stuck", "read")


def noise_generator(seed: int, effect: str) -> torch.Generator:
    """The generator of one effect.

    Parameters
    ----------
    seed : int
        That of a `CellNoise` or a `ReadNoise`.
    effect : {"gaussian", "lognormal", "stuck", "read"}
        No two seeds and effects share a generator.
    """
    return torch.Generator().manual_seed(len(_EFFECTS) * seed + _EFFECTS.index(effect))


def program(macro: CimMacro, weights: Tensor, noise: CellNoise) -> Tensor:
    """The conductance codes that cells come to hold: constants, which RTL and golden model share bit for bit.

    The effects, their order and their source: `CellNoise`.

    Parameters
    ----------
    macro : CimMacro
        Its ``codes`` say what a weight's 0 and 1 are programmed to, and how many bits a code has.
    weights : Tensor
        0 and 1, shape (rows, columns).
    noise : CellNoise
        With nothing switched on, codes are ``on`` and ``off``.

    Returns
    -------
    Tensor
        int64 of shape (rows, columns), 0 to ``2**bits - 1``; the same for the same seed. As a macro's integers:
        ``CimIntegers(tuple(map(tuple, codes.tolist())))``.
    """
    if tuple(weights.shape) != (macro.rows, macro.columns):
        raise IllegalSetting("weights", f"{macro.rows} x {macro.columns}", " x ".join(map(str, weights.shape)))
    if not ((weights == 0) | (weights == 1)).all():
        raise IllegalSetting("weights", "0 and 1", f"{weights.min()} to {weights.max()}")
    codes, shape = macro.codes, weights.shape
    g = codes.off + (codes.on - codes.off) * weights.to(torch.float64)
    if noise.lognormal:
        g = g * torch.exp(noise.lognormal * _normal(shape, noise.seed, "lognormal"))
    if noise.gaussian:
        g = g + noise.gaussian * (codes.on - codes.off) * _normal(shape, noise.seed, "gaussian")
    g = g * noise.drift_time**-noise.drift
    if noise.stuck_on or noise.stuck_off:
        # From either end of one draw: no cell is stuck at both, and neither probability moves the other's cells.
        drawn = torch.rand(shape, dtype=torch.float64, generator=noise_generator(noise.seed, "stuck"))
        g = g.masked_fill(drawn < noise.stuck_on, codes.on).masked_fill(drawn >= 1 - noise.stuck_off, codes.off)
    return g.round().clamp(0, (1 << codes.bits) - 1).to(torch.int64)


def _normal(shape: torch.Size, seed: int, effect: str) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=noise_generator(seed, effect))
