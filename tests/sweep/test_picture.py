import math
import re

import pytest
from PIL import Image

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.measurements import Measured
from quadcim.sweep.panels import Panels, Scale, staircase
from quadcim.sweep.picture import PictureSettings, sweep_picture
from quadcim.sweep.points import Point
from quadcim.sweep.results import Results
from quadcim.sweep.store import Store
from tests.sweep.test_page import rows


def said(path) -> list[str]:
    """The words of a picture, each line by itself."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


def test_a_panel_a_function_and_colours_in_order(tmp_path):
    sweep_picture(rows(40), tmp_path / "a.svg")
    words = said(tmp_path / "a.svg")
    assert {"LUT on UltraScale+", "greatest error, ulp of the output", "function quad", "function sine",
            "Pareto front"} <= set(words)
    assert [word for word in words if word.startswith("width")] == [f"width {6 + k}" for k in range(8)]
    sweep_picture(rows(40), tmp_path / "b.svg")
    assert (tmp_path / "b.svg").read_text() == (tmp_path / "a.svg").read_text()


def test_a_staircase_for_each_function():
    table = [{"function": name, "lut": lut, "right_bits": bits, "clock_mhz": bits} for name, lut, bits in (
        ("quad", 10, 4), ("quad", 20, 6), ("quad", 25, 5), ("quad", 30, 8), ("sine", 15, 9))]
    panels = Panels.of(Results.drawn([{"kind": "activation", **row} for row in table]), "lut", "right_bits")
    # For more LUT, as many bits as before until there are more; the point with 25 is beaten; sine is another panel.
    assert staircase(panels.rows("quad"), "lut", "right_bits") == [(10, 4), (20, 4), (20, 6), (30, 6), (30, 8)]
    assert staircase(panels.rows("sine"), "lut", "right_bits") == [(15, 9)]
    # A faster clock takes the LUT of the next point.
    assert staircase(panels.rows("quad"), "clock_mhz", "lut") == [(4, 10), (4, 20), (6, 20), (6, 30), (8, 30)]


def test_colours_are_an_ordered_ramp():
    colours = list(Panels.of(Results.drawn(rows(40)), "lut", "max_error_ulp").coloured_by("width").values())
    light = [sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), bytes.fromhex(colour[1:]),
                                                       strict=True)) for colour in colours]
    assert len(set(colours)) == 8 and light == sorted(light)


@pytest.mark.parametrize("name, values, log, edges", [
    ("lut", [5, 200], True, ()), ("lut", [5, 50], False, ()), ("max_error", [0.0, 1e-3, 1.0], True, ("0",)),
    ("right_bits", [4.0, math.inf, 8.0], False, ("\u221e",)), ("width", [1, 100], False, ()),
    ("psnr_float_db", [math.inf], False, ("\u221e",))])
def test_scales(name, values, log, edges):
    scale = Scale.of(name, [{name: value} for value in values])
    assert scale.log is log and scale.edges == edges
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places) and all(math.isfinite(place) for place in places)


def test_lines_over_a_setting(tmp_path):
    table = [{"kind": "activation", "function": name, "width": width, "lut": width * width, "stages": 1}
             for name in ("quad", "sine") for width in (6, 8, 10)]
    sweep_picture(table, tmp_path / "a.svg", settings=PictureSettings(x="width", y="lut"))
    words = said(tmp_path / "a.svg")
    # The setting that is the same for all is not repeated in the legend.
    assert {"function quad", "function sine"} <= set(words) and not any("stages" in word for word in words)
    with pytest.raises(IllegalSetting, match=r"x must be of lut, width, stages, got 'function'"):
        sweep_picture(table, tmp_path / "b.svg", settings=PictureSettings(x="function", y="lut"))


def test_command_line(tmp_path, capsys):
    store = Store(tmp_path / "a.db")
    for width in (4, 6, 8):
        store.add(Point("activation", {"function": "quad", "width": width}),
                  {"lut": Measured({"lut": width, "ff": 20 - width}, None, 0.1)})
    store.close()
    assert main(["report", str(tmp_path / "a.db"), "--out", str(tmp_path / "a.png"), "--x", "width", "--y", "ff"]) == 0
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 800
    assert main(["report", str(tmp_path / "a.db"), "--out", str(tmp_path / "a.pdf"), "--size", "3x2", "--title", "A $x",
                 "--log", "y"]) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    capsys.readouterr()
    for arguments, message in ((["--out", "a.gif"], "--out must be a file that ends in .html, .svg, .png, .pdf"),
                               (["--out", "a.html", "--x", "lut"], "--out must be a file that ends in .svg, .png"),
                               (["--out", "b.svg", "--log", "z"], "--log must be x, y, xy or none, got 'z'"),
                               (["--out", "b.svg", "--size", "0x4"], "--size must be WIDTHxHEIGHT, each from 1"),
                               (["--out", "a.svg", "--y", "area"], "--y must be of lut, ff, width, got 'area'")):
        assert main(["report", str(tmp_path / "a.db"), *arguments]) == 2
        assert f"quadcim: error: {message}" in capsys.readouterr().err
