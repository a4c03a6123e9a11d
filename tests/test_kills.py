"""Commands that are ended at any time: nothing of the user's is lost, nothing lies around, no process stays."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import quadcim
from quadcim import scratch as scratch_module
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.ownership import CASE, LIST, SIMULATION, SYNTHESIS, foreign_files
from quadcim.sim.tools import find_simulator
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import PRESETS
from tests.synth.libraries import TINY

pytestmark = pytest.mark.shared_seeds

_MARK = "QUADCIM_TEST_KILLS"
_CLEAN_S, _COMPILERS_S = 5, 30
_SWEEP = """
kind = "activation"
measure = ["latency", "lut"]
[grid]
function = ["quad", "tanh"]
width = "4..9"
stages = "0..4"
"""
# Each with the longest delay that is worth while: later, most have ended.
_COMMANDS = {
    "generate": (["generate", "activation", "--preset", "phi16", "--out", "old", "--force"], 6),
    "macro": (["generate", "cim", "--rows", "16", "--columns", "8", "--activation-bits", "4", "--out", "a/new"], 12),
    "icarus": (["simulate", "old", "--simulator", "icarus", "--beats", "500"], 10),
    "verilator": (["simulate", "old", "--simulator", "verilator"], 30),
    "fpga": (["synth", "old", "--force"], 10),
    "cells": (["synth", "asic", "--liberty", str(TINY), "--out", "asic/synth", "--force"], 10),
    "regress": (["regress", "--preset", "phi8", "phi16", "--simulator", "icarus", "--jobs", "2", "--out", "new"], 20),
    "sweep": (["sweep", "sweep.toml", "--jobs", "2", "--export", "new.csv"], 15),
    "inr": (["train", "inr", "--image", "photo.png", "--steps", "100000", "--hidden", "8", "--out", "new"], 12),
    "cnn": (["train", "cnn", "--epochs", "1000", "--out", "new"], 15),
    "report": (["report", "done.db", "--out", "new.html"], 6),
}
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def kill_cases(draw: random.Random, count: int) -> list[tuple[str, signal.Signals]]:
    """Commands and signals, each command and each signal as often as the other ones."""
    pairs = [(name, number) for number in _SIGNALS for name in _COMMANDS]
    draw.shuffle(pairs)
    return (pairs * 2)[:count]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, make_case) -> Path:
    """A folder as a user has it: cases, data, results, and files that are none of quadcim's business."""
    folder = tmp_path_factory.mktemp("user")
    for name, target in (("old", "generic"), ("asic", "asic28")):
        generate_case(PRESETS["phi8"], target=find_target(target), clock_mhz=100, out=folder / name)
    Image.new("RGB", (32, 32), (200, 90, 30)).save(folder / "photo.png")
    (folder / "sweep.toml").write_text(_SWEEP)
    (folder / "done.toml").write_text('kind = "activation"\nmeasure = ["latency"]\n[grid]\nwidth = [4, 5]\n')
    run(folder, ["sweep", "done.toml", "--jobs", "1"]).communicate()
    (folder / "mine").mkdir()
    for name in ("notes.txt", "mine/data.bin", ".quadcim-mine"):
        (folder / name).write_bytes(name.encode() * 100)
    return folder


def run(folder: Path, arguments: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, _MARK: str(folder), "TMPDIR": str(folder.parent)}
    return subprocess.Popen([sys.executable, "-m", "quadcim", *arguments], cwd=folder, env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def processes(folder: Path) -> Iterator[str]:
    """Whatever lives and was started by commands in a folder."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"{_MARK}={folder}".encode() in (path / "environ").read_bytes().split(b"\0"):
                yield (path / "cmdline").read_text().replace("\0", " ")
        except OSError:
            pass


def wait_for_none(folder: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while left := list(processes(folder)):
        assert time.monotonic() < end, left
        time.sleep(0.05)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}


def scratch(folder: Path) -> list[Path]:
    """What commands work in, beside their output, in their temporary folder, and in the cache."""
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "quadcim"
    return [path for place in (folder, folder.parent, cache) for path in place.rglob(".quadcim-*") if path.is_dir()]


def check_ours(folder: Path) -> None:
    """All cases are there, whole, and what commands left in them is whole too."""
    for name in ("old", "asic"):
        assert list(foreign_files(folder / name, CASE)) == []
        load_case(folder / name)
    for marker in (SIMULATION, SYNTHESIS):
        for path in folder.rglob(marker.name):
            assert (path.parent / LIST).is_file() and json.loads(path.read_text())["schema"] == marker.schema


def end_at_random(prepared: Path, folder: Path, name: str, number: signal.Signals, draw: random.Random) -> str:
    """Run a command in a copy of the user's folder, end it after a while, and check what is left."""
    shutil.copytree(prepared, folder / "user")
    user, (arguments, longest) = folder / "user", _COMMANDS[name]
    ours = {*(path for path in contents(user) if path.split("/")[0] in ("old", "asic"))}
    foreign = {path: digest for path, digest in contents(user).items() if path not in ours}
    delay = draw.uniform(0.2, longest)
    process = run(user, arguments)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        (os.killpg if draw.random() < 0.3 else os.kill)(process.pid, number)
    start = time.monotonic()
    _out, said = process.communicate(timeout=60)
    ended = time.monotonic() - start
    context = f"{name}, {number.name} after {delay:.2f} s: {process.returncode}, {said[-500:]}"
    if process.returncode == 128 + number:
        # Where there is no terminal, a progress bar may stand before it on the line.
        assert said.endswith("quadcim: interrupted\n") and "Traceback" not in said, context
    else:
        assert process.returncode in (0, -number), context
    assert ended < _CLEAN_S, context
    wait_for_none(user, _COMPILERS_S if number == signal.SIGKILL else _CLEAN_S - ended)
    if number != signal.SIGKILL:
        assert scratch(user) == [] and not list(user.glob("*.db-*")), context
    run(user, ["list", "targets"]).communicate()  # any command is the next one
    assert scratch(user) == [], context
    assert {path: digest for path, digest in contents(user).items() if path in foreign} == foreign, context
    check_ours(user)
    shutil.rmtree(folder)
    return context


@pytest.fixture(autouse=True)
def interruptible():
    """What a shell starts in the background ignores SIGINT, and so would the commands that are started here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A cache of its own, so that compilers have work."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("name, number", [("generate", signal.SIGKILL), ("icarus", signal.SIGTERM),
                                          ("sweep", signal.SIGINT), ("regress", signal.SIGKILL)])
def test_a_command_that_is_ended(name, number, prepared, tmp_path, seed, cached):
    find_simulator("icarus")
    end_at_random(prepared, tmp_path / "run", name, number, random.Random(f"{seed} {name}"))


@pytest.mark.long
def test_forty_random_ends(prepared, tmp_path, seed, cached):
    for needed in ("icarus", "verilator"):
        try:
            find_simulator(needed)
        except IllegalSetting as error:
            pytest.skip(str(error))
    draw = random.Random(seed)
    for name, number in kill_cases(draw, 40):
        print(end_at_random(prepared, tmp_path / "run", name, number, draw))


def test_a_command_that_does_not_heed_a_signal_is_ended_by_the_watchdog(tmp_path):
    busy = ("from quadcim.guard import guarded\n"
            "with guarded():\n  print('go', flush=True)\n  sum(range(10**13))")  # holds Python's lock
    process = subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "TMPDIR": str(tmp_path)})
    assert process.stdout is not None and process.stdout.readline() == "go\n"
    time.sleep(1)  # now it is deep in its sum
    process.terminate()
    assert process.wait(timeout=_CLEAN_S) == -signal.SIGKILL
    assert process.communicate()[1] == "quadcim: interrupted\n"
    assert list(tmp_path.iterdir()) == []


def test_the_next_command_does_what_a_watchdog_could_not(tmp_path):
    busy = ("import subprocess, sys, tempfile; from quadcim.guard import guarded\n"
            "with guarded():\n  child = subprocess.Popen(['sleep', '600'])\n"
            "  print(child.pid, flush=True)\n  child.wait()")
    environment = {**os.environ, "TMPDIR": str(tmp_path), _MARK: str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        everything = {int(path.name) for path in Path("/proc").glob("[0-9]*") if _watches(path, tmp_path)}
        assert len(everything) == 1
        for number in (*everything, process.pid):
            os.kill(number, signal.SIGKILL)
    os.kill(child, 0)  # it is still there
    subprocess.run([sys.executable, "-m", "quadcim", "list", "targets"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    wait_for_none(tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_a_dying_process_still_holds_is_cleared(tmp_path):
    """Its locks go after its environment, by which it was found."""
    (tmp_path / "cache").mkdir()
    (command, lock), (other, held) = (scratch_module._create(tmp_path / place) for place in (".", "cache"))
    (command / scratch_module._OTHERS).mkdir()
    (command / scratch_module._OTHERS / other.name).symlink_to(other)
    os.close(lock)
    dying = threading.Timer(0.3, os.close, [held])
    dying.start()
    scratch_module.clear_run(command)
    dying.join()
    assert not command.exists() and not other.exists()


def test_a_watchdog_that_comes_too_late_ends(tmp_path):
    (run := tmp_path / ".quadcim-run").mkdir()
    (run / "lock").write_text("a scratch folder of quadcim, whose next run removes it\n")
    gone = subprocess.Popen(["true"])
    gone.wait()
    package = Path(quadcim.__file__).parent
    subprocess.run([sys.executable, "-I", "-S", package / "watchdog.py", package.parent, run, str(gone.pid)],
                   stdin=subprocess.DEVNULL, check=True, timeout=_CLEAN_S)
    assert list(tmp_path.iterdir()) == []


def _watches(process: Path, folder: Path) -> bool:
    """Whether a process is the watchdog of a command that works in a folder."""
    try:
        words = (process / "cmdline").read_text().split("\0")
    except OSError:
        return False
    return any(word.endswith("watchdog.py") for word in words) and any(word.startswith(f"{folder}/") for word in words)


def test_words_that_a_terminal_of_ascii_lacks(tmp_path):
    (tmp_path / "é").mkdir()
    run = subprocess.run([sys.executable, "-m", "quadcim", "simulate", "é"], cwd=tmp_path, check=False,
                         capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert run.returncode == 2 and b"\\xe9" in run.stderr and run.stderr.count(b"\n") == 1
