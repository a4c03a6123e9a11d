"""Output folders and files: whole or not at all, and nothing of others is lost."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from quadcim.cli import main
from quadcim.files import CASE, SIMULATION, TRAINING, Marker, check_output_folder, output_file, output_folder
from quadcim.ownership import LIST, read_list, write_list
from quadcim.spec.errors import IllegalSetting


def write(out, text="new", *, force=False, marker=CASE, schema=None):
    with output_folder(out, marker=marker, force=force) as folder:
        (folder / "rtl").mkdir()
        (folder / "rtl/a.v").write_text(text)
        files = {"rtl/a.v": hashlib.sha256(text.encode()).hexdigest()}
        (folder / marker.name).write_text(json.dumps(
            {"schema": schema or marker.schema, "text": text, "files": files}))


def names(folder: Path):
    return sorted(path.name for path in folder.iterdir())


def test_appears_whole_with_its_parents_and_a_list(tmp_path):
    write(tmp_path / "a/b/out")
    assert names(tmp_path) == ["a"] and names(tmp_path / "a/b") == ["out"]
    assert list(read_list(tmp_path / "a/b/out" / LIST)) == ["case.json", "rtl/a.v"]


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), output_folder(tmp_path / "a/out", marker=CASE, force=False) as folder:
        (folder / "half").write_text("")
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_what_appears_meanwhile_is_kept(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(IllegalSetting), output_folder(out, marker=CASE, force=True):
        out.mkdir()
        (out / "precious").write_text("words")
    assert (out / "precious").read_text() == "words"
    assert names(tmp_path) == ["out"]


def test_force_replaces_only_a_folder_of_the_same_kind(tmp_path):
    write(tmp_path / "out", "old")
    write(tmp_path / "out", "new", force=True)
    assert "new" in (tmp_path / "out" / CASE.name).read_text()
    with pytest.raises(IllegalSetting, match="there are SHA256SUMS .foreign., case.json .foreign., rtl/a.v .foreign."):
        write(tmp_path / "out", force=True, marker=TRAINING)


def test_an_empty_folder_may_be_replaced_by_force(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(IllegalSetting):
        check_output_folder(tmp_path / "out", marker=CASE, force=False)
    write(tmp_path / "out", force=True)


def test_dots_in_a_path_mean_what_they_say(tmp_path):
    write(tmp_path / "gone/../out")
    assert names(tmp_path) == ["out"]


def _note(out):
    (out / "notes.txt").write_text("mine")


def _folder(out):
    (out / "mine").mkdir()


def _hidden(out):
    (out / "rtl/.git").mkdir()
    (out / "rtl/.git/HEAD").write_text("ref")


def _edit(out):
    (out / "rtl/a.v").write_text("mended by hand")


def _edit_marker(out):
    manifest = json.loads((out / CASE.name).read_text())
    (out / CASE.name).write_text(json.dumps(manifest | {"clock_mhz": 5}))


def _link(out):
    (out / "rtl/a.v").rename(out.parent / "a.v")
    (out / "rtl/a.v").symlink_to(out.parent / "a.v")


def _pipe(out):
    os.mkfifo(out / "pipe")


def _simulated(out):
    write(out / "sim/icarus", marker=SIMULATION)
    (out / "sim/icarus/kept.fst").write_text("a waveform that I keep")


def _six(out):
    for number in range(6):
        (out / f"{number}.txt").write_text("")


def _comment(out):
    (out / LIST).write_text((out / LIST).read_text() + "# checked, Ada\n")


def _relist(out):
    _note(out)
    write_list(out)


@pytest.mark.parametrize("change, said", [
    (_comment, "SHA256SUMS (edited)"), (_relist, "notes.txt (foreign)"),
    (_note, "notes.txt (foreign)"), (_folder, "mine/ (foreign)"), (_hidden, "rtl/.git/HEAD (foreign)"),
    (_edit, "rtl/a.v (edited)"), (_edit_marker, "case.json (edited)"), (_link, "rtl/a.v (foreign)"),
    (_pipe, "pipe (foreign)"), (_simulated, "sim/icarus/kept.fst (foreign)"),
    (_six, "0.txt (foreign), 1.txt (foreign), 2.txt (foreign), 3.txt (foreign), 4.txt (foreign), and more")])
def test_force_refuses_foreign_and_edited_files(change, said, tmp_path):
    write(tmp_path / "out")
    change(tmp_path / "out")
    before = {path: path.lstat() for path in tmp_path.rglob("*")}
    with pytest.raises(IllegalSetting) as error:
        write(tmp_path / "out", force=True)
    assert f" there are {said}, got " in str(error.value)
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*") if path != tmp_path} == {
        path: stat.st_mtime_ns for path, stat in before.items()}


def test_what_later_commands_left_is_ours(tmp_path):
    write(tmp_path / "out")
    write(tmp_path / "out/sim/icarus", marker=SIMULATION)
    assert "rtl/a.v" in read_list(tmp_path / "out" / LIST) and (tmp_path / "out/sim/icarus" / LIST).is_file()
    (tmp_path / "out/rtl/a.v").unlink()  # what is missing is no loss
    write(tmp_path / "out", "new", force=True)
    assert names(tmp_path / "out") == [LIST, "case.json", "rtl"]


@pytest.mark.parametrize("schema", ["quadcim-case-1", "quadcim-case-2", "quadcim-case-3"])
def test_cases_of_earlier_releases_are_ours(schema, tmp_path):
    write(tmp_path / "out")
    sums = read_list(tmp_path / "out" / LIST)
    old = {"schema": schema, "top": "t", "files": {"rtl/a.v": sums["rtl/a.v"]}}
    (tmp_path / "out" / LIST).unlink()
    (tmp_path / "out/case.json").write_text(json.dumps(old))
    (tmp_path / "out/sim/icarus").mkdir(parents=True)
    for name in ("results.xml", "simulation.log", "coverage.json", "t.fst"):
        (tmp_path / "out/sim/icarus" / name).write_text("")
    (tmp_path / "out/sim/icarus/mine.txt").write_text("")
    with pytest.raises(IllegalSetting, match=r"there are sim/icarus/mine.txt \(foreign\)"):
        write(tmp_path / "out", force=True)
    (tmp_path / "out/sim/icarus/mine.txt").unlink()
    write(tmp_path / "out", force=True)


def test_trainings_of_earlier_releases_are_ours(tmp_path):
    write(tmp_path / "out", marker=TRAINING)
    for name in (LIST, "rtl/a.v"):
        (tmp_path / "out" / name).unlink()
    (tmp_path / "out/rtl").rmdir()
    (tmp_path / "out/network.safetensors").write_text("")
    write(tmp_path / "out", marker=TRAINING, force=True)


def test_any_folder_that_says_it_is_a_case_is_not_ours(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/case.json").write_text(json.dumps({"schema": CASE.schema}))
    _note(tmp_path / "out")
    with pytest.raises(IllegalSetting, match="notes.txt"):
        write(tmp_path / "out", force=True)


def test_runs_that_end_at_once_both_end_well(tmp_path):
    threads = [threading.Thread(target=write, args=(tmp_path / "out", str(number)), kwargs={"force": True})
               for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == ["out"] and list(read_list(tmp_path / "out" / LIST)) == ["case.json", "rtl/a.v"]


_KILLED = """
import os, sys
from pathlib import Path
import quadcim.files
from quadcim.files import CASE, output_folder
rename, calls = Path.rename, []
def counted(self, target):
    calls.append(target)
    if len(calls) > int(sys.argv[1]):
        os.kill(os.getpid(), 9)
    return rename(self, target)
Path.rename = counted
with output_folder(Path("out"), marker=CASE, force=True) as folder:
    (folder / "case.json").write_text('{"schema": "%s", "text": "new"}' % CASE.schema)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("renames, found", [(0, "old"), (1, "old"), (2, "new")])
def test_a_kill_between_two_renames_loses_nothing(renames, found, tmp_path):
    write(tmp_path / "out", "old")
    run = subprocess.run([sys.executable, "-c", _KILLED, str(renames)], cwd=tmp_path, check=False)
    assert run.returncode == -9
    with pytest.raises(IllegalSetting):
        check_output_folder(tmp_path / "out", marker=CASE, force=False)
    assert names(tmp_path) == ["out"]
    assert json.loads((tmp_path / "out/case.json").read_text())["text"] == found


@pytest.mark.parametrize("place", ["../out", "/etc/quadcim-out", "..", ".", "", "a/b"])
def test_a_planted_scratch_folder_moves_nothing_elsewhere(place, tmp_path):
    with output_folder(tmp_path / "here/out", marker=CASE, force=False) as folder:
        said = (folder.parent / "lock").read_text()
    planted = tmp_path / "here/.quadcim-planted"
    (planted / "old").mkdir(parents=True)
    (planted / "lock").write_text(said)
    (planted / "place").write_text(place)
    write(tmp_path / "here/other")
    assert names(tmp_path) == ["here"] and names(tmp_path / "here") == ["other", "out"]


def test_only_unlocked_scratch_folders_of_ours_are_reclaimed(tmp_path):
    def scratch(name, said):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lock").write_text(said)
        (tmp_path / name / "work").write_text("")

    with output_folder(tmp_path / "out", marker=CASE, force=False) as folder:
        said = (folder.parent / "lock").read_text()
        scratch(".quadcim-dead", said)
        scratch(".quadcim-live", said)
        scratch(".quadcim-mine", "my own lock")
        (tmp_path / ".quadcim-words").mkdir()
        (tmp_path / ".quadcim-words/words").write_text("")
        with (tmp_path / ".quadcim-live/lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write(tmp_path / "other")
            assert folder.is_dir()
            assert {path.name for path in tmp_path.iterdir()} == {
                ".quadcim-live", ".quadcim-mine", ".quadcim-words", "other", folder.parent.name}


def test_a_scratch_folder_in_a_case_is_nobody_s_unless_it_is_in_use(tmp_path):
    write(tmp_path / "out")
    with output_folder(tmp_path / "out/sim/icarus", marker=SIMULATION, force=True) as folder:
        with pytest.raises(IllegalSetting, match=r"\.quadcim-\w+/ \(in use\)"):
            write(tmp_path / "out", force=True)
        (folder / SIMULATION.name).write_text("{}")


def put(path, text="new", *, force=False):
    with output_file(path, option="out", force=force) as scratch:
        scratch.write_text(text)


def test_files_are_replaced_only_if_quadcim_wrote_them(tmp_path):
    page = tmp_path / "page.html"
    put(page, "old")
    subprocess.run(["sha256sum", "-c", "--quiet", "page.html.sha256"], cwd=tmp_path, check=True)
    with pytest.raises(IllegalSetting, match="must be a path that does not exist yet"):
        put(page)
    put(page, force=True)
    assert page.read_text() == "new" and names(tmp_path) == ["page.html", "page.html.sha256"]
    page.write_text("new, and mine")
    with pytest.raises(IllegalSetting, match="that has not been edited"):
        put(page, force=True)
    assert page.read_text() == "new, and mine"
    page.unlink()
    put(page, force=True)


@pytest.mark.parametrize("beside", [None, "{digest}  mine.csv\n"])
def test_foreign_files_are_never_replaced(beside, tmp_path):
    path, before = tmp_path / "mine.csv", "a,b\n1,2\n"
    path.write_text(before)
    if beside:  # as many make it for files of their own
        said = subprocess.run(["sha256sum", "mine.csv"], cwd=tmp_path, check=True, capture_output=True, text=True)
        (tmp_path / "mine.csv.sha256").write_text(said.stdout)
    for force in (False, True):
        with pytest.raises(IllegalSetting):
            put(path, force=force)
    path.unlink()
    if beside:
        with pytest.raises(IllegalSetting):
            put(path, force=True)
        assert names(tmp_path) == ["mine.csv.sha256"]


def test_a_marker_of_one_s_own(tmp_path):
    marker = Marker("demo.json", "quadcim-demo-1")
    write(tmp_path / "out", marker=marker)
    write(tmp_path / "out/case")
    with pytest.raises(IllegalSetting, match="demo.json"):
        write(tmp_path / "out", force=True)
    write(tmp_path / "out", force=True, marker=marker)


def test_the_command_ends_with_2_and_names_the_files(tmp_path, capsys):
    command = ["generate", "activation", "--preset", "phi8", "--out", str(tmp_path / "case")]
    assert main(command) == 0
    assert main([*command, "--force"]) == 0
    _note(tmp_path / "case")
    capsys.readouterr()
    assert main([*command, "--force"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "notes.txt (foreign)" in said
    assert (tmp_path / "case/notes.txt").read_text() == "mine"
