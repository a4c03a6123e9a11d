"""Output folders: whole or not at all, and nothing of others is lost."""

import pytest

from quadcim.files import CASE, check_output_folder, output_folder
from quadcim.spec.errors import IllegalSetting


def write(out, text="new", *, force=False):
    with output_folder(out, marker=CASE, force=force) as folder:
        (folder / CASE.name).write_text(f'{{"schema": "{CASE.schema}", "text": "{text}"}}')


def test_appears_whole_with_its_parents(tmp_path):
    write(tmp_path / "a/b/out")
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["out"]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), output_folder(tmp_path / "out", marker=CASE, force=False) as folder:
        (folder / "half").write_text("")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_appears_meanwhile_is_kept(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(IllegalSetting), output_folder(out, marker=CASE, force=False):
        out.mkdir()
        (out / "precious").write_text("words")
    assert (out / "precious").read_text() == "words"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_replaces_only_a_folder_of_the_same_kind(tmp_path):
    write(tmp_path / "out", "old")
    write(tmp_path / "out", "new", force=True)
    assert "new" in (tmp_path / "out" / CASE.name).read_text()
    (tmp_path / "out" / CASE.name).write_text('{"schema": "mine"}')
    with pytest.raises(IllegalSetting, match="a folder with a case.json of ours to replace"):
        write(tmp_path / "out", force=True)


def test_an_empty_folder_may_be_replaced_by_force(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(IllegalSetting):
        check_output_folder(tmp_path / "out", marker=CASE, force=False)
    write(tmp_path / "out", force=True)


def test_dots_in_a_path_mean_what_they_say(tmp_path):
    write(tmp_path / "gone/../out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
