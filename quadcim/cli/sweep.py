"""``quadcim sweep``."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.arguments import MOST_JOBS, number, processors
from quadcim.guard import at_stop

if TYPE_CHECKING:
    from quadcim.sweep.estimate import Estimate
    from quadcim.sweep.objectives import Objectives
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.points import Point
    from quadcim.sweep.store import Store

__all__ = ["add_sweep"]


def add_sweep(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("sweep", help="measure many points of a specification")
    command.add_argument("file", type=Path, metavar="FILE.toml", help="which points, and what of them (docs/sweep.md)")
    command.add_argument("--db", type=Path, metavar="FILE", help="the database of results (default: FILE.db)")
    workers = command.add_mutually_exclusive_group()
    workers.add_argument("--jobs", type=number(int, 1, MOST_JOBS), default=processors(), metavar="N",
                         help="processes of this machine (default: one for each processor)")
    workers.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.1:8786")
    command.add_argument("--export", type=Path, metavar="FILE",
                         help="write all results at the end: FILE.csv or FILE.parquet")
    command.add_argument("--force", action="store_true", help="replace an older file of --export")
    command.add_argument("--retry", action="store_true", help="measure again what failed before")
    command.add_argument("--dry-run", action="store_true", help="only say how many points there are")
    command.set_defaults(run=_sweep)


def _sweep(options: argparse.Namespace) -> int:
    from quadcim.sweep.database import read_history
    from quadcim.sweep.estimate import Estimate, duration
    from quadcim.sweep.export import check_export
    from quadcim.sweep.measurements import check_tools
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.store import Store

    plan, path = SweepPlan.load(options.file), options.db or options.file.with_suffix(".db")
    estimate = Estimate(read_history(path) if path.is_file() and path.stat().st_size else ())
    if options.dry_run:
        print(f"{_points(plan)}; about {duration(estimate.total(plan))} of work")
        return 0
    if options.export:
        check_export(options.export, force=options.force)
    if options.scheduler is None:
        check_tools(plan.measure)
    store = Store(path)
    try:
        with at_stop(store.close):
            return _run(plan, store, estimate, options)
    finally:
        store.close()


def _points(plan: "SweepPlan") -> str:
    return f"{plan.count} of {len(plan.points)} points" if plan.search else f"{plan.count} points"


def _run(plan: "SweepPlan", store: "Store", estimate: "Estimate", options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from quadcim.sweep.engine import run_sweep, work_left
    from quadcim.sweep.estimate import START_S, duration
    from quadcim.sweep.export import export_rows
    from quadcim.sweep.measurements import is_failure
    from quadcim.sweep.results import Results

    if options.retry:
        store.forget_errors()
    left, seconds = work_left(plan, store, estimate)
    workers = 1 if options.scheduler else min(options.jobs, max(left, 1))
    print(f"{_points(plan)}, {left} of them to be measured"
          + (f": about {duration(START_S + seconds / workers)}" if left else ""), flush=True)
    # The bar counts work, not points: some take a hundred times as long as others.
    with tqdm(total=seconds, bar_format="{l_bar}{bar}| {postfix} [{elapsed}<{remaining}]",
              disable=None if left else True) as progress:
        def report(point: "Point", done: int, total: int) -> None:
            progress.set_postfix_str(f"{done} of {total} points", refresh=False)
            progress.update(min(estimate(point, plan.measure), seconds - progress.n))

        result = run_sweep(plan, store, jobs=options.jobs, scheduler=options.scheduler, estimate=estimate,
                           report=report)
    rows = store.rows()
    if options.export:
        export_rows(rows, options.export, force=options.force)
    digests = {point.digest for point in plan.points}
    results = Results.of([row for row in rows if row["digest"] in digests])
    if plan.search:
        _print_front(plan.search.objectives, results.rows)
    for row in results.failed:
        for name, error in row["errors"].items():
            if is_failure(error):
                print(f"{row['digest'][:12]} {name}: {error}")
    print(f"{result.measured} points measured, {result.kept} kept, {len(results.illegal)} illegal, "
          f"{len(results.failed)} with errors; {duration(result.seconds)}; results in {store.path}")
    return 1 if results.failed else 0


def _print_front(objectives: "Objectives", rows: "Sequence[Mapping[str, Any]]") -> None:
    """Say which points no other one beats."""
    front = objectives.front(rows)
    print(f"Pareto front of {', '.join(objectives.names)}: {len(front)} points")
    for row in front:
        figures = ", ".join(f"{name} {row[name]:.6g}" for name in objectives.names)
        print(f"  {row['digest'][:12]} {figures}")
