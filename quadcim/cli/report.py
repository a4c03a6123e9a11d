"""``quadcim report``."""

import argparse
from pathlib import Path

from quadcim.files import check_output_file, output_file
from quadcim.spec.errors import IllegalSetting

__all__ = ["add_report"]

_INCHES = (1, 100)


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
