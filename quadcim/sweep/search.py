"""Multi-objective search: which points of a grid to measure, so that few of them show the Pareto front."""

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.points import Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FrontSearch"]

_FIRST = 8
"""Points drawn by chance, before there is anything to learn from."""
_MOST_LEARNT, _MOST_CANDIDATES = 200, 400
"""A Gaussian process takes time cubic in these."""
_NOISE = 1e-2
"""Of a rank: synthesis is a little erratic."""
_WORST = 1.0


class FrontSearch:
    """Proposes points, and learns from what they turn out to be.

    Thompson sampling: a Gaussian process for each objective, over the ranks of what has been measured, is sampled at
    the points that are left; one of those that no other one beats in the sample is proposed. Since samples differ,
    points that are measured side by side do. Source: Bradford, Schweidtmann, Lapkin, "Efficient multiobjective
    optimization employing Gaussian processes, spectral sampling and a genetic algorithm" (J. Global Optimization 71,
    2018), whose sampling is exact here, as the points are finite in number.

    Parameters
    ----------
    plan : SweepPlan
        With a search.
    known : dict of str to dict
        Figures of points by digest that were measured before; they count.
    """

    def __init__(self, plan: SweepPlan, known: Mapping[str, Mapping[str, float]]):
        assert plan.search is not None
        self._search, self._points = plan.search, {point.digest: point for point in plan.points}
        self._draw = np.random.default_rng(plan.search.seed)
        self._places = {digest: self._place(point) for digest, point in self._points.items()}
        self._told: dict[str, tuple[float, ...] | None] = {}
        self._unseen = dict.fromkeys(self._points)
        for digest in self._points:
            if digest in known:
                self._unseen.pop(digest)
                self._told[digest] = self._search.objectives.costs(known[digest])

    def _place(self, point: Point) -> list[float]:
        """Where a point lies: numbers have an order, words are all equally far from each other."""
        place: list[float] = []
        for name, values in self._search.axes.items():
            index = values.index(point.settings[name])
            if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
                place.append(index / max(len(values) - 1, 1))
            else:
                place += [float(other == index) for other in range(len(values))]
        return place

    def points(self) -> Iterator[Point]:
        """Points to be measured; each takes into account what has been told until it is asked for."""
        left = self._search.points - (len(self._points) - len(self._unseen))
        while left > 0 and self._unseen:
            digest = self._propose()
            self._unseen.pop(digest)
            left -= 1
            yield self._points[digest]

    def tell(self, point: Point, figures: Mapping[str, float]) -> None:
        """What came of a point; one without the figures is illegal, or failed."""
        self._told[point.digest] = self._search.objectives.costs(figures)

    def _propose(self) -> str:
        """A point that has not been asked for."""
        candidates = self._some(list(self._unseen), _MOST_CANDIDATES)
        told = self._some([digest for digest, costs in self._told.items() if costs is not None], _MOST_LEARNT)
        if len(told) < _FIRST:
            return self._some(candidates, 1)[0]
        refused = [digest for digest, costs in self._told.items() if costs is None][:_MOST_LEARNT]
        samples = np.column_stack([self._sample(told, refused, candidates, index)
                                   for index in range(len(self._search.objectives.names))])
        best = [index for index, sample in enumerate(samples)
                if not ((samples <= sample).all(axis=1) & (samples < sample).any(axis=1)).any()]
        return candidates[best[self._draw.integers(len(best))]]

    def _some(self, digests: list[str], most: int) -> list[str]:
        """At most so many, by chance."""
        chosen = self._draw.permutation(len(digests))[:most]
        return [digests[index] for index in chosen]

    def _sample(self, told: list[str], refused: list[str], candidates: list[str], objective: int) -> "NDArray[Any]":
        """What an objective may be at the candidates, by its rank among those told; what is refused ranks last."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern
        from threadpoolctl import threadpool_limits

        costs = np.array([(self._told[digest] or ())[objective] for digest in told])
        ranks = np.searchsorted(np.unique(costs), costs) / max(len(np.unique(costs)) - 1, 1) - 0.5
        places = np.array([self._places[digest] for digest in (*told, *refused)])
        targets = np.concatenate([ranks, np.full(len(refused), _WORST)])
        kernel = ConstantKernel() * Matern(np.ones(places.shape[1]), nu=2.5)  # pyright: ignore[reportArgumentType] - one length an axis
        process = GaussianProcessRegressor(kernel, alpha=_NOISE, normalize_y=True, random_state=0)
        # A length at the end of its range is no failure: the axis does not matter. Threads cost more than they bring.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)
            process.fit(places, targets)
        return process.sample_y(np.array([self._places[digest] for digest in candidates]),
                                random_state=int(self._draw.integers(1 << 31)))[:, 0]
