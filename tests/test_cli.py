"""The command line as a user meets it."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from quadcim.cli import main
from quadcim.cores.cases import load_case
from quadcim.models.cell_noise import program
from quadcim.spec.cell_noise import CellNoise
from quadcim.spec.cim import CimIntegers
from quadcim.spec.functions import FUNCTIONS

_GENERATE = ["generate", "activation", "--out", "new"]

_CIM = ["generate", "cim", "--out", "new"]

_WRONG = {
    "no command": ([], "required: COMMAND"),
    "unknown command": (["emit"], "invalid choice: 'emit'"),
    "unknown list": (["list", "colours"], "invalid choice: 'colours'"),
    "unknown option": ([*_GENERATE, "--colour", "red"], "--colour"),
    "no out": (["generate", "activation"], "--out"),
    "format": ([*_GENERATE, "--input", "Q4.12"], "--input must be a format such as SQ4.12"),
    "format without sign bit": ([*_GENERATE, "--output", "SQ0.8"], "--output must be 2 to 32 bits wide with at most 30 fraction bits, a signed one with at least 1 integer bit"),
    "format too wide": ([*_GENERATE, "--input", "SQ2.40"], "--input must be 2 to 32 bits wide"),
    "function": ([*_GENERATE, "--function", "sin"], "--function must be one of quad, sine, cosine, "),
    "method": ([*_GENERATE, "--method", "spline"], "--method must be one of auto, heap, dsp, table, "),
    "method for another function": ([*_GENERATE, "--method", "cordic"], "--method must be one that suits quad: auto, "),
    "technology": ([*_GENERATE, "--technology", "sky"], "--technology must be one of generic, fpga, ultrascale, cells, got 'sky'"),
    "dsp elsewhere": ([*_GENERATE, "--method", "dsp"], "--technology must be ultrascale for the method dsp, got 'generic'"),
    "too wide to fit": ([*_GENERATE, "--function", "tanh", "--input", "SQ3.20"], "--input must be at most 20 bits wide for tanh"),
    "missing Python file": ([*_GENERATE, "--function", "no.py:f", "--input", "SQ2.6", "--output", "SQ2.6"], "--function must be a name of"),
    "missing table": ([*_GENERATE, "--function", "no.csv", "--input", "SQ2.6", "--output", "SQ2.6"], "--function must be a name of"),
    "own function without format": ([*_GENERATE, "--function", "no.py:f", "--output", "SQ2.6"], "--input must be given for a function of your own"),
    "rounding": ([*_GENERATE, "--rounding", "up"], "--rounding must be one of nearest, truncate, faithful, got 'up'"),
    "stages not a number": ([*_GENERATE, "--stages", "many"], "--stages: must be a whole number of at least 0, or auto"),
    "negative stages": ([*_GENERATE, "--stages", "-1"], "--stages"),
    "too many stages": ([*_GENERATE, "--stages", "99"], "--stages must be 0 to 11 for this unit, got 99"),
    "clock": ([*_GENERATE, "--stages", "auto", "--clock-mhz", "9999"], "--clock-mhz must be at most"),
    "rows with a mark": ([*_CIM, "--rows", "1_0", "--columns", "1"], "--rows: must be a whole number, got '1_0'"),
    "rows in other digits": ([*_CIM, "--rows", "\u0664", "--columns", "1"], "--rows: must be a whole number, got"),
    "noise twice": ([*_CIM, "--weights", "here/weights.npy", "--noise", "drift=1,drift=2"], "--noise must be NAME=VALUE, each name once, got 'drift=2'"),
    "banks of tables": ([*_CIM, "--rows", "4", "--columns", "1", "--banks", "2", "--storage", "lutram", "--technology", "ultrascale"], "--banks must be 1 for the storage lutram, got 2"),
    "wide steep input": ([*_GENERATE, "--function", "tanh", "--input", "SQ20.0", "--output", "SQ4.4"], "--input must be a format that a piecewise form of at most 1024 segments can keep for tanh, such as a narrower one"),
    "clock of no unit": ([*_GENERATE, "--function", "exp2", "--input", "UQ2.2", "--output", "SQ2.7", "--method", "multipartite", "--clock-mhz", "50"], "--method must be one that a piecewise form"),
    "abbreviation": ([*_GENERATE, "--inp", "SQ2.6"], "unrecognized arguments: --inp"),
    "clock not a number": ([*_GENERATE, "--clock-mhz", "nan"], "--clock-mhz: must be a number from 1 to 10000, got 'nan'"),
    "flow control": ([*_GENERATE, "--flow-control", "never"], "--flow-control must be one of elastic, always"),
    "TUSER without AXI": ([*_GENERATE, "--user-bits", "1"], "--user-bits must be 0 for the target generic"),
    "wide TUSER": ([*_GENERATE, "--target", "vcu128", "--user-bits", "4097"], "--user-bits: must be a whole number from 0 to 4096"),
    "target": ([*_GENERATE, "--target", "asic7"], "--target must be one of generic, vcu128, asic28, got 'asic7'"),
    "name": ([*_GENERATE, "--name", "a b"], "--name must be a letter, then at most 29 letters, digits and underscores"),
    "name of another kind": ([*_CIM, "--rows", "4", "--columns", "2", "--name", "module"], "--name must be a letter"),
    "preset": ([*_GENERATE, "--preset", "phi99"], "--preset must be one of phi8"),
    "existing directory": (["generate", "activation", "--out", "here"], "--out must be a path that does not exist yet"),
    "force on a foreign directory": (["generate", "activation", "--out", "here", "--force"], "--out must be a new path"),
    "out below a file": (["generate", "activation", "--out", "here/file/new"], "--out must be a path in a folder"),
    "clock beyond the target": ([*_GENERATE, "--clock-mhz", "20000"], "--clock-mhz: must be a number from 1 to 10000, got '20000'"),
    "endless stages": ([*_GENERATE, "--stages", "9" * 5000], "--stages: must be a whole number"),
    "endless beats": (["simulate", "here", "--beats", "9" * 400], "--beats: must be a whole number"),
    "endless name": (["generate", "activation", "--out", "x" * 300], "--out must be a path that the file system takes"),
    "out through a dangling link": (["generate", "activation", "--out", "here/dangling/new"], "--out must be a path"),
    "out is a link": (["generate", "activation", "--out", "here/dangling", "--force"], "--out must be a new path"),
    "foreign case.json": (["generate", "activation", "--out", "here/foreign", "--force"], "--out must be a new path"),
    "simulate a foreign case.json": (["simulate", "here/foreign"], "case must be a case directory"),
    "no case": (["simulate", "here"], "case must be a case directory"),
    "missing case": (["simulate", "nowhere"], "case must be a case directory"),
    "simulator": (["simulate", "here", "--simulator", "modelsim"], "--simulator must be one of icarus, verilator"),
    "beats": (["simulate", "here", "--beats", "few"], "--beats: must be a whole number from 0 to 10000000, got 'few'"),
    "missing image": (["train", "inr", "--image", "nowhere.png", "--out", "new"], "--image must be a readable"),
    "unreadable image": (["train", "inr", "--image", "here/file", "--out", "new"], "--image must be a readable"),
    "weight bits": (["train", "inr", "--image", "here/photo.png", "--out", "new", "--weight-bits", "1"],
                    "--weight-bits must be 2 to 16, got 1"),
    "macro without a size": ([*_CIM, "--rows", "4"], "--columns must be given, unless --weights says it, got 'nothing'"),
    "too many columns": ([*_CIM, "--rows", "4", "--columns", "513"], "--columns must be a whole number from 1 to 512, got 513"),
    "bits per cycle": ([*_CIM, "--rows", "4", "--columns", "4", "--bits-per-cycle", "3"], "--bits-per-cycle must be a divisor of 4: 1, 2, 4, got 3"),
    "encoding": ([*_CIM, "--rows", "4", "--columns", "4", "--encoding", "ternary"], "--encoding must be one of unipolar, bipolar"),
    "converters": ([*_CIM, "--rows", "4", "--columns", "4", "--adc", "1:2"], "--adc must be whole numbers ROWS:BITS:LOW:HIGH:STEP, got '1:2'"),
    "converters of fewer bits": ([*_CIM, "--rows", "4", "--columns", "4", "--adc", "4:1:0:4:1"], "--adc bits must be at least 3 for 5 levels"),
    "missing weights": ([*_CIM, "--weights", "nowhere.npy"], "--weights must be a matrix"),
    "weights that are something else": ([*_CIM, "--weights", "here/file"], "--weights must be "),
    "affine that is something else": ([*_CIM, "--rows", "4", "--columns", "4", "--affine", "here/file"], "--affine must be a JSON file"),
    "cell codes": ([*_CIM, "--weights", "here/weights.npy", "--cell-codes", "4:2"], "--cell-codes must be whole numbers BITS:ON:OFF, got '4:2'"),
    "cells of loaded weights": ([*_CIM, "--rows", "4", "--columns", "4", "--cell-codes", "4:9:1"], "--storage must be constant for cells with conductance codes"),
    "noise of loaded weights": ([*_CIM, "--rows", "4", "--columns", "4", "--noise", "gaussian=1"], "--noise must be given with --weights"),
    "unknown noise": ([*_CIM, "--weights", "here/weights.npy", "--noise", "pink=1"], "--noise must be NAME=VALUE of gaussian, lognormal, stuck-on"),
    "negative noise": ([*_CIM, "--weights", "here/weights.npy", "--noise", "gaussian=-1"], "--noise gaussian must be a finite number of at least 0"),
    "stages of a macro": ([*_CIM, "--rows", "4", "--columns", "4", "--stages", "9"], "--stages must be 1 to 4 for this macro, got 9"),
    "clock of a macro": ([*_CIM, "--rows", "4", "--columns", "4", "--clock-mhz", "9999"], "--clock-mhz must be at most"),
    "an FPGA's primitives in an ASIC": ([*_CIM, "--rows", "4", "--columns", "4", "--target", "asic28", "--technology", "ultrascale"],
                                        "--technology must be generic, cells or fpga for the target asic28"),
    "CIFAR without its archive": (["train", "cnn", "--dataset", "cifar10", "--out", "new"], "--data must be the file cifar-10-binary.tar.gz"),
    "CIFAR from another file": (["train", "cnn", "--dataset", "cifar10", "--data", "here/file", "--out", "new"], "--data must be cifar-10-binary.tar.gz with the MD5"),
    "network for other pictures": (["train", "cnn", "--network", "resnet18", "--out", "new"], "--network must be one for the pictures of digits"),
    "quantiser": (["train", "cnn", "--quantiser", "dorefa", "--out", "new"], "--quantiser must be one of lsq, pact, ste, staircase"),
    "the root of the file system": ([*_CIM, "--rows", "4", "--columns", "4", "--out", "/"],
                                    "--out must be a path that the file system takes (Is a directory), got '/'"),
    "an empty value": ([*_GENERATE, "--method", ""], "--method must be something, got ''"),
    "an empty value behind a sign": ([*_GENERATE, "--method="], "--method must be something, got ''"),
    "an empty argument": (["simulate", ""], "argument must be something, got ''"),
    "training into an existing folder": (["train", "inr", "--image", "here/photo.png", "--out", "here"],
                                         "--out must be a path that does not exist yet"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A working directory with a folder that is not ours. Commands do not say that they take long."""
    monkeypatch.setattr("quadcim.progress.QUIET_SECONDS", 600)
    (tmp_path / "here").mkdir()
    (tmp_path / "here/file").write_text("precious")
    Image.new("L", (16, 16)).save(tmp_path / "here/photo.png")
    np.save(tmp_path / "here/weights.npy", np.eye(4))
    (tmp_path / "here/dangling").symlink_to("nowhere")
    (tmp_path / "here/foreign").mkdir()
    (tmp_path / "here/foreign/case.json").write_text('{"schema": "quadcim-case-0", "files": {}}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize("arguments, message", _WRONG.values(), ids=_WRONG)
def test_wrong_use_is_one_line(arguments, message, folder, capsys):
    before = sorted(folder.rglob("*"))
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1 and output.err.startswith("quadcim")
    assert message in output.err
    assert sorted(folder.rglob("*")) == before
    assert (folder / "here/file").read_text() == "precious"


_FAST = [["--help"], ["list"], ["list", "functions"], ["simulate", "nowhere"], [*_GENERATE, "--stages", "99"],
         [*_GENERATE, "--input", "Q4"],
         [*_GENERATE, "--clock-mhz", "20000"], [*_GENERATE, "--user-bits", "1"],
         ["train", "inr", "--image", "nowhere.png", "--out", "new"],
         ["train", "cnn", "--network", "resnet18", "--out", "new"], [*_CIM, "--rows", "4", "--columns", "513"]]


@pytest.mark.parametrize("arguments", _FAST, ids=" ".join)
def test_starts_fast(arguments, tmp_path):
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "quadcim", *arguments], cwd=tmp_path, check=False, capture_output=True)
        return time.perf_counter() - start

    # The bar is half a second. Other tests run beside this one: the best of several runs counts.
    assert any(seconds() < 0.5 for _ in range(10))


def test_list_names_everything(capsys):
    assert run(["list"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("quad", "phi16", "vcu128", "asic28", "icarus", "verilator"))
    assert run(["list", "presets"]) == 0
    assert "functions" not in capsys.readouterr().out


def test_list_functions_with_what_they_cost(capsys):
    assert run(["list", "functions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    # A line without a name belongs to the function above it.
    starts = [number for number, line in enumerate(lines) if line[2] != " "]
    assert [lines[start].split()[0] for start in starts] == list(FUNCTIONS)
    for name, start, end in zip(FUNCTIONS, starts, [*starts[1:], len(lines)], strict=True):
        function, text = FUNCTIONS[name], "\n".join(lines[start:end])
        reach = 2 ** (function.domain_bits - 1)
        assert all(words in text for words in (function.formula, f"[-{reach}, {reach})", function.source)), name
        assert (function.symmetry in text) == (function.symmetry != "none")
        widths = [int(line.split()[0]) for line in lines[start + 1:end]]
        assert widths == sorted(widths) and 8 in widths
        assert all("LUT" in line and "gate equivalents" in line and "ulp" in line for line in lines[start + 1:end])


def test_generate_from_a_preset_and_options(folder, capsys):
    assert run([*_GENERATE, "--preset", "phi8", "--output", "SQ2.7", "--stages", "1", "--flow-control", "always"]) == 0
    assert "latency 1 cycle," in capsys.readouterr().out
    unit = load_case(folder / "new").spec
    assert (str(unit.activation.input), str(unit.activation.output)) == ("SQ2.8", "SQ2.7")
    assert (unit.stages, unit.flow_control) == (1, "always")


def test_generate_a_function_of_the_user_s(folder, capsys):
    (folder / "mine.py").write_text("def bump(x):\n    return 1 / (1 + x * x)\n")
    assert run([*_GENERATE, "--function", "mine.py:bump", "--input", "SQ3.5", "--output", "UQ1.7", "--stages", "1"]) == 0
    (folder / "mine.py").unlink()
    case = load_case(folder / "new")  # the case knows its own integers
    assert case.manifest["max_error_ulp"] < 1 and case.name.startswith("bump_sq3_5")
    assert "bump, SQ3.5 to UQ1.7" in (folder / "new/function.svg").read_text()
    assert "](function.svg)" in (folder / "new/report.md").read_text()


def test_generate_another_function_in_its_usual_formats(folder):
    assert run([*_GENERATE, "--preset", "phi8", "--function", "gelu", "--stages", "0"]) == 0
    activation = load_case(folder / "new").spec.activation
    assert (str(activation.input), str(activation.output), activation.rounding) == ("SQ4.6", "SQ4.6", "faithful")


@pytest.mark.parametrize("settings", [
    ["--function", "relu"], ["--preset", "phi-wide", "--function", "relu1"], ["--target", "vcu128"],
    ["--preset", "phi16-dsp", "--function", "gelu", "--input", "SQ4.4", "--output", "SQ4.4"],
    ["--preset", "phi16-small", "--target", "vcu128"], ["--preset", "phi16-ultrascale", "--target", "asic28"],
    ["--preset", "phi32", "--input", "SQ1.2", "--output", "SQ1.2"],
    ["--function", "measured.csv", "--input", "SQ3.9", "--output", "SQ2.10"]])
def test_what_is_not_named_is_no_error(settings, folder):
    (folder / "measured.csv").write_text("x,y\n-4,-1\n-1,-0.9\n0,0.1\n1.5,1.7\n4,1.75\n")
    assert run([*_GENERATE, *settings]) == 0


@pytest.mark.parametrize("settings", [["--rows", "3", "--columns", "1", "--affine", "affine.json", "--technology", "fpga"],
                                      ["--preset", "cim-w1a4", "--rows", "2"], ["--preset", "cim-w1a4", "--rows", "1"]])
def test_what_is_not_named_of_a_macro_is_no_error(settings, folder):
    (folder / "affine.json").write_text(json.dumps({"scale": 1023, "offset": 1, "bias": 0, "shift": 1,
                                                    "rounding": "floor", "overflow": "wrap", "output": "SQ12.0"}))
    assert run([*_CIM, *settings]) == 0


def test_auto_stages_follow_the_clock(folder):
    stages = []
    for mhz in ("300", "3000"):
        assert run([*_GENERATE, "--stages", "auto", "--clock-mhz", mhz, "--force"]) == 0
        stages.append(load_case(folder / "new").latency_cycles)
    assert 1 <= stages[0] < stages[1]


def test_force_replaces_a_case(folder):
    assert run(_GENERATE) == 0
    assert run(_GENERATE) == 2
    assert run([*_GENERATE, "--stages", "0", "--force"]) == 0
    assert load_case(folder / "new").latency_cycles == 0
    assert sorted(path.name for path in folder.iterdir()) == ["here", "new"]


def test_interrupted_generation_leaves_nothing(folder, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", interrupt)
    assert run(_GENERATE) == 130
    assert sorted(path.name for path in folder.iterdir()) == ["here"]


def test_closed_pipe_is_quiet(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run([sys.executable, "-m", "quadcim", "list"], stdout=writer, stderr=subprocess.PIPE, text=True,
                            check=False)
    os.close(writer)
    assert "Traceback" not in result.stderr


def test_train_writes_a_whole_folder(folder, capsys):
    assert run(["train", "inr", "--image", "here/photo.png", "--out", "new", "--steps", "5", "--hidden", "4"]) == 0
    assert "dB in integers" in capsys.readouterr().out
    assert {path.name for path in (folder / "new").iterdir()} == {
        "SHA256SUMS", "comparison.png", "frozen.safetensors", "metrics.json", "network.safetensors", "ntk.png"}


def test_generates_a_macro_from_weights_and_an_affine(folder, capsys):
    weights = np.random.default_rng(0).integers(0, 2, (6, 3))
    np.save("weights.npy", weights)
    Path("affine.json").write_text(json.dumps({"scale": 2, "offset": [1, 0, -1], "bias": 5, "shift": 1,
                                               "rounding": "floor", "overflow": "saturate", "output": "SQ6.0"}))
    assert run([*_CIM, "--weights", "weights.npy", "--affine", "affine.json", "--encoding", "bipolar"]) == 0
    case = load_case(folder / "new")
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{case.top}: latency {case.spec.stages} cycles")
    assert case.integers == CimIntegers(tuple(map(tuple, weights.tolist())), (2, 2, 2), (1, 0, -1), (5, 5, 5))
    assert (case.spec.storage, case.spec.encoding) == ("constant", "bipolar")


def test_noise_makes_codes(folder, capsys):
    assert run([*_CIM, "--weights", "here/weights.npy", "--cell-codes", "4:11:2", "--noise",
                "gaussian=0.2,stuck-off=0.1,seed=3", "--adc", "2:5:0:31:1"]) == 0
    case = load_case(folder / "new")
    macro = case.spec
    want = program(macro, torch.eye(4), CellNoise(gaussian=0.2, stuck_off=0.1, seed=3))
    assert case.integers.cells == tuple(map(tuple, want.tolist())) and want.unique().numel() > 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
@pytest.mark.parametrize("option", ["--weights", "--affine"])
def test_pipes_are_no_data(option, folder, capsys):
    os.mkfifo("pipe.csv")
    assert run([*_CIM, option, "pipe.csv", *(["--weights", "here/weights.npy"] if option == "--affine" else [])]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "pipe.csv (no regular file)" in said


@pytest.mark.parametrize("array", [np.zeros(4), np.full((2, 2), 2), np.array([["a"]])], ids=["vector", "two", "text"])
def test_wrong_weights_are_one_line(array, folder, capsys):
    np.save("weights.npy", array)
    assert run([*_CIM, "--weights", "weights.npy"]) == 2
    assert "--weights must be a matrix" in capsys.readouterr().err


def test_generating_says_what_it_does_once_it_takes_long(folder, monkeypatch, capsys):
    monkeypatch.setattr("quadcim.progress.QUIET_SECONDS", 0)
    monkeypatch.setattr("quadcim.progress._TICK_SECONDS", 0.01)  # no step is so short
    assert run(["generate", "activation", "--out", "new"]) == 0
    output = capsys.readouterr()
    assert "writing the Verilog of quad" in output.err and re.search(r" \.\.\. \d+ s\n", output.err)
    assert " ... " not in output.out


def test_a_slow_clock_needs_fewer_stages(folder, capsys):
    stages = []
    for clock_mhz in ("100", "2000"):
        assert run([*_CIM, "--rows", "64", "--columns", "2", "--clock-mhz", clock_mhz, "--force"]) == 0
        stages.append(load_case(folder / "new").spec.stages)
    assert 1 == stages[0] < stages[1]


def test_trains_a_classifier_whose_layers_generate_takes(folder, capsys):
    assert run(["train", "cnn", "--epochs", "1", "--out", "new folder"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].count("%") == 2
    (command,) = (line for line in lines if "layers/1.npy" in line and line.startswith("quadcim"))
    arguments = shlex.split(command.replace("DIR", "macro"))[1:]
    assert run(arguments) == 0
    case = load_case(folder / "macro")
    assert (case.spec.rows, case.spec.columns, case.spec.narrow is not None) == (144, 32, True)


@pytest.mark.parametrize("words", [["--target", "vcu128", "--reset", "sync-low"], ["--name", "9x"],
                                   ["--user-bits", "3"], ["--out", "."]])
def test_what_no_core_can_have_is_refused_before_a_fit(words, folder, monkeypatch):
    def fit(*_arguments):
        raise AssertionError("a function was fitted")

    monkeypatch.setattr("quadcim.cores.activation.core.ActivationCore.from_options", fit)
    assert run(["generate", "activation", "--out", "case", *words]) == 2
