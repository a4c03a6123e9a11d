"""Engines as cases: the shipped testbench, both simulators, pictures; against a reference of their own."""

import json
import random
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import quadcim
from quadcim.boards.targets import find_target
from quadcim.cli import main
from quadcim.cores.cases import load_case
from quadcim.cores.inr.network import random_network
from quadcim.cores.inr.render import render_case
from quadcim.cores.inr.stimulus import InrStimulus
from quadcim.generate import generate_case
from quadcim.hw.activation.plans import unit_integers
from quadcim.models.inr.checkpoint import save_frozen
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr
from quadcim.progress import unheard
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.tools import find_simulator
from quadcim.sim.vectors import read_vectors
from quadcim.spec.activation import Activation
from quadcim.spec.folding import Folding
from quadcim.spec.inr import activation_formats, coordinate_format
from quadcim.spec.inr_engine import InrEngine, InrIntegers
from quadcim.spec.presets import ENGINE_PRESETS
from tests.cores.inr.engines import random_engine, reference_pixels
from tests.synth.libraries import NEEDS_ICARUS


def _generated(engine, integers, folder, target="generic"):
    generate_case(engine, integers, target=find_target(target), clock_mhz=100, out=folder / "case")
    return load_case(folder / "case")


def _verdict(case, scratch):
    icarus = find_simulator("icarus").executable
    subprocess.run([icarus, "-g2005", "-Wall", "-Wno-timescale", "-o", scratch / "t",
                    *(case.folder / "tb").glob("*.v"), *(case.folder / "rtl").glob("*.v"),
                    *(case.folder / "models").glob("*.v")], check=True)
    run = subprocess.run([icarus.with_name("vvp"), scratch / "t"], cwd=case.folder, check=False, capture_output=True,
                         text=True)
    return run.stdout.splitlines()[-1]


@NEEDS_ICARUS
@pytest.mark.parametrize("number", range(6))
def test_random_engines_pass_their_testbenches(number, tmp_path, seed):
    case = _generated(*random_engine(f"{seed} {number}"), tmp_path)
    assert _verdict(case, tmp_path) == "PASS", case.spec


@pytest.mark.parametrize("number", range(6))
def test_pixels_are_those_of_the_reference(number, seed):
    engine, integers = random_engine(f"{seed} {number}")
    stimulus = InrStimulus(engine, integers.network, integers.activation)
    payloads = stimulus.random_inputs(6, seed)
    assert stimulus.expected(payloads) == [
        pixel for payload in payloads for pixel in reference_pixels(payload, engine, integers)]


@pytest.mark.parametrize("number", range(3))
def test_bulk_with_stalls_on_both_sides(number, tmp_path, seed):
    engine, integers = random_engine(f"{seed} bulk {number}")
    case = _generated(engine, integers, tmp_path)
    simulator = BulkSimulator(case)
    payloads = case.stimulus.random_inputs(30, seed)
    frames, want = case.frames(payloads), case.stimulus.expected(payloads)
    assert simulator.run_payloads(payloads, frames=frames) == want
    draw = random.Random(seed)
    words = np.array([[payload >> 32 * word & 0xFFFFFFFF for word in range(-(-case.ports[2].width // 32))]
                      for payload in payloads], dtype=np.uint32)
    stalled = simulator.run(words, input_pause=draw.random() * 0.8, output_pause=draw.random() * 0.8, seed=seed,
                            frames=frames)
    plain = simulator.run(words, frames=frames)
    assert np.array_equal(stalled.outputs, plain.outputs)
    assert plain.latency_cycles == case.latency_cycles


@pytest.mark.parametrize("target", ["vcu128", "asic28"])
@NEEDS_ICARUS
def test_other_targets(target, tmp_path):
    engine = ENGINE_PRESETS["inr-8x2"]
    case = _generated(engine, load_integers(engine), tmp_path, target)
    assert _verdict(case, tmp_path) == "PASS"


def load_integers(engine):
    from quadcim.cores.catalogue import core_of

    return core_of(engine).usual_integers(engine)


def test_cocotb_on_every_simulator(simulator, tmp_path, seed):
    engine = ENGINE_PRESETS["inr-8x2"]
    case = _generated(engine, load_integers(engine), tmp_path)
    assert main(["simulate", str(case.folder), "--simulator", simulator.name, "--beats", "40", "--seed",
                 str(seed)]) == 0


def test_no_bubble_between_pixels_rows_and_commands(tmp_path):
    """In steady state a pixel leaves in every interval, so that all multipliers are busy where cycles are equal."""
    engine = ENGINE_PRESETS["inr-8x2"]
    assert set(engine.layer_cycles) == {8} and engine.utilisation == 1
    case = _generated(engine, load_integers(engine), tmp_path)
    shown = render_case(case, unheard)
    assert shown.differences == 0
    assert shown.cycles == pytest.approx(engine.pixel_cycles, rel=0.01)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small network, frozen."""
    path = tmp_path_factory.mktemp("model") / "frozen.safetensors"
    network = freeze(Inr(channels=3, hidden=8, layers=2, seed=3), shape=(6, 10))
    save_frozen(network, path)
    return path, network


def test_a_picture_from_the_command_line(model, tmp_path, capsys):
    path, network = model
    out, picture = tmp_path / "case", tmp_path / "picture.png"
    assert main(["generate", "inr", "--model", str(path), "--multipliers", "13", "--out", str(out)]) == 0
    assert main(["simulate", str(out), "--render", str(picture)]) == 0
    said = capsys.readouterr().out
    assert "PASS: 0 samples differ from the golden model" in said and "% of their cycles used" in said
    assert np.array_equal(np.asarray(Image.open(picture)), render(network))
    manifest = json.loads((out / "case.json").read_text())
    assert manifest["kind"] == "inr" and manifest["beats_out"] is None
    frames = [word >> 32 & 0xFFFFFFFF for word in read_vectors(out / "vectors/frames.hex")]
    assert sum(frames) == manifest["results"]


@pytest.mark.parametrize("words, said", [
    (["--render", "x.jpg"], "--render must be a file for what this case shows, image: .png, "),
    (["--render", "x.png", "--beats", "3"], "--beats must be left out with --render, got 3"),
    (["--render", "x.png", "--original", "missing.png"], "--original must be a readable"),
    (["--original", "x.png"], "--original must be left out without --render"),
    (["--force"], "--force must be left out without --render")])
def test_illegal_renderings_are_refused_before_any_work(words, said, model, tmp_path, capsys, monkeypatch):
    out = tmp_path / "case"
    assert main(["generate", "inr", "--model", str(model[0]), "--out", str(out)]) == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("quadcim.cores.inr.render.render_case", lambda *_: pytest.fail("rendered"))
    capsys.readouterr()
    assert main(["simulate", str(out), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("shape, channels", [((1, 1), 1), ((2, 1), 3), ((5,), 2), ((2, 3, 4), 4)])
def test_signals_of_any_shape(shape, channels, tmp_path, capsys):
    """As few samples as there are processors, one axis and three, channels of no picture."""
    engine = InrEngine(coordinate_format(*shape), (len(shape), 3, channels), Activation("quad", *activation_formats(5)),
                       (5, 5), (Folding(3, 1), Folding(1, 3)))
    network = replace(random_network(engine), shape=shape)
    case = _generated(engine, InrIntegers(network, unit_integers(engine.unit)), tmp_path)
    assert main(["simulate", str(case.folder), "--render", str(tmp_path / "all.npy")]) == 0
    axes = [2 * np.arange(size) + 1 - size for size in shape]
    grid = np.stack(np.meshgrid(*axes, indexing="ij")[::-1], axis=-1)
    found = np.load(tmp_path / "all.npy")
    assert np.array_equal(found, case.core.golden(engine, case.integers, grid))
    capsys.readouterr()
    picture = main(["simulate", str(case.folder), "--render", str(tmp_path / "all.png")])
    assert picture == (0 if len(shape) == 2 else 2)


def test_cost_of_an_engine_with_memories(tmp_path):
    """What memories read is there as synthesis reads them."""
    assert quadcim.design("inr", sizes="2x3x2", multipliers=2).cost()["lut"] > 50
    (tmp_path / "sweep.toml").write_text('kind = "inr-engine"\nmeasure = ["lut", "gates", "delay"]\n[fixed]\n'
                                         'sizes = "2x3x2"\n[grid]\nmultipliers = [2, 12]\n')
    assert main(["sweep", str(tmp_path / "sweep.toml"), "--jobs", "1", "--export", str(tmp_path / "all.csv")]) == 0
    rows = (tmp_path / "all.csv").read_text().splitlines()
    lut = rows[0].split(",").index("lut")
    assert len(rows) == 3 and all(int(row.split(",")[lut]) > 0 for row in rows[1:])


def test_an_engine_from_python(model, tmp_path):
    path, network = model
    made = quadcim.inr(path, folding=["1x2", "2x4", "3x1"], stages=2)
    assert made.timing.latency_cycles == quadcim.inr(network, multipliers=13, stages=2).timing.latency_cycles
    shown = made.generate(tmp_path / "case").render()
    assert shown.differences == 0 and np.array_equal(shown.samples, render(network))
    assert np.array_equal(made.golden([[-9, -5], [-7, -5]]), render(network)[0, :2])
    with pytest.raises(quadcim.IllegalSetting, match="multipliers must be left out beside cycles"):
        quadcim.inr(network, multipliers=13, cycles=8)


@pytest.mark.parametrize("words, said", [
    (["--folding", "3x1,1x1,1x1"], "--folding must be for layer 1, 2 inputs and 8 outputs, PE of 1, 2, 4, 8 and SIMD"),
    (["--folding", "1x1,1x1"], "--folding must be one for each of 3 layers, got '2 of them'"),
    (["--multipliers", "2"], "--multipliers must be at least 3, one for each layer, got 2"),
    (["--cycles", "0"], "--cycles must be at least 1, got 0"),
    (["--pixels-per-second", "1e12"], "--pixels-per-second must be above 0 and at most 500000000, one a cycle"),
    (["--stages", "9"], "--stages must be 0 to"),
    (["--activation-stages", "99"], "--activation-stages must be 0 to"),
    (["--model", "missing"], "--model must be a file that holds"),
    (["--weight-bits", "4"], "--weight-bits must be left out without --sizes, got 4"),
    (["--preset", "inr-8x2"], "--model must be given, or --preset or --sizes in its place, got 'model and preset'"),
])
def test_illegal_engines_are_refused_in_a_line(model, words, said, tmp_path, capsys):
    assert main(["generate", "inr", "--model", str(model[0]), *words, "--out", str(tmp_path / "case")]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
    assert not (tmp_path / "case").exists()


def test_a_wrong_weight_is_seen(tmp_path):
    engine = ENGINE_PRESETS["inr-8x2"]
    case = _generated(engine, load_integers(engine), tmp_path)
    image = next(path for path in case.images if "layer_2_weights_1" in path.name)
    lines = image.read_text().split()
    lines[3] = f"{int(lines[3], 16) ^ 0x40:0{len(lines[3])}x}"
    image.write_text("\n".join(lines) + "\n")
    assert _verdict(case, tmp_path).startswith("FAIL")
