# amaranth: UnusedElaboratable=no
"""The board's side of the link: answers, order, and what its queue holds while the unit stalls."""

from amaranth.hdl import Module
from amaranth.sim import Simulator

from quadcim.boards.vcu128.host import DIGEST_BYTES, QUEUE_BYTES
from quadcim.boards.vcu128.link import Link
from quadcim.boards.vcu128.uart import UartReceiver, UartTransmitter

_DIVISOR = 4
_DIGEST = bytes(range(0x11, 0x99, 0x11))


class _Bench:
    """A link whose other end is a serial port of its own, and a unit that is played by the test."""

    def __init__(self, *, inputs: dict[str, int], output: int):
        self.m = Module()
        self.m.submodules.link = self.link = Link(inputs=inputs, output=output, divisor=_DIVISOR)
        self.m.submodules.sender = self.sender = UartTransmitter(divisor=_DIVISOR)
        self.m.submodules.receiver = receiver = UartReceiver(divisor=_DIVISOR)
        digest = int.from_bytes(_DIGEST, "little")
        self.m.d.comb += [self.link.rx.eq(self.sender.pin), receiver.pin.eq(self.link.tx), self.link.digest.eq(digest)]
        self._receiver = receiver
        self.answers = bytearray()

    async def send(self, ctx, data: bytes) -> None:
        for byte in data:
            ctx.set(self.sender.i.payload, byte)
            ctx.set(self.sender.i.valid, 1)
            await ctx.tick().until(self.sender.i.ready)
        ctx.set(self.sender.i.valid, 0)

    async def quiet(self, ctx, count: int = 4) -> None:
        """Wait for as long as some bytes take."""
        await ctx.tick().repeat(11 * _DIVISOR * count)

    def run(self, scenario) -> None:
        async def collect(ctx):
            async for _clk, _rst, valid, payload in ctx.tick().sample(self._receiver.o.valid, self._receiver.o.payload):
                if valid:
                    self.answers.append(payload)

        simulator = Simulator(self.m)
        simulator.add_clock(1e-8)
        simulator.add_testbench(scenario)
        simulator.add_testbench(collect, background=True)
        simulator.run()


def test_ping_has_the_digest_and_other_bytes_have_no_answer():
    bench = _Bench(inputs={"i": 2}, output=1)

    async def scenario(ctx):
        await bench.send(ctx, b"\0?WP")  # this unit takes no weights
        await bench.quiet(ctx, 12)
        assert ctx.get(bench.link.waiting) == 0

    bench.run(scenario)
    assert len(_DIGEST) == DIGEST_BYTES
    assert bench.answers == b"P" + _DIGEST


def test_payloads_arrive_whole_and_results_return_with_their_command():
    """The streams differ in their widths; what waits for the unit is not taken back."""
    bench = _Bench(inputs={"i": 3, "w": 11}, output=5)
    weights, beat, result = bytes(range(1, 12)), b"\xab\xcd\xef", b"\x01\x02\x03\x04\x85"

    async def scenario(ctx):
        link = bench.link
        for data, target in ((b"W" + weights, link.w), (b"B" + beat, link.i)):
            assert ctx.get(link.waiting) == 0
            await bench.send(ctx, data)
            await bench.quiet(ctx)
            for _ in range(3):
                assert (ctx.get(link.waiting), ctx.get(target.valid)) == (1, 1)
                assert ctx.get(target.payload) == int.from_bytes(data[1:], "little")
                await ctx.tick()
            ctx.set(target.ready, 1)
            await ctx.tick()
            assert ctx.get(target.valid) == 0
            ctx.set(target.ready, 0)
            await bench.quiet(ctx)
        assert bench.answers == b"W"
        assert ctx.get(link.o.ready) == 1
        ctx.set(link.o.payload, int.from_bytes(result, "little"))
        ctx.set(link.o.valid, 1)
        await ctx.tick()
        assert ctx.get(link.o.ready) == 0
        ctx.set(link.o.valid, 0)
        await bench.quiet(ctx, 8)

    bench.run(scenario)
    assert bench.answers == b"W" + b"B" + result


def test_the_queue_holds_what_the_host_may_send():
    """While the unit holds up the first frame, as many bytes as the queue has wait behind it, and the next is lost."""
    bench = _Bench(inputs={"i": 1}, output=1)
    numbers = [37 * number & 0xFF for number in range(QUEUE_BYTES // 2)]  # every bit of a byte changes

    async def scenario(ctx):
        link = bench.link
        await bench.send(ctx, b"B\0" + b"".join(b"B%c" % number for number in numbers) + b"P")
        await bench.quiet(ctx)
        ctx.set(link.i.ready, 1)
        await bench.quiet(ctx, 2 * (len(numbers) + 4))

    bench.m.d.comb += [bench.link.o.valid.eq(1), bench.link.o.payload.eq(~bench.link.i.payload)]
    bench.run(scenario)
    assert bench.answers == b"B\xff" + b"".join(b"B%c" % (number ^ 0xFF) for number in numbers)
