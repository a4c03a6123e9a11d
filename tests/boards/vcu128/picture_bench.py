"""A design that renders, with a receiver at its serial port; inside the simulator."""

import json
import os
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer, with_timeout

_JOB = json.loads(Path(os.environ["QUADCIM_JOB"]).read_text())
_BIT_PS = round(_JOB["bit_ns"] * 1000)


class _Bench:
    """The board around the FPGA: its clock, its button and a serial port."""

    def __init__(self, dut):
        self.dut, self.received = dut, bytearray()
        dut.uart_0__rx__io.value, dut.cpu_reset_0__io.value, dut.clk100_0__n.value = 1, 0, 0
        self._clock = Clock(dut.clk100_0__p, 10, "ns")
        self._clock.start()
        self._listener = cocotb.start_soon(self._listen())

    async def _listen(self) -> None:
        while True:
            await FallingEdge(self.dut.uart_0__tx__io)
            await Timer(_BIT_PS // 2, "ps")
            byte = 0
            for place in range(8):
                await Timer(_BIT_PS, "ps")
                byte |= int(self.dut.uart_0__tx__io.value) << place
            await Timer(_BIT_PS, "ps")
            assert int(self.dut.uart_0__tx__io.value), "no stop bit"
            self.received.append(byte)

    def leds(self) -> tuple[int, ...]:
        """Renders, all sent, clock not locked."""
        return tuple(int(getattr(self.dut, f"led_{number}__io").value) for number in range(3))

    async def receive(self, count: int) -> bytes:
        """The next bytes."""
        for _ in range(40 * (count + 40)):
            if len(self.received) >= count:
                taken, self.received[:count] = bytes(self.received[:count]), b""
                return taken
            await Timer(_BIT_PS, "ps")
        raise AssertionError(f"{len(self.received)} of {count} bytes came, LEDs {self.leds()}")

    async def send(self, data: bytes) -> None:
        """Ask the board."""
        for byte in data:
            for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
                self.dut.uart_0__rx__io.value = bit
                await Timer(_BIT_PS, "ps")

    async def answer(self, expected: bytes) -> None:
        """An answer, and nothing behind it; what was on its way before a request may come before it."""
        start = await self.receive(len(expected))
        skipped = start.rfind(expected[:12])
        assert skipped >= 0, start.hex()
        got = start[skipped:] + await self.receive(skipped)
        assert got == expected
        await Timer(40 * _BIT_PS, "ps")
        assert (not self.received, self.leds()) == (True, (0, 1, 0))
        Path("captured.bin").write_bytes(start[:skipped] + got)

    async def restart(self, *, by_clock: bool) -> None:
        """Press the button, or let the board's clock fail for a while, in the middle of a byte if there is one."""
        if self.leds()[0]:
            await FallingEdge(self.dut.uart_0__tx__io)
        self._listener.cancel()
        if by_clock:
            self._clock.stop()
        self.dut.cpu_reset_0__io.value = int(not by_clock)
        await Timer(777, "ns")
        assert self.leds()[2]
        self.dut.cpu_reset_0__io.value = 0
        if by_clock:
            self._clock.start()
        self.received.clear()
        # The clock stands still meanwhile; a line on which a byte was cut off is high again as the design is reset.
        if not int(self.dut.uart_0__tx__io.value):
            await with_timeout(RisingEdge(self.dut.uart_0__tx__io), 10, "us")
        self._listener = cocotb.start_soon(self._listen())


@cocotb.test()
async def steps(dut):
    """What the job says, one after the other."""
    bench = _Bench(dut)
    for step, *words in _JOB["steps"]:
        if step == "answer":
            await bench.answer(bytes.fromhex(words[0]))
        elif step == "some":
            await bench.receive(words[0])
            assert bench.leds() == (1, 0, 0)
        elif step == "send":
            await bench.send(bytes.fromhex(words[0]))
        else:
            await bench.restart(by_clock=step == "clock fails")
