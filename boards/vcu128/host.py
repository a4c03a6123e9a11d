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
LAST = ord("E")                     # in place of B, where frames are several beats: the last one of a frame

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

    def drain(self) -> int:
        """Drop what still comes; returns how many bytes that were."""
        count = 0
        while more := self._some(4096, QUIET_SECONDS):
            count += len(more)
        return count

    def _some(self, most: int, seconds: float) -> bytes:
        """Receive what there is, or nothing if nothing comes for so long."""
        if not select.select([self.file], [], [], seconds)[0]:
            return b""
        data = os.read(self.file, most)
        if not data:
            raise LinkError(f"{self.name}: it is gone")
        return data


class Case:
    """What the manifest says of the case, and its vectors."""

    def __init__(self, manifest: dict):
        self.digest = manifest["digest"]
        self.ports = {entry["name"][0]: entry for entry in manifest["ports"] if entry["name"].endswith("__payload")}
        self.bytes = {stream: (port["width"] + 7) // 8 for stream, port in self.ports.items()}
        self.counts = {"i": manifest["beats"], "w": manifest["writes"], "o": manifest["results"]}
        self.frames = self._frames() if "vectors/frames.hex" in manifest["files"] else None
        self.inputs = self._vectors("input.hex", "i")
        names = sorted(name[8:] for name in manifest["files"] if name.startswith("vectors/expected"))
        if not names or not self.inputs:
            raise LinkError("the case has no vectors")
        self.expected = {name: self._vectors(name, "o") for name in names}
        self.weights = {name: self._vectors(name.replace("expected", "weights"), "w") for name in names
                        if "w" in self.ports}

    def _vectors(self, name: str, stream: str) -> list[int]:
        """The payloads of a vector file."""
        payloads = [int(line, 16) for line in (CASE / "vectors" / name).read_text(encoding="ascii").split()]
        if len(payloads) != self.counts[stream]:
            raise LinkError(f"{name}: {len(payloads)} lines, but the manifest says {self.counts[stream]}")
        bits = self.ports[stream]["width"]
        if not all(0 <= payload < 1 << bits for payload in payloads):
            raise LinkError(f"{name}: not numbers of {bits} bits")
        return payloads

    def _frames(self) -> list[tuple[int, int]]:
        """Beats in and out of each frame."""
        lines = (CASE / "vectors" / "frames.hex").read_text(encoding="ascii").split()
        frames = [(int(line[:8], 16), int(line[8:16], 16)) for line in lines]
        for stream, beats in (("i", sum(into for into, _out in frames)), ("o", sum(out for _into, out in frames))):
            if beats != self.counts[stream]:
                raise LinkError(f"frames.hex: {beats} beats of {stream}, but the manifest says {self.counts[stream]}")
        return frames

    def result(self, payload: int) -> int:
        """A result as the board sends it, in whole bytes: a signed number is extended."""
        width, size = self.ports["o"]["width"], 8 * self.bytes["o"]
        negative = self.ports["o"].get("format", "").startswith("S") and payload >> (width - 1)
        return payload | (((1 << size) - 1) >> width << width if negative else 0)


class Board:
    """The board's side of the link, as README.md beside this file describes it."""

    def __init__(self, port: Port, case: Case):
        self.port, self.digest, self.bytes, self.frames = port, case.digest, case.bytes, case.frames

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
        """Send beats to a stream, as many at once as the board can hold; gives the results, 0 for a beat of weights."""
        size, window = self.bytes[stream], max(1, QUEUE_BYTES // (1 + self.bytes[stream]))
        asked = self._asked(stream, len(payloads))
        sent = [bytes([asked[index][0]]) + payload.to_bytes(size, "little") for index, payload in enumerate(payloads)]
        self.port.write(b"".join(sent[:window]))
        for index, (_command, answers) in enumerate(asked):
            for command, result in answers:
                answer = self.port.read(1 + result)
                if answer[0] != command:
                    raise LinkError(f"{self.port.name}: beat {index}: not an answer to it: {answer.hex()}")
                if result or stream != "i":
                    yield int.from_bytes(answer[1:], "little")
            self.port.write(b"".join(sent[index + window:index + window + 1]))

    def _asked(self, stream: str, count: int) -> list[tuple[int, list[tuple[int, int]]]]:
        """For each beat of a stream its command, and the commands of its answers with the bytes of their results."""
        command, result = COMMANDS[stream], self.bytes["o"] if stream == "i" else 0
        if stream != "i" or self.frames is None:
            return [(command, [(command, result)])] * count
        asked: list[tuple[int, list[tuple[int, int]]]] = []
        for into, out in self.frames:
            asked += [(command, [(command, 0)])] * (into - 1)
            asked += [(LAST, [(command, result)] * (out - 1) + [(LAST, result)])]
        return asked

    def finish(self) -> None:
        """See that no answer comes that nobody waits for."""
        if more := self.port.drain():
            raise LinkError(f"{self.port.name}: {more} bytes more than were asked for")


def progress(text: str, done: int, total: int) -> None:
    """A line that counts, on a terminal; elsewhere the last of it."""
    last = done == total
    if last or (sys.stdout.isatty() and done % 16 == 0):
        print(f"{text}: {done} of {total}", end="\n" if last else "\r", flush=True)


def load(board: Board, name: str, weights: list[int]) -> None:
    """Load weights."""
    for index, _ in enumerate(board.play("w", weights)):
        progress(f"{name} loaded", index + 1, len(weights))


def compare(board: Board, case: Case, name: str) -> int:
    """Play the inputs; returns how many results are wrong, and prints the first of those."""
    mismatches, digits = 0, 2 * case.bytes["o"]
    for index, got in enumerate(board.play("i", case.inputs)):
        expected = case.result(case.expected[name][index])
        if got != expected:
            mismatches += 1
            if mismatches <= SHOWN:
                given = "" if case.frames else f"input {case.inputs[index]:x}, "
                print(f"{name}, beat {index}: {given}expected {expected:0{digits}x}, got {got:0{digits}x}")
        progress(f"input.hex against {name}", index + 1, len(case.expected[name]))
    return mismatches


def run(board: Board, case: Case) -> tuple[int, int]:
    """Everything in the case: its weights, if it loads any, then the other weights, each with all inputs."""
    board.connect()
    print(f"The board holds this case ({board.digest[:16]})")
    mismatches = 0
    for name in case.expected:
        if name in case.weights:
            load(board, name.replace("expected", "weights"), case.weights[name])
        mismatches += compare(board, case, name)
    board.finish()
    return sum(map(len, case.expected.values())), mismatches


def read_case() -> Case:
    """The case that this file belongs to."""
    try:
        return Case(json.loads((CASE / "case.json").read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError) as error:
        raise LinkError(f"case.json is no manifest of a case ({type(error).__name__}: {error})") from None


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
        case = read_case()
        results, mismatches = run(Board(Port(arguments.port, arguments.timeout), case), case)
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
