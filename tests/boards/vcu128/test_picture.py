"""The design that renders: the whole of it in simulation, with the vendor's primitives, and the host's program."""

import os
import pty
import random
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
from quadcim.sim.tools import find_simulator
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.folding import Folding
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, activation_formats, coordinate_format
from quadcim.spec.inr_engine import Command, InrEngine, InrIntegers
from quadcim.spec.reset import find_reset
from tests.boards.cocotb_run import run_cocotb

_PRIMITIVES = Path(__file__).parents[1] / "primitives.v"
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


def _answer(case: CoreCase, command: Command) -> bytes:
    """What the board is to send, from the golden model and the text of README.md alone."""
    fmt, channels = case.integers.network.layers[-1].output, case.spec.sizes[-1]
    size = (fmt.width + 7) // 8
    samples = case.stimulus.golden(coordinates_of(command, case.spec))
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
               sources=[*case.simulation_sources, folder / "board.v", _PRIMITIVES], folder=folder / "run",
               job={"bit_ns": bit_ns, "steps": steps}, simulator=find_simulator(simulator), images=case.images)
    return (folder / "run/captured.bin").read_bytes()


@pytest.fixture
def picture(make_case) -> CoreCase:
    """A picture of 32 x 32 pixels, in colours."""
    engine, integers = _engine((32, 32), 3)
    return make_case(engine, "vcu128", integers=integers)


def _golden(case: CoreCase) -> np.ndarray:
    shape = case.integers.network.shape
    samples = case.stimulus.golden(coordinates_of(Command.whole(shape), case.spec))
    return samples.reshape(*shape, -1)


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
               sources=[*picture.simulation_sources, shipped, _PRIMITIVES], job={"divisor": 100, "runs": runs},
               simulator=find_simulator("verilator"), images=picture.images)
    assert np.array_equal(np.asarray(Image.open(whole)), _golden(picture))
    assert part.read_bytes() == _answer(picture, Command((-31, 11), (4, -2), (15, 2)))[20:-4]
