"""The page of a sweep in a real browser: hovered, filtered, sorted; on a phone; dark."""

import itertools
import math

import pytest

from quadcim.sweep.page import MOST_POINTS, sweep_page
from quadcim.sweep.results import cost_front
from tests.sweep.browser import PROGRAMS, Page, opened
from tests.sweep.test_page import rows

pytestmark = pytest.mark.skipif(None in PROGRAMS, reason="no Chromium: apt-get install chromium chromium-driver")

_PLOT = "const plot = Bokeh.documents[0].get_model_by_name('scatter-PANEL'), view = Bokeh.index.find_one(plot);"
_FRONT = """
const {data} = plot.renderers[0].data_source;
return Array.from(data.x, (x, k) => [x, data.y[k]]);
"""


def saved(folder, table: list[dict]):
    (folder / "page.html").write_text(sweep_page(table, title="sweep"), encoding="utf-8")
    return folder / "page.html"


def in_plot(page: Page, script: str, panel: int = 0):
    """What a script says of the plot of a panel."""
    return page.run(_PLOT.replace("PANEL", str(panel)) + script)


def visible(page: Page) -> int:
    """The number of points that are drawn."""
    return in_plot(page, "return plot.renderers.at(-1).view.filter.operands[0].booleans.filter(shown => shown).length;")


def corners(points: list[tuple[float, float]]) -> list[list[float]]:
    """A staircase through points, each better than the one before, and dearer."""
    return [list(points[0])] + [pair for (_, before), (x, y) in itertools.pairwise(points)
                                for pair in ([x, before], [x, y])]


def test_hover_filter_axes_sort(tmp_path):
    with opened(saved(tmp_path, rows(60))) as page:
        # A panel a function. rows: more LUT, less error; each is on the front of its own function.
        assert in_plot(page, "return plot.title.text.text;") == "function quad"
        for panel in (0, 1):
            assert in_plot(page, _FRONT, panel) == corners([(10 + k, 1 / (1 + k)) for k in range(panel, 60, 2)])
        left, top = in_plot(page, """
            const box = view.el.getBoundingClientRect();
            return [box.left + view.frame.x_scale.compute(30), box.top + view.frame.y_scale.compute(1 / 21)];""")
        page.hover(left, top)
        page.wait(lambda: any("--input" in text for text in page.texts(".bk-tooltip, .bk-Tooltip")))
        said = "\n".join(page.texts(".bk-tooltip, .bk-Tooltip"))
        assert "quadcim generate activation --function quad" in said and "lut" in said

        _choose(page, "choice-function", "sine")
        page.wait(lambda: visible(page) == 30)
        page.wait(lambda: in_plot(page, _FRONT) == [])
        assert set(page.texts(".slick-row .slick-cell.l0")) == {"sine"}

        _select(page, "x-axis", "stages")
        page.wait(lambda: "stages" in page.texts("svg text"))
        # Over a setting, lines: one for each width, in its colour.
        lines = in_plot(page, """
            const {data} = plot.renderers[1].data_source;
            return [data.x.length, new Set(data.colour).size, data.x.every(line => line.every((x, k) =>
              k == 0 || line[k - 1] <= x))];""", 1)
        assert lines == [4, 4, True] and in_plot(page, _FRONT, 1) == []

        heads = dict(zip(page.texts(".slick-header-column"), page.all(".slick-header-column"), strict=True))
        heads["lut"].click()
        heads["lut"].click()
        page.wait(lambda: page.texts(".slick-row .slick-cell.l4")[0] == "69")
        assert not page.complaints()


def test_scales_legends_and_what_is_infinite(tmp_path):
    table = [row | {"right_bits": math.inf if k == 8 else 1.0 + k, "max_error": 0.0 if k == 8 else 2.0**-k}
             for k, row in enumerate(rows(10))]
    with opened(saved(tmp_path, table)) as page:
        assert all(box.get_attribute("placeholder") == "all" for box in page.all(".choices__input--cloned"))
        assert "width" in page.texts("p b") and all(str(6 + k) in " ".join(page.texts("p span")) for k in range(8))
        assert in_plot(page, "return [plot.x_scale.type, plot.y_scale.type];") == ["LinearScale", "LinearScale"]
        # The best lies at the edge, and is the end of the front.
        place, end, greatest, text = in_plot(page, """
            const {data} = plot.renderers.at(-1).data_source, front = plot.renderers[0].data_source.data;
            const others = data.y.filter((_, k) => k != 8);
            return [data.y[8], front.y.at(-1), Math.max(...others), plot.left[0].axis_label];""")
        assert place == end > greatest and "\u221e at the edge" in text
        _select(page, "y-axis", "max_error")
        page.wait(lambda: in_plot(page, "return plot.y_scale.type;") == "LogScale")
        least = in_plot(page, """
            const {data} = plot.renderers.at(-1).data_source;
            return [data.y[8], Math.min(...data.y.filter((_, k) => k != 8)), plot.y_range.start];""")
        assert least[2] < least[0] < least[1]
        _select(page, "y-scale", "linear")
        page.wait(lambda: in_plot(page, "return plot.y_scale.type;") == "LinearScale")
        assert in_plot(page, "return plot.renderers.at(-1).data_source.data.y[8];") == 0
        assert not page.complaints()


def _select(page: Page, name: str, value: str) -> None:
    """Choose in a list."""
    (box,) = [element for element in page.all("select") if element.get_attribute("name") == name]
    box.find_element("css selector", f"option[value='{value.replace('_', ' ')}']").click()


def _choose(page: Page, name: str, value: str) -> None:
    """Click a choice of a filter."""
    names = [element.get_attribute("name") for element in page.all("select.choices__input")]
    box = page.all(".choices")[names.index(name)]
    box.click()
    next(option for option in box.find_elements("css selector", ".choices__item--choice")
         if option.text == value).click()


def test_phone(tmp_path):
    with opened(saved(tmp_path, rows(30)), width=390, height=800) as page:
        wide, window = page.run("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert window == 390 and wide <= window
        assert all(element.rect["width"] <= 390 for element in page.all(".bk-Figure"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_dark_and_light(dark, tmp_path):
    with opened(saved(tmp_path, rows(30)), dark=dark) as page:
        background, invert = page.run("""
            const style = element => getComputedStyle(element);
            return [style(document.body).backgroundColor, style(document.querySelector('[data-root-id]')).filter];""")
    assert (background == "rgb(24, 24, 24)") is dark and ("invert" in invert) is dark


def test_many_points(tmp_path):
    """All of the front is shown, and of the others so many that the page stays small."""
    many = [row | {"lut": 10 + k % 50, "max_error_ulp": 1 + 7 * k % 101} for k, row in enumerate(rows(2 * MOST_POINTS))]
    (tmp_path / "page.html").write_text(sweep_page(many, title="many"), encoding="utf-8")
    with opened(tmp_path / "page.html") as page:
        assert MOST_POINTS <= visible(page) < 1.1 * MOST_POINTS
        fronts = [in_plot(page, _FRONT, panel) for panel in (0, 1)]
    for front, function in zip(fronts, ("quad", "sine"), strict=True):
        best = cost_front([row for row in many if row["function"] == function], "lut", "max_error_ulp")
        assert front == corners(sorted({(row["lut"], row["max_error_ulp"]) for row in best}))
