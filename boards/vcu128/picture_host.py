"""Has the board render, shows the picture as it arrives, and writes it to a file.

Usage, on Linux, with the standard library of Python 3.9 or newer alone:

    python3 <this file> --port /dev/ttyUSB1 --out picture.png

The case is the directory above that of this file. Of 3 channels the picture is red, green and blue, of another number
the first one, grey; formats other than 8 bits are scaled. Further axes lie below one another. A terminal shows the
picture with a character for two pixels. Exit code 0: the checksum is right. 1: it is not. 2: no answer, the board holds
another case, or wrong use. 130: interrupted.
"""

import argparse
import json
import math
import shutil
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from quadcim.boards.vcu128.host import CASE, DIGEST_BYTES, LinkError, Port, seconds

MAGIC = b"QPIX"
ALL = ord("R")                      # asks for everything
PART = ord("C")                     # asks for a region, whose command follows
CHECKSUM_BYTES = 4

MOST_SEARCHED = 1 << 16             # bytes before the header, which the board has sent to another host
SETTLING_SECONDS = 0.1              # after so long, what the board began before has been received
PNG, COLOURS = ".png", 3


class ChecksumError(LinkError):
    """What came is not what the board has sent."""


class Source(Protocol):
    """What bytes come from."""

    name: str

    def read(self, count: int) -> bytes:
        """Exactly so many bytes."""
        ...


class Recording:
    """What a port has received, in a file."""

    def __init__(self, name: str, file: BinaryIO):
        self.name, self.file = name, file

    def read(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        data = self.file.read(count)
        if len(data) < count:
            raise LinkError(f"{self.name}: it ends too early ({len(data)} of {count} bytes are there)")
        return data


class Case:
    """What the manifest says of the case."""

    def __init__(self, manifest: dict):
        self.digest = bytes.fromhex(manifest["digest"])[:DIGEST_BYTES]
        layouts = {port["name"]: port["layout"] for port in manifest["ports"] if "layout" in port}
        self.command = layouts["i__payload"]
        (self.channel,) = layouts["o__payload"]
        self.axes = self.command[-1]["count"]
        self.command_bytes = (self.command[-1]["offset"] + self.axes * self.command[-1]["width"] + 7) // 8

    def region(self, text: str) -> bytes:
        """The payload of the command for a region: of each coordinate START:STEP:LAST, raw integers."""
        values = [[int(word) for word in axis.split(":")] for axis in text.split(",")]
        if [len(axis) for axis in values] != [len(self.command)] * self.axes:
            raise LinkError(f"--region must be START:STEP:LAST for each of {self.axes} coordinates, got {text!r}")
        payload = 0
        for part, field in enumerate(self.command):
            for place, axis in enumerate(values):
                raw, most = axis[part], (1 << field["width"]) - 1
                if not 0 <= raw - lowest(field) <= most:
                    raise LinkError(f"--region: a {field['name']} must be one of {field['format']}, got {raw}")
                payload |= (raw & most) << field["offset"] + place * field["width"]
        return payload.to_bytes(self.command_bytes, "little")


def lowest(field: dict) -> int:
    """The least raw integer of a field's format."""
    return -1 << field["width"] - 1 if field["format"].startswith("S") else 0


class Samples:
    """An answer of the board: its header, then its samples, row by row."""

    def __init__(self, source: Source, case: Case):
        self.source, self.channel = source, case.channel
        find_header(source, case.digest)
        self.size, self.channels, axes = struct.unpack("<BHB", source.read(4))
        if (self.channels, axes) != (case.channel["count"], case.axes):
            raise LinkError(f"{source.name}: {self.channels} channels and {axes} axes are not those of the case")
        self.shape = [last + 1 for last in struct.unpack(f"<{axes}H", source.read(2 * axes))]
        self.width, self.rows = self.shape[0], math.prod(self.shape[1:])

    def __iter__(self) -> Iterator[bytes]:
        """The bytes of each row; an error at the end, if the checksum is wrong."""
        crc = 0
        for _ in range(self.rows):
            row = self.source.read(self.width * self.channels * self.size)
            crc = zlib.crc32(row, crc)
            yield row
        sent = int.from_bytes(self.source.read(CHECKSUM_BYTES), "little")
        if sent != crc:
            raise ChecksumError(f"{self.source.name}: the checksum is {crc:08x}, but the board has sent {sent:08x}")

    @property
    def colours(self) -> int:
        """Of a pixel: 1 or 3."""
        return COLOURS if self.channels == COLOURS else 1

    def pixels(self, row: bytes) -> bytes:
        """The pixels of a row, a byte a colour."""
        low, steps = lowest(self.channel), (1 << self.channel["width"]) - 1
        places = range(0, len(row), self.size)
        raws = [int.from_bytes(row[place:place + self.size], "little", signed=low < 0) for place in places]
        shades = bytes((raw - low) * 255 // steps for raw in raws)
        return shades if self.colours == COLOURS else shades[::self.channels]


def find_header(source: Source, digest: bytes) -> None:
    """Skip what the board was at before it answers."""
    wanted, seen = MAGIC + digest, b""
    try:
        while not seen.endswith(wanted):
            if len(seen) == MOST_SEARCHED:
                raise LinkError(f"{source.name}: no answer of such a board in {MOST_SEARCHED} bytes")
            seen += source.read(1)
    except LinkError:
        found = seen.find(MAGIC)
        other = seen[found + len(MAGIC):found + len(wanted)]
        if found < 0 or len(other) < DIGEST_BYTES:
            raise
        raise LinkError(f"{source.name}: the board holds the case {other.hex()}, not {digest.hex()}") from None


class Screen:
    """Shows rows of pixels as they come, two in a line of characters, and as many as there are columns."""

    def __init__(self, width: int, colours: int):
        self.step, self.colours = math.ceil(width / shutil.get_terminal_size().columns), colours
        self.count, self.upper = 0, b""

    def add(self, row: bytes) -> None:
        """Show another row."""
        if self.count % self.step == 0:
            if self.upper:
                self._print(self.upper, row)
            self.upper = b"" if self.upper else row
        self.count += 1

    def finish(self) -> None:
        """Show the last row if it is alone."""
        if self.upper:
            self._print(self.upper, b"")

    def _print(self, upper: bytes, lower: bytes) -> None:
        cells = []
        for place in range(0, len(upper), self.step * self.colours):
            cells.append(f"\033[38;2;{self._colour(upper, place)}m")
            if lower:
                cells.append(f"\033[48;2;{self._colour(lower, place)}m")
            cells.append("\u2580")
        print(f"{''.join(cells)}\033[0m", flush=True)

    def _colour(self, row: bytes, place: int) -> str:
        pixel = row[place:place + self.colours]
        return ";".join(map(str, pixel if self.colours == COLOURS else pixel * COLOURS))


def png(rows: list[bytes], width: int, colours: int) -> bytes:
    """A picture as a PNG."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2 if colours == COLOURS else 0, 0, 0, 0)
    lines = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def receive(samples: Samples, out: Path) -> str:
    """Show an answer as it comes, and write it; returns what it was."""
    screen = Screen(samples.width, samples.colours) if sys.stdout.isatty() else None
    rows, pictured = [], out.suffix.lower() == PNG
    for row in samples:
        pixels = samples.pixels(row)
        rows.append(pixels if pictured else row)
        if screen:
            screen.add(pixels)
    if screen:
        screen.finish()
    out.write_bytes(png(rows, samples.width, samples.colours) if pictured else b"".join(rows))
    return f"PASS {' x '.join(map(str, samples.shape))} samples, {out}"


def ask(port: Port, case: Case, region: str) -> None:
    """Ask for everything or for a region; what another host has left half sent is ended before."""
    import termios

    request = bytes([PART]) + case.region(region) if region else bytes([ALL])
    port.write(bytes(case.command_bytes))
    # The beginning of an answer that is cut off would be taken for that of the right one.
    time.sleep(SETTLING_SECONDS)
    termios.tcflush(port.file, termios.TCIFLUSH)
    port.write(request)


def read_case() -> Case:
    """The case that this file belongs to."""
    try:
        return Case(json.loads((CASE / "case.json").read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError) as error:
        raise LinkError(f"case.json is no manifest of a case ({type(error).__name__}: {error})") from None


def run(arguments: argparse.Namespace) -> str:
    """Receive an answer; returns what it was."""
    case = read_case()
    if arguments.port is None:
        with sys.stdin.buffer if arguments.file == "-" else Path(arguments.file).open("rb") as file:
            return receive(Samples(Recording(arguments.file, file), case), arguments.out)
    port = Port(arguments.port, arguments.timeout)
    ask(port, case, arguments.region)
    return receive(Samples(port, case), arguments.out)


def main() -> int:
    """Say PASS or what is wrong."""
    parser = argparse.ArgumentParser(description="Has the board render, and shows the picture as it arrives.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", help="serial port of the board, such as /dev/ttyUSB1")
    where.add_argument("--file", help="in place of the board: what was received, or - for the standard input")
    parser.add_argument("--out", type=Path, default=Path("picture.png"),
                        help="a picture .png, or any other name for the samples' bytes (default: picture.png)")
    parser.add_argument("--region", metavar="START:STEP:LAST,...", default="",
                        help="a part: for each coordinate, the fastest first, where it starts, its step and the number "
                             "of its last value, raw integers; negative ones as in --region=-3:2:3,-3:2:3")
    parser.add_argument("--timeout", type=seconds, default=2.0,
                        help="seconds without an answer until it gives up (default: 2)")
    arguments = parser.parse_args()
    if arguments.region and arguments.file:
        parser.error("argument --region: a file is not asked")
    try:
        print(run(arguments))
    except (LinkError, OSError, ValueError) as error:
        print(f"{Path(__file__).name}: {error}", file=sys.stderr)
        return 1 if isinstance(error, ChecksumError) else 2
    except KeyboardInterrupt:
        print(f"{Path(__file__).name}: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
