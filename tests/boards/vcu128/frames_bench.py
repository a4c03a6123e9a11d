"""cocotb tests of the AXI4-Stream wrapper of a unit whose beats are frames; they run inside the simulator."""

import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge

_JOB = json.loads(Path(os.environ["QUADCIM_JOB"]).read_text())
_FRAMES, _INPUTS, _EXPECTED = _JOB["frames"], _JOB["inputs"], _JOB["expected"]
_CHECKED, _USER = _JOB["checked"], _JOB["user_bits"]


class _Bench:
    """Drives the input after the falling edge, looks at everything at the rising one."""

    def __init__(self, dut, name: str):
        self.dut, self.draw = dut, random.Random(f"{_JOB['seed']} {name}")
        self.error = False

    async def start(self) -> None:
        Clock(self.dut.aclk, 10, "ns").start()
        await self.reset()

    async def reset(self) -> None:
        self.dut.aresetn.value, self.dut.s_axis_tvalid.value, self.dut.m_axis_tready.value = 0, 0, 0
        for _ in range(self.draw.randint(1, 3)):
            await FallingEdge(self.dut.aclk)
        self.dut.aresetn.value = 1
        self.error = False

    def _beats(self, wrong: float) -> list[tuple[int, int, bool, int]]:
        """Of each beat in: payload, TLAST, whether that is wrong, and TUSER, which counts with first ones only."""
        beats, at = [], 0
        for into, _out, _interval in _FRAMES:
            for place in range(into):
                lies = self.draw.random() < wrong
                last = (place == into - 1) != lies
                beats.append((_INPUTS[at], int(last), lies, self.draw.getrandbits(max(_USER, 1))))
                at += 1
        return beats

    async def play(self, send: float, take: float, *, wrong: float = 0.0, stop_after: int | None = None) -> list[int]:
        """Play all frames, or up to some beats in; what has been seen of `frame_error` is checked in every cycle."""
        dut, beats, results = self.dut, self._beats(wrong), self._results()
        users, accepted, received, offered, held = self._users(beats), 0, 0, False, None
        goal = len(beats) if stop_after is None else stop_after
        taken_at: list[int] = []
        for cycle in range(1000 + 400 * len(beats)):
            if accepted >= goal and (stop_after is not None or received == len(results)):
                return taken_at
            offered = accepted < len(beats) and (offered or self.draw.random() < send)
            taking = self.draw.random() < take
            payload, last, _lies, user = beats[accepted] if offered else (
                self.draw.getrandbits(8), self.draw.getrandbits(1), False, self.draw.getrandbits(max(_USER, 1)))
            dut.s_axis_tvalid.value, dut.s_axis_tdata.value, dut.s_axis_tlast.value = int(offered), payload, last
            if _USER:
                dut.s_axis_tuser.value = user
            dut.m_axis_tready.value = int(taking)
            await ReadOnly()
            valid = bool(dut.m_axis_tvalid.value)
            seen = (int(dut.m_axis_tdata.value), int(dut.m_axis_tlast.value),
                    int(dut.m_axis_tuser.value) if _USER else 0) if valid else None
            assert held in (None, seen), "a result changed while it was stalled"
            held = seen if valid and not taking else None
            if seen and taking:
                frame, value, ends = results[received]
                assert seen == (value, ends, users[frame] if _USER else 0), f"result {received} is {seen}"
                received += 1
            if offered and bool(dut.s_axis_tready.value):
                taken_at.append(cycle)
                accepted, offered = accepted + 1, False
            if _CHECKED and received == len(results):
                self.error = self.error or any(lies for _payload, _last, lies, _user in beats)
                assert bool(dut.frame_error.value) == self.error, "frame_error"
            elif _CHECKED and not wrong:
                assert bool(dut.frame_error.value) == self.error, "frame_error in mid-stream"
            await RisingEdge(dut.aclk)
            await FallingEdge(dut.aclk)
        raise AssertionError(f"no progress: {accepted} beats in, {received} results")

    @staticmethod
    def _results() -> list[tuple[int, int, int]]:
        """Of each result: its frame, its value, and whether it is the frame's last."""
        places = [(frame, place == out - 1) for frame, (_into, out, _interval) in enumerate(_FRAMES)
                  for place in range(out)]
        return [(frame, value, int(last)) for (frame, last), value in zip(places, _EXPECTED, strict=True)]

    @staticmethod
    def _users(beats) -> list[int]:
        """TUSER of each frame's first beat."""
        users, at = [], 0
        for into, _out, _interval in _FRAMES:
            users.append(beats[at][3])
            at += into
        return users


@cocotb.test()
async def frames_under_stalls(dut):
    bench = _Bench(dut, "stalls")
    await bench.start()
    for send, take in ((1, 1), (0.5, 0.5), (0.9, 0.15), (0.15, 0.9)):
        await bench.play(send, take)


@cocotb.test()
async def full_rate(dut):
    """Frames back to back are taken as fast as the unit takes them."""
    bench = _Bench(dut, "rate")
    await bench.start()
    taken_at = await bench.play(1, 1)
    # The slice before the unit takes two beats more.
    assert taken_at[-1] - taken_at[0] <= sum(interval for _into, _out, interval in _FRAMES)


@cocotb.test()
async def resets_inside_frames(dut):
    """Nothing of a frame that was torn is left; TLAST in step again."""
    bench = _Bench(dut, "resets")
    await bench.start()
    for send, take in ((1, 1), (1, 0.2), (0.3, 1), (0.6, 0.6)) * 3:
        await bench.play(send, take, stop_after=bench.draw.randint(1, 40))
        await bench.reset()
    await bench.play(0.7, 0.7)


@cocotb.test(skip=not _CHECKED)
async def a_wrong_tlast_is_kept_as_an_error(dut):
    """Frames count by their beats; the error stays until a reset."""
    bench = _Bench(dut, "wrong")
    await bench.start()
    await bench.play(0.8, 0.8)
    await bench.play(0.8, 0.8, wrong=0.05)
    assert bench.error
    await bench.play(0.8, 0.8)
    await bench.reset()
    await bench.play(0.8, 0.8)
