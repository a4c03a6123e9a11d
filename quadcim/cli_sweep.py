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
    from quadcim.sweep.estimate import Estimate
    from quadcim.sweep.objectives import Objectives
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.points import Point
    from quadcim.sweep.store import Store

__all__ = ["add_report", "add_sweep"]

_INCHES = (1, 100)


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


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("report", help="a web page or a plot of a sweep's results")
    command.add_argument("db", type=Path, metavar="FILE.db", help="the database of results")
    command.add_argument("--out", type=Path, required=True, metavar="FILE",
                         help="FILE.html: a page with everything, which needs no network; FILE.svg, FILE.png or "
                              "FILE.pdf: a plot, with a panel a function")
    for axis in ("x", "y"):
        command.add_argument(f"--{axis}", metavar="NAME",
                             help=f"figure or setting on the {axis} axis of a plot (default: the page's)")
    command.add_argument("--log", metavar="AXES",
                         help="logarithmic axes of a plot: x, y, xy or none (default: those whose values span a factor "
                              "of 20)")
    command.add_argument("--size", metavar="WIDTHxHEIGHT", help="size of a plot in inches (default: by its panels)")
    command.add_argument("--title", metavar="TEXT", help="what stands above (default: the page's is the file's name)")
    command.add_argument("--force", action="store_true", help="replace an older file of ours there")
    command.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from quadcim.sweep.database import read_rows
    from quadcim.sweep.picture import PICTURES, PictureSettings, sweep_picture

    check_output_file(options.out, option="out", force=options.force)
    kind = options.out.suffix.removeprefix(".")
    if kind not in ("html", *PICTURES):
        raise IllegalSetting("out", f"a file that ends in .html, .{', .'.join(PICTURES)}", str(options.out))
    drawn = {"x": options.x, "y": options.y, "log": _log(options.log), "size": _size(options.size)}
    if kind == "html" and any(value is not None for value in drawn.values()):
        raise IllegalSetting("out", f"a file that ends in .{', .'.join(PICTURES)}, with options of a plot",
                             str(options.out))
    rows = read_rows(options.db)
    with output_file(options.out, option="out", force=options.force) as scratch:
        if kind == "html":
            from quadcim.sweep.page import sweep_page

            scratch.write_text(sweep_page(rows, title=options.title or options.db.stem), encoding="utf-8")
        else:
            sweep_picture(rows, scratch, settings=PictureSettings(**drawn, title=options.title or ""), kind=kind)
    print(f"{options.out}: {len(rows)} points, {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


def _log(text: str | None) -> str | None:
    if text not in (None, "x", "y", "xy", "none"):
        raise IllegalSetting("log", "x, y, xy or none", text)
    return "" if text == "none" else text


def _size(text: str | None) -> tuple[float, float] | None:
    """Width and height of a plot."""
    if text is None:
        return None
    try:
        width, height = map(float, text.split("x"))
    except ValueError:
        width = height = 0.0
    if not (_INCHES[0] <= width <= _INCHES[1] and _INCHES[0] <= height <= _INCHES[1]):
        raise IllegalSetting("size", f"WIDTHxHEIGHT, each from {_INCHES[0]} to {_INCHES[1]} inches", text)
    return width, height
