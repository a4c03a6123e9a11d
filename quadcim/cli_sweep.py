"""``quadcim sweep`` and ``quadcim report``."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.arguments import MOST_JOBS, number, processors
from quadcim.files import check_output_file, output_file
from quadcim.guard import at_stop
from quadcim.spec.errors import IllegalSetting

if TYPE_CHECKING:
    from quadcim.sweep.objectives import Objectives
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.store import Store

__all__ = ["add_report", "add_sweep"]


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
    from quadcim.sweep.export import check_export
    from quadcim.sweep.measurements import check_tools
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.store import Store

    plan = SweepPlan.load(options.file)
    if options.dry_run:
        print(f"{_points(plan)}; about {_duration(plan.seconds)} of work")
        return 0
    if options.export:
        check_export(options.export, force=options.force)
    if options.scheduler is None:
        check_tools(plan.measure)
    store = Store(options.db or options.file.with_suffix(".db"))
    try:
        with at_stop(store.close):
            return _run(plan, store, options)
    finally:
        store.close()


def _points(plan: "SweepPlan") -> str:
    return f"{plan.count} of {len(plan.points)} points" if plan.search else f"{plan.count} points"


def _run(plan: "SweepPlan", store: "Store", options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from quadcim.sweep.engine import points_left, run_sweep
    from quadcim.sweep.export import export_rows
    from quadcim.sweep.measurements import is_failure
    from quadcim.sweep.results import Results

    if options.retry:
        store.forget_errors()
    left = points_left(plan, store)
    share = plan.seconds_each * left / (1 if options.scheduler else options.jobs)
    print(f"{_points(plan)}, {left} of them to be measured"
          + (f": about {_duration(share)}" if left else ""), flush=True)
    with tqdm(total=left, unit="point", disable=None if left else True) as progress:
        def report(done: int, total: int) -> None:
            progress.update(done - progress.n)

        result = run_sweep(plan, store, jobs=options.jobs, scheduler=options.scheduler, report=report)
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
          f"{len(results.failed)} with errors; {_duration(result.seconds)}; results in {store.path}")
    return 1 if results.failed else 0


def _print_front(objectives: "Objectives", rows: "Sequence[Mapping[str, Any]]") -> None:
    """Say which points no other one beats."""
    front = objectives.front(rows)
    print(f"Pareto front of {', '.join(objectives.names)}: {len(front)} points")
    for row in front:
        figures = ", ".join(f"{name} {row[name]:.6g}" for name in objectives.names)
        print(f"  {row['digest'][:12]} {figures}")


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("report", help="a web page or a plot of a sweep's results")
    command.add_argument("db", type=Path, metavar="FILE.db", help="the database of results")
    command.add_argument("--out", type=Path, required=True, metavar="FILE",
                         help="FILE.html: a page with everything, which needs no network; FILE.svg or FILE.png: a plot")
    for axis in ("x", "y"):
        command.add_argument(f"--{axis}", metavar="NAME",
                             help="figure or setting on this axis of a plot (default: the page's)")
    command.add_argument("--force", action="store_true", help="replace an older file there")
    command.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from quadcim.sweep.database import read_rows

    check_output_file(options.out, option="out", force=options.force)
    kind = options.out.suffix.removeprefix(".")
    if kind not in ("html", "svg", "png"):
        raise IllegalSetting("out", "a file that ends in .html, .svg or .png", str(options.out))
    if kind == "html" and (options.x or options.y):
        raise IllegalSetting("out", "a file that ends in .svg or .png, if an axis is given", str(options.out))
    rows = read_rows(options.db)
    with output_file(options.out, option="out", force=options.force) as scratch:
        if kind == "html":
            from quadcim.sweep.page import sweep_page

            scratch.write_text(sweep_page(rows, title=options.db.stem), encoding="utf-8")
        else:
            from quadcim.sweep.picture import sweep_picture

            sweep_picture(rows, scratch, x=options.x, y=options.y, kind=kind)
    print(f"{options.out}: {len(rows)} points, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
