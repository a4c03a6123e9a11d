"""The kind: all that quadcim asks of it."""

import random

from quadcim.cores.core import Core, Subject
from quadcim.cores.interface import Interface
from quadcim.cores.settings import HARDWARE, WHOLE, WORD, PointSettings
from quadcim.sim.coverage import Traits
from quadcim.spec.description import Description
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.pipeline import StagePlan, Step
from quadcim.spec.ports import Field
from quadcim_peak.spec import BITS, MOST, ROWS, Peak, PeakIntegers

_BYTE = Field("value", 0, Format(False, BITS, 0))


class Stimulus:
    def __init__(self, spec, integers):
        self._entries, self.frames = integers.entries, spec.frames

    def inputs(self):
        return self.random_inputs(4 * ROWS, 0)

    def random_inputs(self, count, seed):
        draw = random.Random(seed)
        payloads = [draw.randrange(ROWS) for _ in range(count)]
        beats = sum(frame.beats_in for frame in self.frames(payloads))
        return payloads + [draw.randrange(ROWS) for _ in range(beats - count)]

    def expected(self, payloads):
        results, at = [], 0
        for frame in self.frames(payloads):
            results += [max(self._entries[x] for x in payloads[at:at + frame.beats_in])] * frame.beats_out
            at += frame.beats_in
        return results

    def keeps_promises(self):
        return True

    def writes(self):
        return []

    def reloaded(self):
        return {}

    def rewrites(self, seed=None):
        return []


class PeakCore(Core):
    name = "peak"
    help = "the maximum of a frame's table entries"
    spec_class = Peak
    points = PointSettings({"beats": WHOLE, "technology": WORD, **HARDWARE}, {"technology": "generic"},
                           lambda settings: Peak(settings["beats"], settings.get("technology", "generic")))

    @property
    def presets(self):
        return {"peak-4": Peak(4), "peak-open": Peak(0)}

    def summary(self, spec):
        return f"maximum of {spec.beats or 'some'} beats"

    def read(self, spec, integers):
        return Peak(**spec), PeakIntegers(tuple(integers))

    def usual_integers(self, spec):
        return PeakIntegers(tuple((167 * x + 13) % ROWS for x in range(ROWS)))

    def interface(self, spec, integers):
        if integers != self.usual_integers(spec):
            raise IllegalSetting("integers", f"those of {spec.name}", "others")
        return Interface({"i": (_BYTE,), "o": (_BYTE,)}, spec.timing, elastic=True, clocked=True)

    def plan(self, spec, integers):
        if not 0 <= spec.beats <= MOST:
            raise IllegalSetting("beats", f"0 to {MOST}", spec.beats)
        steps = (Step("look up", 500, BITS), Step("compare", 100, BITS), Step("hold", 100, BITS))
        return StagePlan(steps, (0, 1, 2))

    def stages_for_clock(self, spec, integers, clock_mhz):
        return spec.stages

    def closest_stages_to_clock(self, spec, integers, clock_mhz):
        return spec.stages, clock_mhz

    def component(self, spec, integers):
        from quadcim_peak.unit import PeakUnit

        return PeakUnit(integers.entries, spec.beats)

    def stimulus(self, spec, integers, writes=()):
        return Stimulus(spec, integers)

    def subject(self, spec, integers):
        stimulus = self.stimulus(spec, integers)
        about = Description(
            definition="y = max over a frame of table[x]", header=("a table",), rows=(("input", "a byte"),),
            structure=(("table", "256 x 8 bits"),), technology=spec.technology, flow_control="elastic", picture="",
            vectors="random frames")
        return Subject(self.interface(spec, integers), self.plan(spec, integers), about,
                       lambda: self.component(spec, integers), stimulus,
                       lambda beats, _writes: stimulus.expected(beats))

    def traits(self, spec):
        return Traits()

    @property
    def crosses(self):
        return [(("fixed", "open"),)]

    def modes(self, spec):
        return {"fixed" if spec.beats else "open"}

    def add_options(self, command):
        command.add_argument("--beats", type=int, default=4, metavar="N", help="of a frame; 0: as its first beat says")

    def from_options(self, options, report):
        spec = Peak(options.beats)
        return spec, self.usual_integers(spec), options.clock_mhz if "clock_mhz" in options else 100.0

    def size(self, spec):
        return ROWS
