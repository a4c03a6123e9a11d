"""Text stays text: what users call their files runs nothing in a page, and breaks no picture."""

import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from quadcim.sweep.page import sweep_page
from quadcim.sweep.picture import PictureSettings, sweep_picture
from tests.sweep.browser import PROGRAMS, Page, opened

_NAMES = ["<img src=x onerror=window.hacked=1>.png", "<script>window.hacked=2</script>.png",
          "</script><script>window.hacked=3</script>.png", "$$\\frac{$$.png", "$x$ \\(y\\) @{image} ${index}.png",
          "\"double\" 'single' & &lt; `tick`.png", "_underscore.png", "line\nbreak.png"]


def rows() -> list[dict]:
    return [{"digest": f"{k}", "kind": "inr", "image": name, "activation": ("quad", name)[k % 2], "hidden": 8 * (1 + k),
             "psnr_float_db": 20.0 + k, "psnr_integer_db": 30.0 - k} for k, name in enumerate(_NAMES * 2)]


def shown(text: str) -> str:
    """Text as it is shown: a line break is written out, and a browser draws white space together."""
    return " ".join(text.replace("line\nbreak", "line\\nbreak").split())


@pytest.mark.skipif(None in PROGRAMS, reason="no Chromium: apt-get install chromium chromium-driver")
def test_in_a_browser(tmp_path):
    (tmp_path / "page.html").write_text(sweep_page(rows(), title="<img src=x onerror=window.hacked=4>"))
    with opened(tmp_path / "page.html") as page:
        assert page.texts("h1") == ["<img src=x onerror=window.hacked=4>"]
        assert page.run("return document.title") == "<img src=x onerror=window.hacked=4>"
        said = {shown(text) for text in page.texts(".slick-row .slick-cell")}
        assert said >= {shown(name) for name in _NAMES}
        _hover_over_all(page)
        boxes = dict(zip([element.get_attribute("name") for element in page.all("select.choices__input")],
                         page.all(".choices"), strict=True))
        boxes["choice-image"].click()
        assert {shown(text) for text in page.texts(".choices__item--choice")} >= {shown(name) for name in _NAMES}
        for _ in _NAMES:
            next(option for option in boxes["choice-image"].find_elements("css selector", ".choices__item--choice")
                 if option.is_displayed()).click()
        chosen = {shown(text.removesuffix("Remove item"))
                  for text in page.texts(".choices__list--multiple .choices__item")}
        assert chosen == {shown(name) for name in _NAMES}
        assert page.run("return window.hacked === undefined") and not page.all("img, svg image, mjx-container")
        assert not page.complaints()


def _hover_over_all(page: Page) -> None:
    """Show the tooltip of each point, and find its text there."""
    for index, name in enumerate(_NAMES):
        page.hover(*page.run(f"""
            const plot = Bokeh.documents[0].get_model_by_name('scatter-{index}'), view = Bokeh.index.find_one(plot);
            view.el.scrollIntoView({{block: 'center'}});
            const {{data}} = plot.renderers.at(-1).data_source, box = view.el.getBoundingClientRect();
            return [box.left + view.frame.x_scale.compute(data.x[{index}]),
                    box.top + view.frame.y_scale.compute(data.y[{index}])];"""))
        page.wait(lambda name=name: any(shown(name) in shown(text)
                                        for text in page.texts(".bk-tooltip, .bk-Tooltip")))
    page.run("scrollTo(0, 0);")


@pytest.mark.parametrize("x", ["hidden", "psnr_float_db"])
def test_in_pictures(x, tmp_path):
    for kind in ("svg", "png", "pdf"):
        settings = PictureSettings(x=x, y="psnr_integer_db", title=_NAMES[3])
        sweep_picture(rows(), tmp_path / f"a.{kind}", settings=settings, kind=kind)
    tree = ElementTree.fromstring((tmp_path / "a.svg").read_text(encoding="utf-8"))
    words = " ".join(tree.itertext())
    assert all(shown(name) in shown(words) for name in _NAMES)
    assert not {re.sub("{.*}", "", element.tag) for element in tree.iter()} & {"script", "img"}
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 800
