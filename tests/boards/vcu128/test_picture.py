"""The design that renders: the whole of it in simulation, with the vendor's primitives, and the host's program."""

import os
import pty
import random
import re
import shutil
import subprocess
import sys
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from quadcim.boards.handoff import Handoff
from quadcim.boards.vcu128.board import board_files
from quadcim.boards.vcu128.clocking import fastest_mmcm
from quadcim.boards.vcu128.picture import PictureBoard
from quadcim.cores.cases import CoreCase
from quadcim.cores.inr.network import random_network
from quadcim.cores.inr.stimulus import coordinates_of
from quadcim.hw.activation.plans import unit_integers
from quadcim.hw.emit.yosys import run_passes
from quadcim.sim.tools import find_simulator
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.folding import Folding
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, activation_formats, coordinate_format
from quadcim.spec.inr_engine import Command, InrEngine, InrIntegers
from quadcim.spec.reset import find_reset
from tests.acceptance import icarus_accepts, ports_have_net_types, slang_accepts, verilator_accepts
from tests.boards.cocotb_run import run_cocotb
from tests.boards.helpers import run_tcl

_PRIMITIVES = [Path(__file__).parents[1] / f"{name}.v" for name in ("primitives", "mmcm")]
_FAST = 4  # cycles of a bit, so that simulations are short


def _engine(shape: tuple[int, ...], channels: int, output: Format = PIXEL, seed: int = 0,
            stages: int = 1) -> tuple[InrEngine, InrIntegers]:
    """A small engine of random weights."""
    engine = InrEngine(coordinate_format(*shape), (len(shape), 4, channels), Activation("quad", *activation_formats(6)),
                       (8, 8), (Folding(4, 1), Folding(1, 4)), stages)
    network = random_network(engine, seed)
    last = network.layers[-1]
    # The same weights for other results: about as large as those of 8 bits are.
    shift = tuple(max(part + PIXEL.width - output.width, -output.fraction_bits) for part in last.shift)
    layers = (*network.layers[:-1], replace(last, output=output, shift=shift))
    return engine, InrIntegers(replace(network, shape=shape, layers=layers), unit_integers(engine.unit))


def _samples(case: CoreCase, command: Command) -> np.ndarray:
    """The golden model's samples of a region, samples x channels."""
    return case.core.golden(case.spec, case.integers, coordinates_of(command, case.spec))


def _answer(case: CoreCase, command: Command) -> bytes:
    """What the board is to send, from the golden model and the text of README.md alone."""
    fmt, channels = case.integers.network.layers[-1].output, case.spec.sizes[-1]
    size = (fmt.width + 7) // 8
    samples = _samples(case, command)
    body = b"".join(int(raw).to_bytes(size, "little", signed=fmt.signed) for raw in samples.reshape(-1))
    counts = b"".join(last.to_bytes(2, "little") for last in command.last)
    return (b"QPIX" + bytes.fromhex(case.manifest["digest"])[:8] + bytes([size, channels, 0, len(command.last)])
            + counts + body + zlib.crc32(body).to_bytes(4, "little"))


def _whole(case: CoreCase) -> bytes:
    return _answer(case, Command.whole(case.integers.network.shape))


def _region(case: CoreCase, command: Command) -> str:
    """The request for a command."""
    payload = command.payload(case.spec.coordinate)
    width = next(port.width for port in case.ports if port.name == "i__payload")
    return (b"C" + payload.to_bytes((width + 7) // 8, "little")).hex()


def _board(case: CoreCase, clock_mhz: float, divisor: int | None) -> tuple[str, PictureBoard]:
    """The design with another clock, or bits of other cycles."""
    subject = case.core.subject(case.spec, case.integers)
    handoff = Handoff(
        kind="inr", top=case.top, header="", identity=case.manifest["digest"], clock_mhz=clock_mhz, about=subject.about,
        plan=subject.plan, timing=case.timing, user_bits=0, ports=tuple(case.ports), reset=find_reset("sync-high"),
        verilog="", companions={}, images={}, hard_macros=(), golden=subject.golden, whole=subject.whole)
    assert subject.whole is not None
    board = PictureBoard(handoff, subject.whole, divisor=divisor)
    return board_files(board, top=case.top, header="")[f"{case.top}_picture.v"], board


def _simulate(case: CoreCase, folder: Path, steps: list[tuple], *, clock_mhz: float = 100, simulator: str = "icarus",
              divisor: int | None = _FAST) -> bytes:
    """Run steps of `picture_bench` on the design; returns what came with the last answer."""
    text, board = _board(case, clock_mhz, divisor)
    folder.mkdir(exist_ok=True)
    (folder / "board.v").write_text(text)
    bit_ns = (divisor or round(board.clock_mhz)) * 1000 / board.clock_mhz
    run_cocotb("tests.boards.vcu128.picture_bench", top=f"{case.top}_picture",
               sources=[*case.simulation_sources, folder / "board.v", *_PRIMITIVES], folder=folder / "run",
               job={"bit_ns": bit_ns, "steps": steps}, simulator=find_simulator(simulator), images=case.images)
    return (folder / "run/captured.bin").read_bytes()


@pytest.fixture
def picture(make_case) -> CoreCase:
    """A picture of 32 x 32 pixels, in colours."""
    engine, integers = _engine((32, 32), 3)
    return make_case(engine, "vcu128", integers=integers)


def _golden(case: CoreCase) -> np.ndarray:
    shape = case.integers.network.shape
    return _samples(case, Command.whole(shape)).reshape(*shape, -1)


def _host(case: CoreCase, *words: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the program that a case ships."""
    run = subprocess.run([sys.executable, "-W", "error", case.folder / f"vcu128/{case.top}_picture.py",
                          *map(str, words)], capture_output=True, check=False, input=stdin)
    return run.returncode, run.stdout.decode(), run.stderr.decode()


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_a_picture_comes_by_itself_and_the_host_decodes_it(picture, simulator, tmp_path):
    """From configuration on: every pixel is the golden model's, the checksum zlib's, and the file a picture."""
    captured = _simulate(picture, tmp_path / "board", [("answer", _whole(picture).hex())], simulator=simulator)
    assert captured == _whole(picture) and len(captured) == 20 + 32 * 32 * 3 + 4
    (tmp_path / "captured").write_bytes(captured)
    out = tmp_path / "picture.png"
    assert _host(picture, "--file", tmp_path / "captured", "--out", out) == (
        0, f"PASS 32 x 32 samples, {out}\n", "")
    assert np.array_equal(np.asarray(Image.open(out)), _golden(picture))


def test_the_host_asks_the_very_board_that_is_shipped(picture, tmp_path):
    """Through a pseudo-terminal at the true baud rate, 100 cycles a bit; for everything, then for a region."""
    script, arguments = str(picture.folder / f"vcu128/{picture.top}_picture.py"), ["--timeout", "60", "--out"]
    whole, part = tmp_path / "whole.png", tmp_path / "part.bin"
    region = "--region=-31:4:15,11:-2:2"
    runs = [{"script": script, "arguments": [*arguments, str(whole)], "code": 0, "left_behind": "43ff",
             "said": [f"PASS 32 x 32 samples, {whole}"]},
            {"script": script, "arguments": [*arguments, str(part), region], "code": 0, "left_behind": "",
             "said": [f"PASS 16 x 3 samples, {part}"]}]
    shipped = picture.folder / f"vcu128/{picture.top}_picture.v"
    run_cocotb("tests.boards.vcu128.pty_bench", top=f"{picture.top}_picture", folder=tmp_path / "run",
               sources=[*picture.simulation_sources, shipped, *_PRIMITIVES], job={"divisor": 100, "runs": runs},
               simulator=find_simulator("verilator"), images=picture.images)
    assert np.array_equal(np.asarray(Image.open(whole)), _golden(picture))
    assert part.read_bytes() == _answer(picture, Command((-31, 11), (4, -2), (15, 2)))[20:-4]


def test_requests_restarts_and_a_clock_that_fails(make_case, tmp_path):
    """Each cuts off what is being sent, wherever that is; the answer that follows is whole."""
    engine, integers = _engine((6, 5), 3, seed=1)
    case = make_case(engine, "vcu128", integers=integers)
    whole = ("answer", _whole(case).hex())
    part = Command((-3, 2), (-2, 3), (3, 1))
    _simulate(case, tmp_path / "board", [
        ("some", 30), ("button",), whole,
        ("send", "00"), ("send", "52"), ("some", 50), ("clock fails",), whole,
        ("send", _region(case, part)), ("answer", _answer(case, part).hex()),
        ("send", "52"), ("some", 40), ("send", _region(case, part)), ("answer", _answer(case, part).hex()),
        ("send", "52"), ("some", 5), ("send", "52"), whole,                     # inside the header
        ("send", "43" + "52" * 3), ("button",), whole,                          # a request that was left half sent
        ("send", "43" + "00" * 20 + "52"), whole,
    ])


@pytest.mark.parametrize("number", range(4))
def test_signals_of_any_shape_and_format_at_any_clock(number, make_case, tmp_path, seed):
    """One axis to three, channels narrower and wider than a byte, signed and not."""
    draw = random.Random(f"picture {seed} {number}")
    shape = tuple(draw.randint(1, most) for most in ((9,), (5, 6), (3, 3, 4))[number % 3])
    signed = draw.random() < 0.5
    output = Format(signed, draw.randint(1, 9), draw.randint(0, 4))
    engine, integers = _engine(shape, draw.choice([1, 2, 3]), output, draw.getrandbits(16), draw.randint(0, 3))
    case = make_case(engine, "vcu128", integers=integers)
    axes, fmt = len(shape), engine.coordinate
    start, step = (tuple(draw.randint(fmt.minimum, fmt.maximum) for _ in range(axes)) for _ in range(2))
    part = Command(start, step, tuple(draw.randint(0, 3) for _ in range(axes)))
    clock_mhz = draw.choice([1, 10.7, 33.3, 100, 412.5, 5000])
    _simulate(case, tmp_path / "board", [
        ("answer", _whole(case).hex()), ("send", _region(case, part)), ("answer", _answer(case, part).hex())],
        clock_mhz=clock_mhz, divisor=draw.randint(4, 9))


def test_the_serial_port_keeps_its_rate_at_another_clock(make_case, tmp_path):
    """37 MHz: the bits last as many cycles as the design reckons."""
    engine, integers = _engine((2, 3), 1)
    case = make_case(engine, "vcu128", integers=integers)
    text, board = _board(case, 37, None)
    assert board.clock_mhz == 37 and "A bit lasts 37 cycles" in text
    _simulate(case, tmp_path / "board", [("answer", _whole(case).hex())], clock_mhz=37, divisor=None)


@pytest.mark.parametrize("asked, made", [
    (1, 10), (6.9, 10), (10, 10), (100, 100), (250, 250), (333, 333), (400, 400), (775, 775), (10_000, 775)])
def test_clocks(asked, made, picture):
    assert _board(picture, asked, None)[1].clock_mhz == made


def test_mmcm_settings_are_legal_and_the_fastest(seed):
    """The limits of UG572 and DS923, for clocks of all kinds; against a search over plain numbers."""
    draw = random.Random(seed)
    for asked in (7, *(round(10 ** draw.uniform(0.9, 2.95), draw.randint(0, 3)) for _ in range(8))):
        mmcm = fastest_mmcm(asked, lambda _mhz: True)
        d, m, o = mmcm.divide, mmcm.multiply, mmcm.output
        assert 1 <= d <= 10 and 2 <= m <= 128 and (o == 1 or 2 <= o <= 128)
        assert 8 % m.denominator == 8 % o.denominator == 0
        assert 800 <= 100 * m / d <= 1600 and mmcm.mhz == 100 * m / d / o <= min(Fraction(str(asked)), 775)
        eighths = np.arange(16, 1025)
        outputs = np.array([8, *range(16, 1025)])
        for divide in range(1, 11):
            oscillators = 100 * eighths / 8 / divide
            oscillators = oscillators[(oscillators >= 800) & (oscillators <= 1600)]
            reached = oscillators[:, None] * 8 / outputs
            assert reached[reached <= min(asked, 775) * (1 + 1e-12)].max() <= float(mmcm.mhz) * (1 + 1e-9)
    with pytest.raises(IllegalSetting, match="clock-mhz must be a frequency that an MMCM can make, got 6"):
        fastest_mmcm(6, lambda _mhz: True)


@pytest.mark.parametrize("damage, code, said", [
    (lambda answer: b"noise QPI" + answer, 0, ""),
    (lambda answer: answer[:-1], 2, "it ends too early (3 of 4 bytes are there)"),
    (lambda answer: answer[:25], 2, "it ends too early (5 of 96 bytes are there)"),
    (lambda answer: answer[:5], 2, "it ends too early (0 of 1 bytes are there)"),
    (lambda answer: b"", 2, "it ends too early (0 of 1 bytes are there)"),
    (lambda answer: bytes(70_000), 2, "no answer of such a board in 65536 bytes"),
    (lambda answer: answer[:30] + bytes([answer[30] ^ 1]) + answer[31:], 1, "the checksum is "),
    (lambda answer: answer[:-1] + bytes([answer[-1] ^ 1]), 1, "the checksum is "),
    (lambda answer: answer[:4] + bytes([answer[4] ^ 1]) + answer[5:], 2, "the board holds the case "),
    (lambda answer: answer[:13] + b"\1\0" + answer[15:], 2, "1 channels and 2 axes are not those of the case"),
], ids=["noise before", "short", "in a row", "in the header", "nothing", "noise", "pixel", "checksum", "digest",
        "kind"])
def test_what_the_host_says_of_a_damaged_answer(picture, tmp_path, damage, code, said):
    (tmp_path / "received").write_bytes(damage(_whole(picture)))
    out = tmp_path / "picture.png"
    for words, stdin in (((tmp_path / "received",), b""), (("-",), (tmp_path / "received").read_bytes())):
        returned, _shown, complaint = _host(picture, "--file", *words, "--out", out, stdin=stdin)
        assert (returned, complaint.count("\n"), said in complaint) == (code, int(code > 0), True), complaint
        assert out.exists() == (code == 0)
    assert not (picture.folder / "vcu128/__pycache__").exists()


@pytest.mark.parametrize("region, said", [
    ("1:2:3", "--region must be START:STEP:LAST for each of 2 coordinates, got '1:2:3'"),
    ("1:2,1:2", "--region must be START:STEP:LAST for each of 2 coordinates"),
    ("32:2:3,0:0:0", "--region: a start must be one of SQ1.5, got 32"),
    ("0:0:65536,0:0:0", "--region: a last must be one of UQ16.0, got 65536"),
    ("a:2:3,1:2:3", "invalid literal for int() with base 10: 'a'"),
])
def test_regions_that_are_none(picture, region, said):
    terminal, host_end = pty.openpty()
    try:
        code, shown, complaint = _host(picture, "--port", os.ttyname(host_end), f"--region={region}")
    finally:
        os.close(terminal)
        os.close(host_end)
    assert (code, shown) == (2, "") and said in complaint and complaint.count("\n") == 1


def test_no_board_answers(picture):
    terminal, host_end = pty.openpty()
    try:
        name = os.ttyname(host_end)
        assert _host(picture, "--port", name, "--timeout", "0.1") == (
            2, "", f"{picture.top}_picture.py: {name}: no answer for 0.1 s (0 of 1 bytes came)\n")
    finally:
        os.close(terminal)
        os.close(host_end)
    assert "no manifest" not in _host(picture, "--file", "/dev/null")[2]
    assert _host(picture)[0] == 2 and _host(picture, "--file", "-", "--region=0:0:0,0:0:0")[0] == 2


@pytest.mark.parametrize("shape, channels, output, rows", [
    ((5, 6), 3, PIXEL, 3), ((4, 5), 1, PIXEL, 2), ((7,), 2, Format(True, 2, 9), 1),
    ((2, 3, 4), 1, Format(False, 5, 0), 3)])
def test_a_terminal_shows_the_picture(shape, channels, output, rows, make_case, tmp_path):
    """A character for two pixels; formats are scaled to 8 bits, frames lie below one another."""
    engine, integers = _engine(shape, channels, output)
    case = make_case(engine, "vcu128", integers=integers)
    (tmp_path / "received").write_bytes(_whole(case))
    main, terminal = pty.openpty()
    try:
        subprocess.run([sys.executable, case.folder / f"vcu128/{case.top}_picture.py", "--file", tmp_path / "received",
                        "--out", tmp_path / "picture.png"], stdout=terminal, check=True,
                       env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "80"})
        shown = os.read(main, 1 << 16).decode().split("\r\n")
    finally:
        os.close(terminal)
        os.close(main)
    low, steps = output.minimum, (1 << output.width) - 1
    shades = (_golden(case) - low) * 255 // steps
    flat = shades.reshape(-1, shape[-1], channels)
    flat = flat if channels == 3 else flat[..., :1]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "picture.png")), flat if channels == 3 else flat[..., 0])
    assert shown[-2].startswith("PASS ") and len(shown) == rows + 2
    first = ";".join(map(str, np.broadcast_to(flat[0, 0], 3)))
    assert shown[0].startswith(f"\033[38;2;{first}m")
    assert all(line.count("\u2580") == shape[-1] for line in shown[:rows])


def test_a_wide_picture_is_shown_smaller(picture, tmp_path):
    """Every third pixel in 12 columns."""
    (tmp_path / "received").write_bytes(_whole(picture))
    main, terminal = pty.openpty()
    try:
        subprocess.run([sys.executable, picture.folder / f"vcu128/{picture.top}_picture.py", "--file",
                        tmp_path / "received", "--out", tmp_path / "picture.png"], stdout=terminal, check=True,
                       env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "12"})
        shown = os.read(main, 1 << 16).decode().split("\r\n")
    finally:
        os.close(terminal)
        os.close(main)
    assert [line.count("\u2580") for line in shown[:-2]] == [11] * 6


def test_tools_of_others_accept_the_design(picture):
    top, sources = f"{picture.top}_picture", [*picture.simulation_sources,
                                              picture.folder / f"vcu128/{picture.top}_picture.v"]
    icarus_accepts(top, [*sources, *_PRIMITIVES])
    verilator_accepts(top, [*sources, *_PRIMITIVES])
    slang_accepts([*sources, *_PRIMITIVES])
    ports_have_net_types(sources)
    run_passes("read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v", ["read_verilog", *sources],
               f"hierarchy -check -top {top}", "proc", "check -assert", beside=picture.images)


def test_constraints_and_scripts(picture, tmp_path):
    """The clock at its pin, of which the tools derive the MMCM's; the registers that constraints name are there."""
    here, top = Path(shutil.copytree(picture.folder, tmp_path / "a case")), f"{picture.top}_picture"
    constraints, text = ((here / f"vcu128/{top}.{kind}").read_text() for kind in ("xdc", "v"))
    assert constraints.count("create_clock") == 1
    assert 'create_clock -name clk100 -period 10.0 [get_ports "clk100_0__p"]' in constraints
    assert "{pixels/receiver/meta_reg pixels/receiver/line_reg}" in constraints
    assert f"{picture.top}_pixels pixels (" in text and f"{picture.top}_pixels_receiver receiver (" in text
    pins = set(re.findall(r"^  (?:input|output) wire (\w+)", text.partition(");")[0], re.MULTILINE))
    assert set(re.findall(r'PACKAGE_PIN \S+ \[get_ports "(\w+)"\]', constraints)) == pins
    calls, said = run_tcl(here / f"vcu128/{picture.top}_project.tcl", scratch=tmp_path, arguments=["picture"])
    assert said.startswith("Worst slack 0.5 ns") and ["set_property", "top", top, "<>"] in calls
    (here / f"vcu128/build/{top}/{top}.bit").touch()
    _calls, said = run_tcl(here / f"vcu128/{picture.top}_program.tcl", scratch=tmp_path, arguments=["picture"])
    assert said == f"Next: python3 '{here}/vcu128/{top}.py' --port /dev/ttyUSB1"


def test_the_guide_tells_of_the_design(picture, make_case):
    text = (picture.folder / "vcu128/README.md").read_text()
    for part in ("## What the unit shows", "at 100 MHz: the fastest clock up to 100 MHz", "all 32 x 32 samples",
                 "0.031 s in all", "| `C`, 7 bytes of a command | its region |", "7 zeros end what another host"):
        assert part in " ".join(text.split("\n")), part
    assert max(map(len, filter(lambda line: line[:1] not in "|`", text.splitlines()))) < 140
    # A command cannot count to more.
    engine, integers = _engine((65537,), 1)
    longer = make_case(engine, "vcu128", integers=integers)
    assert not list(longer.folder.glob("vcu128/*_picture*"))
    assert "picture" not in (longer.folder / "vcu128/README.md").read_text()
