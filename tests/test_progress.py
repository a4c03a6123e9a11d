"""Progress: silent for a second, then what is being done, and for how long."""

import io
import re
import time

import pytest

from quadcim import progress
from quadcim.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.2)


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_what_is_quick_says_nothing(stream):
    with Progress(stream) as report:
        report("fitting")
        report("writing")
    assert re.sub(re.escape(progress._CLEAR), "", stream.getvalue()) == ""


def test_a_line_for_each_step_that_is_under_way_after_a_second(soon):
    stream = io.StringIO()
    with Progress(stream) as report:
        report("reading")
        report("fitting")
        time.sleep(0.5)
        report("writing")
        time.sleep(0.3)
    assert stream.getvalue() == "fitting ... 0 s\nwriting ... 0 s\n" or re.fullmatch(
        r"fitting \.\.\. \d+ s\nwriting \.\.\. \d+ s\n", stream.getvalue())


def test_a_terminal_has_one_line_that_counts_and_goes(soon):
    stream = Terminal()
    with Progress(stream) as report:
        report("fitting")
        time.sleep(1.5)
    said = stream.getvalue().split(progress._CLEAR)
    assert said[0] == said[-1] == "" and len(said) > 3
    assert all(re.fullmatch(r"fitting \.\.\. \d s", line) for line in said[1:-1])


def test_an_error_ends_it(soon):
    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError), Progress(stream) as report:
        report("fitting")
        raise ZeroDivisionError
    time.sleep(0.4)
    assert stream.getvalue() == ""


def test_a_closed_stream_is_no_matter(soon):
    stream = io.StringIO()
    with Progress(stream) as report:
        stream.close()
        report("fitting")
        time.sleep(0.4)
