"""The cache: what is read is what was made, whatever happened to the files meanwhile."""

import json
import shutil

import pytest

from quadcim import cache
from quadcim.cache import cached_folder
from quadcim.fit.freeze import _freeze, freeze
from quadcim.ownership import LIST, write_list
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit

_KEY = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def private(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / "a folder" / name)
    _freeze.cache_clear()


def made(key=_KEY):
    """The entry, and how often it was built to get it."""
    calls = []

    def build(folder):
        calls.append(folder)
        (folder / "lib").mkdir()
        (folder / "lib/a.o").write_bytes(bytes(1000))

    folder = cached_folder("kind", key, build)
    assert (folder / "lib/a.o").read_bytes() == bytes(1000)
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted({_KEY[:32], folder.name})
    return folder, len(calls)


def _cut(folder):
    (folder / "lib/a.o").write_bytes(bytes(999))


def _flip(folder):
    (folder / "lib/a.o").write_bytes(bytes(999) + b"\1")


def _lose(folder):
    (folder / "lib/a.o").unlink()


def _empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def _add(folder):
    (folder / "evil.py").write_text("")


def _unlist(folder):
    (folder / LIST).unlink()


def _garble(folder):
    (folder / LIST).write_bytes(b"\xff\0")


def _link(folder):
    shutil.move(folder / "lib", folder.parents[2] / "lib")
    (folder / "lib").symlink_to(folder.parents[2] / "lib")


def _rename(folder):
    """What was built for another key, and is whole."""
    (folder / "key").write_text(_KEY[::-1])
    (folder / LIST).unlink()
    write_list(folder)


def test_is_built_once():
    assert [made()[1], made()[1]] == [1, 0]


@pytest.mark.parametrize("damage", [_cut, _flip, _lose, _empty, _add, _unlist, _garble, _link, _rename])
def test_a_damaged_or_foreign_entry_is_built_again(damage):
    damage(made()[0])
    assert [made()[1], made()[1]] == [1, 0]


def test_an_error_leaves_nothing(tmp_path):
    def fail(_folder):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cached_folder("kind", _KEY, fail)
    assert list((tmp_path / "a folder/quadcim/kind").iterdir()) == []


def test_altered_integers_are_never_used(tmp_path):
    unit = ActivationUnit(Activation("tanh", Format.parse("SQ3.4"), Format.parse("SQ1.6"), "faithful"), 1)
    integers = freeze(unit)
    [path] = (tmp_path / "a folder/quadcim/fit").glob("*/integers.json")
    found = json.loads(path.read_text())
    found["base"][1] += 1
    for text in (json.dumps(found), path.read_text()[:100], ""):
        path.write_text(text)
        _freeze.cache_clear()
        assert freeze(unit) == integers
