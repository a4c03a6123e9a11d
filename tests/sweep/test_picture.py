import re

import pytest
from PIL import Image

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.measurements import Measured
from quadcim.sweep.picture import sweep_picture
from quadcim.sweep.points import Point
from quadcim.sweep.store import Store
from tests.sweep.test_page import rows


def test_front_and_colours(tmp_path):
    sweep_picture(rows(40), tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    said = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    assert {"LUT on UltraScale+", "greatest error, ulp of the output", "function quad", "function sine",
            "Pareto front"} <= set(said)
    sweep_picture(rows(40), tmp_path / "b.svg")
    assert (tmp_path / "b.svg").read_text() == text


def test_lines_over_a_setting(tmp_path):
    table = [{"kind": "activation", "function": name, "width": width, "lut": width * width, "stages": 1}
             for name in ("quad", "sine") for width in (6, 8, 10)]
    sweep_picture(table, tmp_path / "a.svg", x="width", y="lut")
    text = (tmp_path / "a.svg").read_text()
    # The setting that is the same for all is not repeated in the legend.
    assert ">function quad<" in text and ">function sine<" in text and "stages" not in text
    with pytest.raises(IllegalSetting, match=r"x must be of lut, width, stages, got 'function'"):
        sweep_picture(table, tmp_path / "b.svg", x="function", y="lut")


def test_command_line(tmp_path, capsys):
    store = Store(tmp_path / "a.db")
    for width in (4, 6, 8):
        store.add(Point("activation", {"function": "quad", "width": width}),
                  {"lut": Measured({"lut": width, "ff": 20 - width}, None, 0.1)})
    store.close()
    assert main(["report", str(tmp_path / "a.db"), "--out", str(tmp_path / "a.png"), "--x", "width", "--y", "ff"]) == 0
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 1000
    capsys.readouterr()
    for arguments, message in ((["--out", "a.pdf"], "--out must be a file that ends in .html, .svg or .png"),
                               (["--out", "a.html", "--x", "lut"], "--out must be a file that ends in .svg or .png"),
                               (["--out", "a.svg", "--y", "area"], "--y must be of lut, ff, width, got 'area'")):
        assert main(["report", str(tmp_path / "a.db"), *arguments]) == 2
        assert f"quadcim: error: {message}" in capsys.readouterr().err
