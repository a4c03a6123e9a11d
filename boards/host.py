"""Plays the vectors of a case through the board and compares what comes back.

Usage, on Linux, with the standard library of Python 3.9 or newer alone:

    python3 <this file> --port /dev/ttyUSB1

The case is the directory above that of this file. Exit code 0: every result is as expected. 1: some are not.
2: no answer, the board holds another case, or wrong use. 130: interrupted.
"""

import argparse
import json
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

CASE = Path(__file__).resolve().parent.parent

BAUD = 1_000_000
QUEUE_BYTES = 64                    # what the board holds of frames that it has not answered
DIGEST_BYTES = 8
PING = ord("P")
COMMANDS = {"i": ord("B"), "w": ord("W")}

QUIET_SECONDS = 0.25                # after so long without a byte, none is underway
LONGEST_SECONDS = 3600              # to wait for an answer
SHOWN = 10                          # so many mismatches are printed


class LinkError(Exception):
    """The board does not answer, or not as this case's board does."""


class Port:
    """A serial port."""

    def __init__(self, name: str, timeout: float):
        # Only a host has to have these: whoever merely reads the constants above need not be Linux.
        import termios
        import tty

        self.name, self.timeout = name, timeout
        self.file = os.open(name, os.O_RDWR | os.O_NOCTTY)
        if not os.isatty(self.file):
            raise LinkError(f"{name}: not a serial port")
        tty.setraw(self.file)
        settings = termios.tcgetattr(self.file)
        settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL          # 8N1, no flow control
        settings[4] = settings[5] = getattr(termios, f"B{BAUD}")
        termios.tcsetattr(self.file, termios.TCSANOW, settings)

    def write(self, data: bytes) -> None:
        """Send some bytes."""
        while data:
            data = data[os.write(self.file, data):]

    def read(self, count: int) -> bytes:
        """Receive exactly so many bytes."""
        data = b""
        while len(data) < count:
            more = self._some(count - len(data), self.timeout)
            if not more:
                raise LinkError(f"{self.name}: no answer for {self.timeout:g} s ({len(data)} of {count} bytes came)")
            data += more
        return data

    def drain(self) -> None:
        """Drop what still comes."""
        while self._some(4096, QUIET_SECONDS):
            pass

    def _some(self, most: int, seconds: float) -> bytes:
        """Receive what there is, or nothing if nothing comes for so long."""
        if not select.select([self.file], [], [], seconds)[0]:
            return b""
        data = os.read(self.file, most)
        if not data:
            raise LinkError(f"{self.name}: it is gone")
        return data


class Board:
    """The board's side of the link, as README.md beside this file describes it."""

    def __init__(self, port: Port, manifest: dict):
        self.port, self.digest = port, manifest["digest"]
        self.bits = {entry["name"][0]: entry["width"] for entry in manifest["ports"]
                     if entry["name"].endswith("__payload")}
        self.bytes = {stream: (bits + 7) // 8 for stream, bits in self.bits.items()}

    def connect(self) -> None:
        """End what another host has left half sent, and see that the bitstream is of this case."""
        self.port.drain()
        self.port.write(bytes(max(size for stream, size in self.bytes.items() if stream in COMMANDS)))
        self.port.drain()
        self.port.write(bytes([PING]))
        answer = self.port.read(1 + DIGEST_BYTES)
        if answer[0] != PING:
            raise LinkError(f"{self.port.name}: not a board of this kind, it answered {answer.hex()}")
        if answer[1:] != bytes.fromhex(self.digest)[:DIGEST_BYTES]:
            raise LinkError(f"{self.port.name}: the board holds the case {answer[1:].hex()}, not {self.digest[:16]}")

    def play(self, stream: str, payloads: list[int]) -> Iterator[int]:
        """Send beats to a stream, as many at once as the board can hold; gives the results, 0 where there are none."""
        command, size = COMMANDS[stream], self.bytes[stream]
        result = self.bytes["o"] if stream == "i" else 0
        window = max(1, QUEUE_BYTES // (1 + size))
        frames = [bytes([command]) + payload.to_bytes(size, "little") for payload in payloads]
        self.port.write(b"".join(frames[:window]))
        for index in range(len(frames)):
            answer = self.port.read(1 + result)
            if answer[0] != command:
                raise LinkError(f"{self.port.name}: beat {index}: not an answer to it: {answer.hex()}")
            self.port.write(b"".join(frames[index + window:index + window + 1]))
            yield int.from_bytes(answer[1:], "little") & ((1 << self.bits["o"]) - 1)


def read_vectors(name: str) -> list[int]:
    """The payloads of a vector file of the case."""
    return [int(line, 16) for line in (CASE / "vectors" / name).read_text(encoding="ascii").split()]


def progress(text: str, done: int, total: int) -> None:
    """A line that counts, on a terminal; elsewhere the last of it."""
    last = done == total
    if last or (sys.stdout.isatty() and done % 16 == 0):
        print(f"{text}: {done} of {total}", end="\n" if last else "\r", flush=True)


def load(board: Board, name: str) -> None:
    """Load the weights of a vector file."""
    weights = read_vectors(name)
    for index, _ in enumerate(board.play("w", weights)):
        progress(f"{name} loaded", index + 1, len(weights))


def compare(board: Board, expected_name: str) -> tuple[int, int]:
    """Play the inputs; returns how many there are and how many results are wrong, and prints the first of those."""
    inputs, expected = read_vectors("input.hex"), read_vectors(expected_name)
    if len(inputs) != len(expected):
        raise LinkError(f"{len(inputs)} lines in input.hex, but {len(expected)} in {expected_name}")
    digits = (board.bits["o"] + 3) // 4
    mismatches = 0
    for index, got in enumerate(board.play("i", inputs)):
        if got != expected[index]:
            mismatches += 1
            if mismatches <= SHOWN:
                print(f"{expected_name}, beat {index}: input {inputs[index]:x}, "
                      f"expected {expected[index]:0{digits}x}, got {got:0{digits}x}")
        progress(f"input.hex against {expected_name}", index + 1, len(inputs))
    return len(inputs), mismatches


def run(board: Board) -> tuple[int, int]:
    """Everything in the case: its weights, if it loads any, then the other weights, each with all inputs."""
    counts = []
    board.connect()
    print(f"The board holds this case ({board.digest[:16]})")
    names = sorted(path.name for path in (CASE / "vectors").glob("expected*.hex"))
    for name in names:
        if "w" in board.bits:
            load(board, name.replace("expected", "weights"))
        counts.append(compare(board, name))
    return sum(count for count, _ in counts), sum(wrong for _, wrong in counts)


def seconds(text: str) -> float:
    """An argparse type."""
    value = float(text)
    if not 0 < value <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"must be more than 0 and at most {LONGEST_SECONDS}, got {text!r}")
    return value


def main() -> int:
    """Say PASS or FAIL."""
    parser = argparse.ArgumentParser(description="Plays the vectors of a case through the board.")
    parser.add_argument("--port", required=True, help="serial port of the board, such as /dev/ttyUSB1")
    parser.add_argument("--timeout", type=seconds, default=2.0,
                        help="seconds without an answer until it gives up (default: 2)")
    arguments = parser.parse_args()
    try:
        manifest = json.loads((CASE / "case.json").read_text(encoding="utf-8"))
        results, mismatches = run(Board(Port(arguments.port, arguments.timeout), manifest))
    except (LinkError, OSError, ValueError) as error:
        print(f"{Path(__file__).name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{Path(__file__).name}: interrupted", file=sys.stderr)
        return 130
    print(f"FAIL {mismatches} of {results} results" if mismatches else f"PASS {results} results")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
