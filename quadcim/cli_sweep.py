"""``quadcim sweep`` and ``quadcim report``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.arguments import number, processors
from quadcim.spec.errors import IllegalSetting

if TYPE_CHECKING:
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.store import Store

__all__ = ["add_report", "add_sweep"]


def add_sweep(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("sweep", help="measure many points of a specification")
    command.add_argument("file", type=Path, metavar="FILE.toml", help="which points, and what of them (docs/sweep.md)")
    command.add_argument("--db", type=Path, metavar="FILE", help="the database of results (default: FILE.db)")
    workers = command.add_mutually_exclusive_group()
    workers.add_argument("--jobs", type=number(int, 1), default=processors(), metavar="N",
                         help="processes of this machine (default: one for each processor)")
    workers.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.1:8786")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write all results as CSV at the end")
    command.add_argument("--retry", action="store_true", help="measure again what failed before")
    command.add_argument("--dry-run", action="store_true", help="only say how many points there are")
    command.set_defaults(run=_sweep)


def _sweep(options: argparse.Namespace) -> int:
    from quadcim.sweep.plan import SweepPlan
    from quadcim.sweep.store import Store

    plan = SweepPlan.load(options.file)
    if options.dry_run:
        print(f"{len(plan.points)} points; about {_duration(plan.seconds)} of work")
        return 0
    store = Store(options.db or options.file.with_suffix(".db"))
    try:
        return _run(plan, store, options)
    finally:
        store.close()


def _run(plan: "SweepPlan", store: "Store", options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from quadcim.sweep.engine import run_sweep
    from quadcim.sweep.measurements import is_illegal

    if options.retry:
        store.forget_errors()
    left = sum(1 for _ in store.missing(plan.points, plan.measure))
    share = plan.seconds * left / len(plan.points) / (1 if options.scheduler else options.jobs)
    print(f"{len(plan.points)} points, {left} of them to be measured"
          + (f": about {_duration(share)}" if left else ""), flush=True)
    with tqdm(total=left, unit="point", disable=None if left else True) as progress:
        def report(done: int, total: int) -> None:
            progress.update(done - progress.n)

        result = run_sweep(plan, store, jobs=options.jobs, scheduler=options.scheduler, report=report)
    if options.csv:
        store.export_csv(options.csv)
    for row in store.rows():
        for name, error in row.get("errors", {}).items():
            if not is_illegal(error):
                print(f"{row['digest'][:12]} {name}: {error}")
    print(f"{result.measured} points measured, {result.kept} kept, {result.illegal} illegal, {result.failed} with "
          f"errors; {_duration(result.seconds)}; results in {store.path}")
    return 1 if result.failed else 0


def add_report(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("report", help="one web page of a sweep's results, which needs no network")
    command.add_argument("db", type=Path, metavar="FILE.db", help="the database of results")
    command.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="the page to write")
    command.add_argument("--force", action="store_true", help="replace an older file there")
    command.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from quadcim.sweep.store import Store

    if options.out.exists() and not options.force:
        raise IllegalSetting("out", "a path that does not exist yet (--force replaces)", str(options.out))
    store = Store(options.db, create=False)
    rows = store.rows()
    store.close()
    from quadcim.sweep.page import sweep_page

    page = sweep_page(rows, title=options.db.stem)
    scratch = options.out.with_name(f".{options.out.name}.part")
    scratch.write_text(page, encoding="utf-8")
    scratch.replace(options.out)
    print(f"{options.out}: {len(rows)} points, {len(page) / 1e6:.1f} MB")
    return 0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
