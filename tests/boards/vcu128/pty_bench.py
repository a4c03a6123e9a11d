"""A board's design whose serial port is a pseudo-terminal, on which the host's script runs; inside the simulator."""

import json
import os
import pty
import subprocess
import sys
import tty
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

_JOB = json.loads(Path(os.environ["QUADCIM_JOB"]).read_text())
_BIT_NS = 10 * _JOB["divisor"]


async def _to_board(dut, terminal: int) -> None:
    """Play what the host writes onto the line."""
    while True:
        try:
            data = os.read(terminal, 1)
        except BlockingIOError:
            await Timer(10 * _BIT_NS, "ns")
            continue
        for bit in (0, *(data[0] >> place & 1 for place in range(8)), 1):
            dut.uart_0__rx__io.value = bit
            await Timer(_BIT_NS, "ns")


async def _to_host(dut, terminal: int) -> None:
    """Hand what the board sends to the host."""
    while True:
        await FallingEdge(dut.uart_0__tx__io)
        await Timer(_BIT_NS // 2, "ns")
        byte = 0
        for place in range(8):
            await Timer(_BIT_NS, "ns")
            byte |= int(dut.uart_0__tx__io.value) << place
        await Timer(_BIT_NS, "ns")
        assert int(dut.uart_0__tx__io.value), "no stop bit"
        os.write(terminal, bytes([byte]))


@cocotb.test()
async def hosts_run_one_after_the_other(dut):
    """Each run of the script gets the terminal in the state in which the one before has left it."""
    # Our copy of the host's end stays open: reading the other one would fail while nobody has it open.
    terminal, host_end = pty.openpty()
    tty.setraw(host_end)
    os.set_blocking(terminal, False)
    dut.uart_0__rx__io.value = 1
    dut.cpu_reset_0__io.value = 0
    dut.clk100_0__n.value = 0
    Clock(dut.clk100_0__p, 10, "ns").start()
    await Timer(200, "ns")
    for task in (_to_board(dut, terminal), _to_host(dut, terminal)):
        cocotb.start_soon(task)
    for run in _JOB["runs"]:
        os.write(host_end, bytes.fromhex(run["left_behind"]))
        command = [sys.executable, "-W", "error", run["script"], "--port", os.ttyname(host_end), *run["arguments"]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as host:
            while host.poll() is None:
                await Timer(20 * _BIT_NS, "ns")
            assert host.stdout is not None
            said = host.stdout.read()
        if "complaint" in run:
            assert run["complaint"] in said
        else:
            assert said.splitlines() == run["said"]
        assert host.returncode == run["code"]
