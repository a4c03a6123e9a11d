"""Designs that cover pairs: few cases in which every two options take every two of their values together."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

Case = dict[str, Any]
Pair = tuple[str, Any, str, Any]

_CANDIDATES = 10


def pairs_of(case: Case) -> set[Pair]:
    """Every two options with their values."""
    return {(one, case[one], other, case[other]) for one, other in combinations(case, 2)}


def all_pairs(options: Mapping[str, Sequence]) -> set[Pair]:
    """What a design has to cover."""
    return {(one, a, other, b) for one, other in combinations(options, 2) for a in options[one] for b in options[other]}


def pairwise(options: Mapping[str, Sequence], *, legal: Callable[[Case], bool], seed: int) -> list[Case]:
    """A design, greedily: each case is the best of some candidates that start from a pair that is missing.

    Parameters
    ----------
    options : mapping
        The values of each option; every pair has to be in some legal case.
    legal : callable
        Whether a whole case is legal.
    seed : int
        The same design for the same seed.
    """
    draw, missing, design = random.Random(seed), all_pairs(options), []
    while missing:
        ordered = sorted(missing, key=repr)
        candidates = [_candidate(options, draw.choice(ordered), missing, draw) for _ in range(_CANDIDATES)]
        for best in sorted(filter(legal, candidates), key=lambda case: len(missing & pairs_of(case)))[-1:]:
            design.append(best)
            missing -= pairs_of(best)
    return design


def _candidate(options: Mapping[str, Sequence], start: Pair, missing: set[Pair], draw: random.Random) -> Case:
    """A case with the pair `start`, the other options in random order, each with a value that covers the most."""
    names = list(options)
    case = {start[0]: start[1], start[2]: start[3]}
    for name in draw.sample([name for name in names if name not in case], len(names) - 2):
        cases = [{key: (case | {name: value})[key] for key in names if key in case or key == name}
                 for value in options[name]]
        case = max(cases, key=lambda more: (len(missing & pairs_of(more)), draw.random()))
    return case
