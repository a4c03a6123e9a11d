"""The board's design behind its serial port, and the host's script that talks to it through a pseudo-terminal."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim.boards.designs import LinkBoard, board_files
from quadcim.boards.host import QUEUE_BYTES
from quadcim.sim.case import Case
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.boards.cocotb_run import run_cocotb
from tests.boards.conftest import board_case

_FAST = 4  # cycles of a bit, so that simulations are short
_PRIMITIVES = Path(__file__).with_name("primitives.v")


def _play(case: Case, runs: list[dict], folder: Path, *, divisor: int) -> None:
    """Let the host's script of some folders play through the board of a case, one after the other."""
    board = board_files(LinkBoard(top=case.top, ports=case.ports, identity=case.manifest["digest"], divisor=divisor),
                        top=case.top, header="")
    folder.mkdir()
    source = folder / "board.v"
    source.write_text(board[f"{case.top}_board.v"])
    run_cocotb("tests.boards.pty_bench", top=f"{case.top}_board",
               sources=[*case.simulation_sources, case.folder / f"vcu128/{case.top}_axis.v", source, _PRIMITIVES],
               folder=folder / "run", job={"divisor": divisor, "runs": runs})


def _host(case: Case, folder: Path, said: list[str], code: int, left_behind: str = "") -> dict:
    """A run of a case's script; `left_behind` are bytes that an earlier host has sent."""
    return {"script": str(folder / f"vcu128/{case.top}_host.py"), "arguments": ["--timeout", "30"], "said": said,
            "code": code, "left_behind": left_behind}


def _holds(case: Case) -> str:
    return f"The board holds this case ({case.manifest['digest'][:16]})"


def test_the_host_plays_a_unit_through_the_board(make_case, tmp_path):
    """And again after a host that was killed in the middle of a frame, and with a result that is not expected."""
    case = board_case(make_case, "combinational")
    wrong = tmp_path / "a wrong case"
    shutil.copytree(case.folder, wrong)
    vectors = wrong / "vectors/expected.hex"
    expected = vectors.read_text().splitlines()
    right, expected[7] = expected[7], f"{int(expected[7], 16) ^ 1:02x}"
    vectors.write_text("\n".join(expected) + "\n")
    given = (wrong / "vectors/input.hex").read_text().splitlines()[7].lstrip("0")
    said = [_holds(case), "input.hex against expected.hex: 64 of 64"]
    mismatch = f"expected.hex, beat 7: input {given}, expected {expected[7]}, got {right}"
    frames = "500042014202" + "42"  # a ping, what is no command, two beats, and half of a third one
    _play(case, [
        _host(case, case.folder, [*said, "PASS 64 results"], 0),
        _host(case, case.folder, [*said, "PASS 64 results"], 0, left_behind=frames),
        _host(case, wrong, [said[0], mismatch, said[1], "FAIL 1 of 64 results"], 1),
    ], tmp_path / "play", divisor=_FAST)


@pytest.mark.parametrize("name, rows", [("loaded-banks", 16), ("lutram", 11)])
def test_the_host_loads_weights(make_case, tmp_path, name, rows):
    case = board_case(make_case, name)
    said = [_holds(case)]
    for more in ("", "_inverted", "_ones"):
        said += [f"weights{more}.hex loaded: {rows} of {rows}", f"input.hex against expected{more}.hex: 128 of 128"]
    _play(case, [_host(case, case.folder, [*said, "PASS 384 results"], 0)], tmp_path / "play", divisor=_FAST)


def test_a_frame_that_is_longer_than_the_queue(make_case, tmp_path):
    macro = CimMacro(QUEUE_BYTES + 1, 1, 8, bits_per_cycle=8, storage="constant")
    case = make_case(macro, "vcu128", integers=CimIntegers(cells=tuple((row % 2,) for row in range(macro.rows))))
    few = tmp_path / "few"
    shutil.copytree(case.folder, few)
    for name in ("input", "expected"):
        vectors = few / f"vectors/{name}.hex"
        vectors.write_text("".join(vectors.read_text().splitlines(keepends=True)[:5]))
    said = [_holds(case), "input.hex against expected.hex: 5 of 5", "PASS 5 results"]
    _play(case, [_host(case, few, said, 0, left_behind="42" + "01" * 40)], tmp_path / "play", divisor=_FAST)


def test_the_bitstream_of_another_case_is_refused(make_case, tmp_path):
    """Through the very board that the case ships, at its true baud rate: 100 cycles a bit."""
    case, other = board_case(make_case, "constant"), tmp_path / "other"
    shutil.copytree(case.folder, other)
    manifest = case.manifest | {"digest": "ff" + case.manifest["digest"][2:]}
    (other / "case.json").write_text(json.dumps(manifest))
    shipped = case.folder / f"vcu128/{case.top}_board.v"
    held = case.manifest["digest"][:16]
    run = _host(case, other, [], 2) | {"complaint": f"the board holds the case {held}, not ff{held[2:]}"}
    run_cocotb("tests.boards.pty_bench", top=f"{case.top}_board",
               sources=[*case.simulation_sources, case.folder / f"vcu128/{case.top}_axis.v", shipped, _PRIMITIVES],
               folder=tmp_path / "run", job={"divisor": 100, "runs": [run]})


def _alone(case: Case, *arguments: str) -> tuple[int, str, str]:
    """Run the script without a board."""
    done = subprocess.run([sys.executable, "-W", "error", str(case.folder / f"vcu128/{case.top}_host.py"), *arguments],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr.splitlines()[-1]


def test_no_board_answers(make_case, tmp_path):
    case = board_case(make_case, "combinational")
    terminal, host_end = pty.openpty()
    name = os.ttyname(host_end)
    try:
        assert _alone(case, "--port", name, "--timeout", "0.1") == (
            2, "", f"{case.top}_host.py: {name}: no answer for 0.1 s (0 of 9 bytes came)")
    finally:
        os.close(terminal)
        os.close(host_end)
    missing = tmp_path / "none"
    code, said, complaint = _alone(case, "--port", str(missing))
    assert (code, said) == (2, "")
    assert complaint.startswith(f"{case.top}_host.py: ") and str(missing) in complaint
    assert _alone(case)[0] == 2


@pytest.mark.parametrize("seconds", ["inf", "nan", "0", "-1", "1e9"])
def test_a_timeout_is_a_time(seconds, make_case):
    case = board_case(make_case, "combinational")
    assert _alone(case, "--port", "/dev/null", f"--timeout={seconds}") == (
        2, "", f"{case.top}_host.py: error: argument --timeout: must be more than 0 and at most 3600, got '{seconds}'")


def test_what_is_no_serial_port(make_case):
    case = board_case(make_case, "combinational")
    assert _alone(case, "--port", "/dev/null") == (2, "", f"{case.top}_host.py: /dev/null: not a serial port")


def test_an_interrupted_host_says_so(make_case):
    """While it waits for an answer to its question for the digest."""
    case = board_case(make_case, "combinational")
    terminal, host_end = pty.openpty()
    try:
        command = [sys.executable, case.folder / f"vcu128/{case.top}_host.py", "--port", os.ttyname(host_end),
                   "--timeout", "60"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as host:
            received = b""
            while not received.endswith(b"P"):
                received += os.read(terminal, 16)
            host.send_signal(signal.SIGINT)
            said = host.communicate()
    finally:
        os.close(terminal)
        os.close(host_end)
    assert (host.returncode, *said) == (130, "", f"{case.top}_host.py: interrupted\n")
