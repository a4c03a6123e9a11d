"""Measures points on the workers of a Dask cluster: one of this machine's processes, or one that is running."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from quadcim.guard import at_stop, uninterrupted
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.estimate import Estimate
from quadcim.sweep.measurements import Measured, is_failure, is_illegal, measure_point
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.points import Point
from quadcim.sweep.store import Store

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["SweepResult", "run_sweep", "work_left"]

_AHEAD = 4
"""Batches handed out for each worker: enough to keep it busy, few enough to lose little and to take little memory."""
_BATCH_S, _LARGEST_BATCH = 0.5, 50
_CONNECT_S = 10


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How a sweep ended.

    Parameters
    ----------
    measured, kept : int
        Points that were measured now, and that had been before.
    failed, illegal : int
        Points measured now that ended in an error, and that turned out to be illegal, as by too many stages.
    seconds : float
        What it took.
    """

    measured: int
    kept: int
    failed: int
    illegal: int
    seconds: float


def run_sweep(plan: SweepPlan, store: Store, *, jobs: int = 1, scheduler: str | None = None,
              estimate: Estimate | None = None,
              report: Callable[[Point, int, int], None] = lambda point, done, total: None) -> SweepResult:
    """Measure what is missing; results are recorded as they come.

    Parameters
    ----------
    plan : SweepPlan
        What to measure.
    store : Store
        Where to; what it holds is not measured again.
    jobs : int
        Processes of this machine, if there is no `scheduler`.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``.
    estimate : Estimate, optional
        By which cheap points are handed out in parcels.
    report : callable
        Told after each point which it was, and how many of how many are done.

    Raises
    ------
    IllegalSetting
        If the scheduler cannot be reached.
    """
    start, (total, seconds) = time.perf_counter(), work_left(plan, store, estimate or Estimate())
    work = _Work(plan, store)
    measured = failed = illegal = 0
    if total:
        with _client(min(jobs, total), scheduler) as client:
            batch = 1 if plan.search else _batch(seconds / total)
            for point, results in _results(client, iter(work), batch=batch):
                store.add(point, results)
                work.tell(point, results)
                wrong = [result.error for result in results.values() if result.error]
                measured += 1
                illegal += any(map(is_illegal, wrong))
                failed += any(map(is_failure, wrong))
                report(point, measured, total)
    return SweepResult(measured, plan.count - total, failed, illegal, time.perf_counter() - start)


def work_left(plan: SweepPlan, store: Store, estimate: Estimate) -> tuple[int, float]:
    """How many points are still to be measured, and how long that takes one worker, in seconds."""
    seconds = [estimate(point, names) for point, names in store.missing(plan.points, plan.measure)]
    left = max(plan.count - (len(plan.points) - len(seconds)), 0)
    return left, sum(seconds) * left / max(len(seconds), 1)  # a search takes some of them


class _Work:
    """Points and the measurements that each lacks: all that are missing, or those that a search asks for."""

    def __init__(self, plan: SweepPlan, store: Store):
        self._plan, self._store = plan, store
        self._search = None
        if plan.search is not None:
            from quadcim.sweep.search import FrontSearch

            lacking = {point.digest for point, _names in store.missing(plan.points, plan.measure)}
            known = {row["digest"]: row for row in store.rows() if row["digest"] not in lacking}
            self._search = FrontSearch(plan, known)

    def __iter__(self) -> Iterator[tuple[Point, list[str]]]:
        points = self._plan.points if self._search is None else self._search.points()
        return self._store.missing(points, self._plan.measure)

    def tell(self, point: Point, results: Mapping[str, Measured]) -> None:
        """A search learns from results."""
        if self._search is not None:
            self._search.tell(point, {name: value for result in results.values()
                                      for name, value in result.figures.items()})


def _batch(seconds_each: float) -> int:
    """How many points to hand out at once: cheap ones in parcels, since each parcel costs some milliseconds."""
    return max(1, min(_LARGEST_BATCH, int(_BATCH_S / max(seconds_each, 1e-3))))


@contextmanager
def _client(jobs: int, scheduler: str | None) -> Iterator["Client"]:
    """A client of the cluster."""
    from distributed import Client, LocalCluster

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_CONNECT_S)
        except (OSError, ValueError) as error:
            raise IllegalSetting("scheduler", f"the address of a Dask scheduler that answers ({error})",
                                 scheduler) from None
        with client:
            yield client
        return
    # Dask's web server cannot be left out: on a port of its own, it is in nobody's way, other sweeps' neither. Each
    # worker's memory is its share of the machine's.
    with uninterrupted():
        cluster = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address="127.0.0.1:0")
        client = Client(cluster)

    def restart_none() -> None:
        for nanny in cluster.workers.values():
            nanny.close_gracefully()

    with at_stop(restart_none), cluster, client:
        yield client


def _results(client: "Client", work: Iterator[tuple[Point, list[str]]], *,
             batch: int) -> Iterator[tuple[Point, dict[str, Measured]]]:
    """Points as they are finished; a few batches are under way at any time, and the next is asked for after each."""
    from distributed import as_completed

    under_way: dict[object, list[tuple[Point, list[str]]]] = {}

    def submit(items: list[tuple[Point, list[str]]]) -> "Future":
        points = [(point.kind, dict(point.settings), names) for point, names in items]
        future = client.submit(_measure_all, points, pure=False)
        under_way[future.key] = items
        return future

    workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
    batches = iter(lambda: list(islice(work, batch)), [])
    finished = as_completed([submit(items) for items in islice(batches, _AHEAD * workers)])
    for future in finished:
        items = under_way.pop(future.key)
        try:
            found = future.result()
        except Exception as error:  # the worker died: the measurements' own errors are results
            if len(items) > 1:  # of which point, only each by itself can tell
                finished.update([submit([item]) for item in items])
                continue
            text = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            found = [{name: Measured({}, text, 0.0) for name in items[0][1]}]
        yield from zip([point for point, _names in items], found, strict=True)
        for following in islice(batches, 1):
            finished.add(submit(following))


def _measure_all(points: Sequence[tuple[str, dict[str, Any], list[str]]]) -> list[dict[str, Measured]]:
    """What a worker does."""
    return [measure_point(*point) for point in points]
