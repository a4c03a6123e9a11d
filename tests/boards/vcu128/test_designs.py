"""The board's design behind its serial port, and the host's script that talks to it through a pseudo-terminal."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest

from quadcim.boards.vcu128.board import board_files
from quadcim.boards.vcu128.designs import LinkBoard
from quadcim.boards.vcu128.host import QUEUE_BYTES
from quadcim.sim.case import Case
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.boards.cocotb_run import run_cocotb
from tests.boards.conftest import board_case

_FAST = 4  # cycles of a bit, so that simulations are short
_PRIMITIVES = Path(__file__).parents[1] / "primitives.v"


def _play(case: Case, runs: list[dict], folder: Path, *, divisor: int) -> None:
    """Let the host's script of some folders play through the board of a case, one after the other."""
    board = board_files(LinkBoard(top=case.top, ports=case.ports, timing=case.timing, identity=case.manifest["digest"],
                                  user_bits=case.manifest["user_bits"], divisor=divisor),
                        top=case.top, header="")
    folder.mkdir()
    source = folder / "board.v"
    source.write_text(board[f"{case.top}_board.v"])
    run_cocotb("tests.boards.vcu128.pty_bench", top=f"{case.top}_board",
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
    # Of 7 bits: on the line a negative one is a byte.
    right, shown = (f"{(int(word, 16) ^ 0x40) - 0x40 & 0xFF:02x}" for word in (right, expected[7]))
    given = (wrong / "vectors/input.hex").read_text().splitlines()[7].lstrip("0")
    said = [_holds(case), "input.hex against expected.hex: 64 of 64"]
    mismatch = f"expected.hex, beat 7: input {given}, expected {shown}, got {right}"
    frames = "500042014202" + "42"  # a ping, what is no command, two beats, and half of a third one
    _play(case, [
        _host(case, case.folder, [*said, "PASS 64 results"], 0),
        _host(case, case.folder, [*said, "PASS 64 results"], 0, left_behind=frames),
        _host(case, wrong, [said[0], mismatch, said[1], "FAIL 1 of 64 results"], 1),
    ], tmp_path / "play", divisor=_FAST)


def test_the_host_plays_a_unit_without_backpressure(make_case, tmp_path):
    case = board_case(make_case, "without-backpressure")
    said = [_holds(case), "input.hex against expected.hex: 64 of 64", "PASS 64 results"]
    _play(case, [_host(case, case.folder, said, 0)], tmp_path / "play", divisor=_FAST)


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
    (few / "case.json").write_text(json.dumps(case.manifest | {"beats": 5, "results": 5}))
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
    run_cocotb("tests.boards.vcu128.pty_bench", top=f"{case.top}_board",
               sources=[*case.simulation_sources, case.folder / f"vcu128/{case.top}_axis.v", shipped, _PRIMITIVES],
               folder=tmp_path / "run", job={"divisor": 100, "runs": [run]})


def _alone(case: Case, *arguments: str) -> tuple[int, str, str]:
    """Run the script without a board."""
    done = subprocess.run([sys.executable, "-W", "error", str(case.folder / f"vcu128/{case.top}_host.py"), *arguments],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr.splitlines()[-1]


def _set(manifest: dict, **values: object) -> str:
    return json.dumps(manifest | values)


@pytest.mark.parametrize("name, damage, complaint", [
    ("vectors/input.hex", lambda text: text[:-3], "input.hex: 63 lines, but the manifest says 64"),
    ("vectors/expected.hex", lambda text: text + "00\n", "expected.hex: 65 lines, but the manifest says 64"),
    ("vectors/expected.hex", lambda text: text.replace("00", "80", 1), "expected.hex: not numbers of 7 bits"),
    ("vectors/input.hex", lambda text: "-1" + text[2:], "input.hex: not numbers of 6 bits"),
    ("case.json", lambda text: _set(json.loads(text), files={}), "the case has no vectors"),
    ("case.json", lambda text: "[]", "case.json is no manifest of a case (TypeError: "),
    ("case.json", lambda text: _set(json.loads(text), ports=[]), "case.json is no manifest of a case (KeyError: 'i')"),
])
def test_a_damaged_case_never_passes(make_case, tmp_path, name, damage, complaint):
    """Too few vectors would pass all that there are; the board is not even asked."""
    case = board_case(make_case, "combinational")
    damaged = Path(shutil.copytree(case.folder, tmp_path / "damaged"))
    (damaged / name).write_text(damage((damaged / name).read_text()))
    done = subprocess.run([sys.executable, damaged / f"vcu128/{case.top}_host.py", "--port", "/dev/null"],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{case.top}_host.py: {complaint}")


def _answer_by(terminal: int, case: Case, lie) -> None:
    """Be a board for a host: answer its frames until it is gone, and lie about the results."""
    sizes = {b"P": 0, b"B": 1}
    results = [int(word, 16) for word in (case.folder / "vectors/expected.hex").read_text().split()]
    answers = lie([(y ^ 0x40) - 0x40 & 0xFF for y in results])
    try:
        while True:
            command = os.read(terminal, 1)
            for _ in range(sizes.get(command, 0)):
                os.read(terminal, 1)
            if command == b"P":
                os.write(terminal, b"P" + bytes.fromhex(case.manifest["digest"])[:8])
            elif command == b"B":
                os.write(terminal, next(answers))
    except OSError:
        return


@pytest.mark.parametrize("lie, code, said", [
    (lambda ys: iter([b"B%c" % y for y in ys]), 0, "PASS 64 results"),
    (lambda ys: iter([b"B%c" % y for y in ys[:-1]] + [b""]), 2, "no answer for 0.3 s (0 of 2 bytes came)"),
    (lambda ys: iter([b"B%c" % y for y in ys[:-1]] + [b"B"]), 2, "no answer for 0.3 s (1 of 2 bytes came)"),
    (lambda ys: iter([b"B%c" % y for y in ys[:-1]] + [b"B%cB" % ys[-1]]), 2, "1 bytes more than were asked for"),
    (lambda ys: iter([b"B%c" % (y & 0x7F) for y in ys]), 1, "FAIL "),                 # its sign is not extended
    (lambda ys: iter([b"B%c" % y for y in (*ys[1:], ys[0])]), 1, "FAIL "),            # a beat late
    (lambda ys: iter([b"W%c" % y for y in ys]), 2, "beat 0: not an answer to it"),
], ids=["honest", "silent", "short", "more", "not extended", "shifted", "of another kind"])
def test_a_board_that_is_wrong_never_passes(make_case, lie, code, said):
    case = board_case(make_case, "combinational")
    terminal, host_end = pty.openpty()
    tty.setraw(host_end)
    threading.Thread(target=_answer_by, args=(terminal, case, lie), daemon=True).start()
    try:
        done = subprocess.run([sys.executable, case.folder / f"vcu128/{case.top}_host.py", "--port",
                               os.ttyname(host_end), "--timeout", "0.3"], capture_output=True, text=True, check=False)
    finally:
        os.close(host_end)
        os.close(terminal)
    assert done.returncode == code
    assert said in (done.stderr if code == 2 else done.stdout)


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
    # What runs in a shell's background ignores the signal, and would hand that down.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
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
        signal.signal(signal.SIGINT, handler)
        os.close(terminal)
        os.close(host_end)
    assert (host.returncode, *said) == (130, "", f"{case.top}_host.py: interrupted\n")
