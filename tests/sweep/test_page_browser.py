"""The page of a sweep in a real browser: hovered, filtered, sorted; on a phone; dark."""

import pytest

from quadcim.sweep.page import MOST_POINTS, sweep_page
from quadcim.sweep.results import cost_front
from tests.sweep.browser import PROGRAMS, Page, opened
from tests.sweep.test_page import rows

pytestmark = pytest.mark.skipif(None in PROGRAMS, reason="no Chromium: apt-get install chromium chromium-driver")

_VIEW = "const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('scatter'));"
_FRONT = """
const plot = Bokeh.documents[0].get_model_by_name('scatter');
const {data} = plot.renderers[0].data_source;
return Array.from(data.x, (x, k) => [x, data.y[k]]);
"""


def saved(folder, count: int):
    (folder / "page.html").write_text(sweep_page(rows(count), title="sweep"), encoding="utf-8")
    return folder / "page.html"


def visible(page: Page) -> int:
    """The number of points that are drawn."""
    return page.run(f"""{_VIEW}
        return view.model.renderers[1].view.filter.booleans.filter(shown => shown).length;""")


def test_hover_filter_axes_sort(tmp_path):
    with opened(saved(tmp_path, 60)) as page:
        # rows: more LUT, less error; each is on the front.
        assert page.run(_FRONT) == [[10 + k, 1 / (1 + k)] for k in range(60)]
        left, top = page.run(f"""{_VIEW}
            const box = view.el.getBoundingClientRect(), frame = view.frame;
            return [box.left + frame.bbox.left + frame.x_scale.compute(30) - frame.bbox.left,
                    box.top + frame.y_scale.compute(1 / 21)];""")
        page.hover(left, top)
        page.wait(lambda: any("--input" in text for text in page.texts(".bk-tooltip, .bk-Tooltip")))
        said = "\n".join(page.texts(".bk-tooltip, .bk-Tooltip"))
        assert "quadcim generate activation --function quad" in said and "lut" in said

        _choose(page, "choice-function", "sine")
        page.wait(lambda: visible(page) == 30)
        page.wait(lambda: page.run(_FRONT) == [[10 + k, 1 / (1 + k)] for k in range(1, 60, 2)])
        assert set(page.texts(".slick-row .slick-cell.l0")) == {"sine"}

        x_axis = page.all("select")[-2]
        x_axis.find_element("css selector", "option[value=stages]").click()
        page.wait(lambda: "stages" in page.texts("svg text"))
        # Now the front is the best of the fewest stages, and of more stages only what is better still.
        assert page.run(_FRONT) == [[1, 1 / 58], [3, 1 / 60]]

        heads = dict(zip(page.texts(".slick-header-column"), page.all(".slick-header-column"), strict=True))
        heads["lut"].click()
        heads["lut"].click()
        page.wait(lambda: page.texts(".slick-row .slick-cell.l4")[0] == "69")
        assert not page.complaints()


def _choose(page: Page, name: str, value: str) -> None:
    """Click a choice of a filter."""
    names = [element.get_attribute("name") for element in page.all("select.choices__input")]
    box = page.all(".choices")[names.index(name)]
    box.click()
    next(option for option in box.find_elements("css selector", ".choices__item--choice")
         if option.text == value).click()


def test_phone(tmp_path):
    with opened(saved(tmp_path, 30), width=390, height=800) as page:
        wide, window = page.run("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert window == 390 and wide <= window
        assert all(element.rect["width"] <= 390 for element in page.all(".bk-Figure"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_dark_and_light(dark, tmp_path):
    with opened(saved(tmp_path, 30), dark=dark) as page:
        background, invert = page.run("""
            const style = element => getComputedStyle(element);
            return [style(document.body).backgroundColor, style(document.querySelector('[data-root-id]')).filter];""")
    assert (background == "rgb(24, 24, 24)") is dark and ("invert" in invert) is dark


def test_many_points(tmp_path):
    """All of the front is shown, and of the others so many that the page stays small."""
    many = [row | {"lut": 10 + k % 50, "max_error_ulp": (7 * k) % 101} for k, row in enumerate(rows(2 * MOST_POINTS))]
    (tmp_path / "page.html").write_text(sweep_page(many, title="many"), encoding="utf-8")
    with opened(tmp_path / "page.html") as page:
        assert MOST_POINTS <= visible(page) < 1.1 * MOST_POINTS
        front = page.run(_FRONT)
    best = cost_front(many, "lut", "max_error_ulp")
    assert [tuple(pair) for pair in front] == sorted({(row["lut"], row["max_error_ulp"]) for row in best})
