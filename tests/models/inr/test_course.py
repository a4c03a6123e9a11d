import numpy as np
import pytest
import torch

import quadcim.models.inr.course
from quadcim.models.inr.course import Course
from quadcim.models.inr.fit import fine_tune, fit
from quadcim.models.inr.networks import Inr
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.spec.errors import IllegalSetting

STEPS, FINE_STEPS = 120, 70


class _CutOff(Exception):
    pass


@pytest.fixture(autouse=True)
def keep_each_report(monkeypatch):
    monkeypatch.setattr(quadcim.models.inr.course, "_SECONDS", -1)


def train(signal, path=None):
    """A network, and the histories of its two phases."""
    network = Inr(channels=3, hidden=8, layers=2, seed=4)
    course = None if path is None else Course(path, "this training")
    histories = [fit(network, signal, steps=STEPS, lr=1e-3, seed=5, batch=64, course=course)]
    quantised = QuantisedInr(network, shape=signal.shape[:2])
    histories.append(fine_tune(quantised, signal, steps=FINE_STEPS, seed=5, course=course))
    return network, histories


@pytest.mark.parametrize("reports", range(1, 6))
def test_a_training_that_was_cut_off_ends_as_if_it_had_not_been(reports, picture, tmp_path, monkeypatch):
    path, left, keep = tmp_path / "state", [reports], Course.keep

    def cut_off(*arguments, **others):
        keep(*arguments, **others)
        left[0] -= 1
        if not left[0]:
            raise _CutOff

    monkeypatch.setattr(Course, "keep", cut_off)
    with pytest.raises(_CutOff):
        train(picture, path)
    monkeypatch.setattr(Course, "keep", keep)
    resumed, whole = train(picture, path), train(picture)
    assert resumed[1] == whole[1]
    for ours, theirs in zip(resumed[0].parameters(), whole[0].parameters(), strict=True):
        assert torch.equal(ours, theirs)
    Course(path, "this training").finish()
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"somebody's words", None])
def test_a_file_of_something_else_is_left_alone(content, picture, tmp_path):
    path = tmp_path / "state"
    if content is None:
        fit(Inr(channels=3, hidden=4), picture, steps=2, lr=1e-3, seed=0, course=Course(path, "another"))
        content = path.read_bytes()
    else:
        path.write_bytes(content)
    with pytest.raises(IllegalSetting, match="checkpoint must be a new file, or what this very training left"):
        Course(path, "this training")
    assert path.read_bytes() == content


def test_little_is_written_where_time_is_short(picture, tmp_path, monkeypatch):
    monkeypatch.setattr(quadcim.models.inr.course, "_SECONDS", 1000)
    path, network = tmp_path / "state", Inr(channels=3, hidden=4)
    course = Course(path, "x")
    optimiser = torch.optim.Adam(network.parameters())
    course.keep(0, [(50, 1.0)], network, optimiser, torch.Generator(), whole=False)
    assert not path.exists()
    course.keep(0, [(50, 1.0)], network, optimiser, torch.Generator(), whole=True)
    assert path.exists() and np.array_equal(sorted(tmp_path.iterdir()), [path])
