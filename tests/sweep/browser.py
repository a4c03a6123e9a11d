"""A real browser without a screen, for pages whose elements lie in nested shadow roots."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

__all__ = ["PROGRAMS", "Page", "opened"]

PROGRAMS = [shutil.which(name) for name in ("chromium", "chromedriver")]
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run")
_PATIENCE_S = 30
_ALL = """
const found = [];
const walk = root => { for (const element of root.querySelectorAll('*')) {
  if (element.matches(arguments[0])) found.push(element);
  if (element.shadowRoot) walk(element.shadowRoot);
} };
walk(document);
return found;
"""


class Page:
    """A page that is open."""

    def __init__(self, driver: webdriver.Chrome):
        self.driver = driver

    def all(self, selector: str) -> list[WebElement]:
        """The elements that a CSS selector finds, also in shadow roots."""
        return self.driver.execute_script(_ALL, selector)

    def texts(self, selector: str) -> list[str]:
        """What these elements say."""
        return [element.text for element in self.all(selector)]

    def run(self, script: str) -> Any:
        """What JavaScript returns."""
        return self.driver.execute_script(script)

    def wait(self, condition) -> None:
        """Wait until a condition holds."""
        WebDriverWait(self.driver, _PATIENCE_S, poll_frequency=0.1).until(lambda _driver: condition())

    def hover(self, x: float, y: float) -> None:
        """Move the mouse to a place of the window."""
        actions = ActionBuilder(self.driver)
        actions.pointer_action.move_to_location(round(x), round(y))
        actions.perform()

    def complaints(self) -> list[str]:
        """What the console calls an error."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@contextmanager
def opened(path: Path, *, width: int = 1200, height: int = 1600, dark: bool = False) -> Iterator[Page]:
    """Open a file in a window of a size; a width below 500 is a phone's."""
    options = webdriver.ChromeOptions()
    for option in (*_OPTIONS, f"--window-size={width},{height}"):
        options.add_argument(option)
    if width < 500:
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": {"width": width, "height": height,
                                                                              "pixelRatio": 2.0}})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    binary, service = PROGRAMS
    assert binary is not None
    options.binary_location = binary
    driver = webdriver.Chrome(service=Service(service), options=options)
    try:
        if dark:
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        driver.get(path.absolute().as_uri())
        page = Page(driver)
        page.wait(lambda: page.run("return Bokeh.documents.length && Bokeh.documents[0].is_idle"))
        yield page
    finally:
        driver.quit()
