"""A core whose beats are frames, of another distribution, goes through everything that is shipped."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from quadcim.boards.vcu128.board import board_files
from quadcim.boards.vcu128.designs import LinkBoard
from quadcim.sim.case import Case, CaseFiles
from quadcim.sim.coverage import Traits
from quadcim.sim.formal import prove_case
from quadcim.sim.tools import find_simulator
from quadcim.sim.vectors import read_vectors
from tests.boards.cocotb_run import run_cocotb
from tests.synth.libraries import TINY

_BEATS = pytest.mark.parametrize("beats", [4, 0, 3], ids=["four", "as its payload says", "three"])
_PRIMITIVES = Path(__file__).parents[1] / "boards/primitives.v"


@pytest.fixture(scope="module")
def make(quadcim, tmp_path_factory):
    """The case of some beats a frame for a target."""
    made: dict[tuple[int, str, int], CaseFiles] = {}

    def case(beats: int, target: str = "generic", user_bits: int = 0) -> CaseFiles:
        if (key := (beats, target, user_bits)) not in made:
            folder = tmp_path_factory.mktemp("case") / target
            quadcim("generate", "peak", "--beats", beats, "--target", target, "--out", folder,
                    *(["--user-bits", user_bits] if user_bits else []))
            made[key] = CaseFiles(folder, json.loads((folder / "case.json").read_text()))
        return made[key]

    return case


def _verdict(case: Path, scratch: Path) -> str:
    """What the shipped testbench says."""
    icarus = find_simulator("icarus").executable
    subprocess.run([icarus, "-g2005", "-Wall", "-Wno-timescale", "-o", scratch / "t", *(case / "tb").glob("*.v"),
                    *(case / "rtl").glob("*.v")], check=True)
    run = subprocess.run([icarus.with_name("vvp"), scratch / "t"], cwd=case, check=False, capture_output=True,
                         text=True)
    return run.stdout.splitlines()[-1]


@_BEATS
@pytest.mark.parametrize("target", ["generic", "vcu128", "asic28"])
def test_the_shipped_testbench_passes(beats, target, make, tmp_path):
    assert _verdict(make(beats, target).folder, tmp_path) == "PASS"


def test_the_case_says_what_a_frame_is(make):
    case, other = make(4), make(0)
    assert (case.manifest["beats_in"], case.manifest["beats_out"]) == (4, 1)
    assert (other.manifest["beats_in"], other.manifest["beats_out"]) == (None, None)
    assert {port.name for port in other.ports} - {port.name for port in case.ports} == {"i__last", "o__last"}
    words = read_vectors(other.folder / "vectors/frames.hex")
    frames = [(word >> 64, word >> 32 & 0xFFFFFFFF) for word in words]
    inputs, at = read_vectors(other.folder / "vectors/input.hex"), 0
    for into, out in frames:
        assert into == out == inputs[at] % 4 + 1
        at += into
    assert at == len(inputs) == other.manifest["beats"] == other.manifest["results"]
    assert "one frame in 4 cycles: 4 beats in, 1 beat out" in (case.folder / "report.md").read_text()


# What is wrong about frames, and nothing else, must be seen.
_FAULTS = {
    "a frame too short": (4, r"first \? 2'h3", "first ? 2'h2"),
    "the maximum outlives its frame": (4, r"read_first \| ", "1'h0 | "),
    "a frame in part outlives a reset": (4, r"if \(rst\) first <= 1'h1;\n    else if", "if"),
    "results once only": (0, r"given \? peak_more", "given ? 2'h0"),
    "a last result that is not said": (0, r"assign o__last = .*;", "assign o__last = 1'h0;"),
    "a last beat that is not known": (0, r"assign i__last = .*;", "assign i__last = i__payload[0];"),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_the_shipped_testbench_sees_what_is_wrong(fault, make, tmp_path):
    beats, old, new = _FAULTS[fault]
    case = make(beats)
    copy = shutil.copytree(case.folder, tmp_path / "case")
    (rtl,) = (copy / "rtl").glob("*.v")
    text, count = re.subn(old, new, rtl.read_text())
    assert count, rtl.read_text()
    rtl.write_text(text)
    assert _verdict(copy, tmp_path).startswith("FAIL")


@_BEATS
def test_cocotb_on_every_simulator(beats, make, quadcim, simulator, seed):
    case = make(beats).folder
    said = quadcim("simulate", case, "--simulator", simulator.name, "--beats", 200, "--seed", seed)
    assert "PASS" in said
    hits = json.loads((case / f"sim/{simulator.name}/coverage.json").read_text())
    assert hits["reset"]["inside a frame"]


_BULK = """
import sys
from pathlib import Path
from quadcim.cores.cases import load_case
from quadcim.sim.bulk import BulkSimulator
case, seed = load_case(Path(sys.argv[1])), int(sys.argv[2])
simulator = BulkSimulator(case)
for count in (1, 7, 300, 30_000):
    x = case.stimulus.random_inputs(count, seed)
    frames, want = case.frames(x), case.stimulus.expected(x)
    assert simulator.run_payloads(x, frames=frames) == want
    stalled = simulator.run(x, input_pause=0.3, output_pause=0.4, seed=seed, frames=frames)
    assert stalled.outputs.tolist() == want
    assert simulator.run(x, frames=frames).latency_cycles == case.latency_cycles
"""


@_BEATS
def test_bulk_deals_whole_frames(beats, make, python, seed):
    python("-c", _BULK, make(beats).folder, seed)


def test_bulk_refuses_what_is_no_frame(make, python):
    code = ("import sys\nfrom pathlib import Path\nfrom quadcim.cores.cases import load_case\n"
            "from quadcim.sim.bulk import BulkSimulator\nfrom quadcim.spec.errors import IllegalSetting\n"
            "for folder, beats in ((sys.argv[1], 7), (sys.argv[2], 8)):\n"
            "    try: BulkSimulator(load_case(Path(folder))).run([0] * beats)\n"
            "    except IllegalSetting as error: print(error)\n")
    said = python("-c", code, make(4).folder, make(0).folder).splitlines()
    assert said[0].startswith("inputs must be whole frames of 4 beats, got '7 beats'")
    assert said[1].startswith("frames must be given, for a core whose frames differ")


@_BEATS
@pytest.mark.parametrize("user_bits", [0, 3])
def test_axi_stream(beats, user_bits, make, tmp_path, seed):
    """TLAST marks frames and is checked, TUSER is that of a frame's first beat. tests/boards/vcu128/frames_bench.py."""
    case = make(beats, "vcu128", user_bits)
    run_cocotb("tests.boards.vcu128.frames_bench", top=f"{case.top}_axis",
               sources=[*case.simulation_sources, case.folder / f"vcu128/{case.top}_axis.v"], folder=tmp_path / "run",
               job=_axis_job(case, user_bits, seed), images=case.images)


def _axis_job(case: CaseFiles, user_bits: int, seed: int, most: int = 60) -> dict:
    """The first frames of a case."""
    vectors = case.folder / "vectors"
    words = read_vectors(vectors / "frames.hex")[:most]
    frames = [(word >> 64, word >> 32 & 0xFFFFFFFF, word & 0xFFFFFFFF) for word in words]
    return {"frames": frames, "inputs": read_vectors(vectors / "input.hex"), "seed": seed,
            "expected": read_vectors(vectors / "expected.hex")[:sum(out for _into, out, _interval in frames)],
            "checked": case.timing.beats_in != 1, "user_bits": user_bits}


@_BEATS
def test_the_host_plays_frames_through_the_board(beats, make, tmp_path):
    """And again after a host that was killed inside a frame."""
    case = make(beats, "vcu128")
    files = board_files(LinkBoard(top=case.top, ports=case.ports, timing=case.timing,
                                  identity=case.manifest["digest"], divisor=4), top=case.top, header="")
    (board := tmp_path / "board.v").write_text(files[f"{case.top}_board.v"])
    results = case.manifest["results"]
    said = [f"The board holds this case ({case.manifest['digest'][:16]})",
            f"input.hex against expected.hex: {results} of {results}", f"PASS {results} results"]
    runs = [{"script": str(case.folder / f"vcu128/{case.top}_host.py"), "arguments": ["--timeout", "30"], "said": said,
             "code": 0, "left_behind": left} for left in ("", "420742")]
    run_cocotb("tests.boards.vcu128.pty_bench", top=f"{case.top}_board",
               sources=[*case.simulation_sources, case.folder / f"vcu128/{case.top}_axis.v", board, _PRIMITIVES],
               folder=tmp_path / "run", job={"divisor": 4, "runs": runs}, images=case.images)


def test_ip_xact_and_vivado_know_the_error_port(make):
    case = make(4, "vcu128")
    (component,) = case.folder.rglob("component.xml")
    assert "<spirit:name>frame_error</spirit:name>" in component.read_text()
    assert "frame_error" in (case.folder / f"vcu128/{case.top}_axis.xdc").read_text()


@pytest.mark.parametrize("beats", [4, 0])
def test_gate_level(beats, make, quadcim, tmp_path):
    said = quadcim("synth", make(beats, "asic28").folder, "--liberty", TINY, "--out", tmp_path / "synth")
    assert re.search(r"gate level: .*0 mismatches|PASS", said), said


@pytest.mark.parametrize("beats", [4, 0])
def test_the_datasheet_speaks_of_frames(beats, make):
    case = make(beats, "asic28")
    text = (case.folder / f"asic28/{case.top}.md").read_text()
    assert "last beat of a frame" in text and "first beat out" in text


def test_gate_level_from_many_power_ups(make, python, tmp_path):
    """As netlists are simulated that are too large for Icarus."""
    said = python("-c", "import sys; from quadcim.cli import main; import quadcim.synth.gate_level as gates; "
                  "gates._MOST_CELL_CYCLES = 0; sys.exit(main(sys.argv[1:]))", "synth", make(0, "asic28").folder,
                  "--liberty", TINY, "--out", tmp_path / "synth")
    assert "0 mismatches" in said and "power-ups" in said, said


def test_proofs(make, quadcim):
    said = quadcim("prove", make(4).folder)
    assert said.startswith("frames: proved, in every state that can be reached")


@pytest.mark.parametrize(("old", "new"), [
    ("if (rst) first <= 1'h1;\n    else if", "if"), ("first ? 2'h3", "first ? 2'h2"),
    ("o__valid = &full", "o__valid = &full & i__valid"), ("read & read_last", "read")])
def test_what_is_wrong_is_not_proved(old, new, make, tmp_path):
    case = make(4)
    folder = shutil.copytree(case.folder, tmp_path / "case")
    (rtl,) = (folder / "rtl").glob("*.v")
    assert old in rtl.read_text()
    rtl.write_text(rtl.read_text().replace(old, new))
    wrong = Case(folder, case.manifest, stimulus=None, traits=Traits())  # pyright: ignore[reportArgumentType]
    assert prove_case(wrong, "frames").verdict.outcome == "refuted"


def test_regression(quadcim, tmp_path):
    said = quadcim("regress", "--preset", "peak-4", "peak-open", "--simulator", "icarus", "--jobs", 1, "--out",
                   tmp_path / "regress")
    assert "PASS: 2 runs" in said


def test_a_sweep(quadcim, tmp_path):
    (tmp_path / "sweep.toml").write_text('kind = "peak"\nmeasure = ["latency", "delay", "exactness"]\n'
                                         "[grid]\nbeats = [0, 1, 2, 3, 4]\n")
    quadcim("sweep", tmp_path / "sweep.toml", "--jobs", 1, "--export", tmp_path / "all.csv")
    rows = (tmp_path / "all.csv").read_text().splitlines()
    names = rows[0].split(",")
    assert len(rows) == 6 and all(row.split(",")[names.index("mismatches")] == "0" for row in rows[1:])


def test_listed(quadcim):
    assert "peak-open" in quadcim("list", "presets")
