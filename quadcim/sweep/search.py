"""Multi-objective search: which points of a grid to measure, so that few of them show the Pareto front."""

import random
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.points import Point

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

__all__ = ["FrontSearch"]

_TRIES = 20
"""Proposals that are known already before a point is drawn."""


class FrontSearch:
    """Proposes points, and learns from what they turn out to be (the tree-structured Parzen estimator of Optuna).

    Parameters
    ----------
    plan : SweepPlan
        With a search.
    known : dict of str to dict
        Figures of points by digest that were measured before; they count.
    """

    def __init__(self, plan: SweepPlan, known: Mapping[str, Mapping[str, float]]):
        import optuna

        assert plan.search is not None
        self._search, self._failed = plan.search, optuna.trial.TrialState.FAIL
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():  # of being experimental, which the bound of the dependency takes care of
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(seed=plan.search.seed, multivariate=True, constant_liar=True)
        self._study = optuna.create_study(directions=["minimize"] * len(plan.search.objectives.names), sampler=sampler)
        self._draw = random.Random(plan.search.seed)
        self._points = {point.digest: point for point in plan.points}
        self._by_values = {self._values(point): digest for digest, point in self._points.items()}
        self._space = {name: self._distribution(values) for name, values in plan.search.axes.items()}
        self._open: dict[str, Trial] = {}
        self._unseen = dict.fromkeys(self._points)
        for digest in self._points:
            if digest in known:
                self._unseen.pop(digest)
                self._learn(digest, known[digest])

    @staticmethod
    def _distribution(values: tuple[Any, ...]) -> "BaseDistribution":
        """Numbers have an order, words have none."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        ordered = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        choices = len(values)
        return IntDistribution(0, choices - 1) if ordered else CategoricalDistribution(range(choices))

    def _values(self, point: Point) -> tuple[int, ...]:
        """Which value of each axis a point has."""
        return tuple(values.index(point.settings[name]) for name, values in self._search.axes.items())

    def points(self) -> Iterator[Point]:
        """Points to be measured; each takes into account what has been told until it is asked for."""
        left = self._search.points - (len(self._points) - len(self._unseen))
        while left > 0 and self._unseen:
            digest = self._propose()
            self._unseen.pop(digest)
            left -= 1
            yield self._points[digest]

    def _propose(self) -> str:
        """A point that has not been asked for."""
        for _ in range(_TRIES):
            trial = self._study.ask(self._space)
            digest = self._by_values.get(tuple(trial.params[name] for name in self._space))
            if digest in self._unseen:
                self._open[digest] = trial
                return digest
            self._study.tell(trial, state=self._failed)
        return self._draw.choice(list(self._unseen))

    def tell(self, point: Point, figures: Mapping[str, float]) -> None:
        """What came of a point."""
        trial = self._open.pop(point.digest, None)
        if trial is None:
            self._learn(point.digest, figures)
            return
        costs = self._search.objectives.costs(figures)
        self._study.tell(trial, costs, state=self._failed if costs is None else None)

    def _learn(self, digest: str, figures: Mapping[str, float]) -> None:
        """Add a point that the study has not asked for."""
        from optuna.trial import create_trial

        costs = self._search.objectives.costs(figures)
        if costs is not None:
            parameters = dict(zip(self._space, self._values(self._points[digest]), strict=True))
            self._study.add_trial(create_trial(params=parameters, distributions=self._space, values=list(costs)))
