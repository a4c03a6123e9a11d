"""Measures points on the workers of a Dask cluster: one of this machine's processes, or one that is running."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.measurements import Measured, is_illegal, measure_point
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.points import Point
from quadcim.sweep.store import Store

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["SweepResult", "run_sweep"]

_AHEAD = 4
"""Points handed out for each worker: enough to keep it busy, few enough to lose little and to take little memory."""
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
              report: Callable[[int, int], None] = lambda done, total: None) -> SweepResult:
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
    report : callable
        Told after each point how many of how many are done.

    Raises
    ------
    IllegalSetting
        If the scheduler cannot be reached.
    """
    start, work = time.perf_counter(), list(store.missing(plan.points, plan.measure))
    failed = illegal = 0
    if work:
        with _client(min(jobs, len(work)), scheduler) as client:
            for done, (point, results) in enumerate(_results(client, work), 1):
                store.add(point, results)
                wrong = [result.error for result in results.values() if result.error]
                illegal += bool(wrong) and all(map(is_illegal, wrong))
                failed += not all(map(is_illegal, wrong))
                report(done, len(work))
    return SweepResult(len(work), len(plan.points) - len(work), failed, illegal, time.perf_counter() - start)


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
    # No dashboard: nothing listens that nobody asked for. Each worker's memory is its share of the machine's.
    with (LocalCluster(n_workers=jobs, threads_per_worker=1,
                       dashboard_address=None) as cluster,  # pyright: ignore[reportArgumentType] - its hint lacks None
          Client(cluster) as client):
        yield client


def _results(client: "Client", work: list[tuple[Point, list[str]]]) -> Iterator[tuple[Point, dict[str, Measured]]]:
    """Points as they are finished; a few are under way at any time."""
    from distributed import as_completed

    waiting = iter(work)
    points: dict[object, tuple[Point, list[str]]] = {}

    def submit(point: Point, names: list[str]) -> "Future":
        future = client.submit(measure_point, point.kind, point.spec.to_json(), names, pure=False)
        points[future.key] = point, names
        return future

    workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
    finished = as_completed([submit(*item) for item in islice(waiting, _AHEAD * workers)])
    for future in finished:
        point, names = points.pop(future.key)
        try:
            results = future.result()
        except Exception as error:  # the worker died: the measurements' own errors are results
            text = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            results = {name: Measured({}, text, 0.0) for name in names}
        yield point, results
        for item in islice(waiting, 1):
            finished.add(submit(*item))
