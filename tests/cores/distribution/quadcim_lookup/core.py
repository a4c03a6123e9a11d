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
from quadcim.spec.timing import Timing
from quadcim_lookup.spec import BITS, ROWS, Lookup, LookupIntegers

_BYTE = Field("value", 0, Format(False, BITS, 0))


class Stimulus:
    def __init__(self, integers):
        self._entries = integers.entries

    def inputs(self):
        return list(range(ROWS))

    def random_inputs(self, count, seed):
        draw = random.Random(seed)
        return [draw.randrange(ROWS) for _ in range(count)]

    def expected(self, payloads):
        return [self._entries[payload] for payload in payloads]

    def keeps_promises(self):
        return True

    def writes(self):
        return []

    def reloaded(self):
        return {}

    def rewrites(self, seed=None):
        return []


class LookupCore(Core):
    name = "lookup"
    help = "a table in a block RAM"
    spec_class = Lookup
    points = PointSettings({"factor": WHOLE, "technology": WORD, **HARDWARE}, {"technology": "generic"},
                           lambda settings: Lookup(settings["factor"], settings.get("technology", "generic")))

    @property
    def presets(self):
        return {"lookup-3": Lookup(3)}

    def summary(self, spec):
        return f"{spec.factor} x + 1"

    def read(self, spec, integers):
        return Lookup(**spec), LookupIntegers(tuple(integers))

    def usual_integers(self, spec):
        return LookupIntegers(tuple((spec.factor * x + 1) % ROWS for x in range(ROWS)))

    def interface(self, spec, integers):
        if integers != self.usual_integers(spec):
            raise IllegalSetting("integers", f"those of {spec.name}", "others")
        return Interface({"i": (_BYTE,), "o": (_BYTE,)}, Timing(2, 1, 2), elastic=True, clocked=True)

    def plan(self, spec, integers):
        if spec.stages != 2:
            raise IllegalSetting("stages", "2", spec.stages)
        return StagePlan((Step("read", 500, BITS), Step("hold", 100, BITS)), (0, 1))

    def stages_for_clock(self, spec, integers, clock_mhz):
        return 2

    def closest_stages_to_clock(self, spec, integers, clock_mhz):
        return 2, clock_mhz

    def component(self, spec, integers):
        from quadcim_lookup.unit import LookupUnit

        return LookupUnit(integers.entries)

    def stimulus(self, spec, integers, writes=()):
        return Stimulus(integers)

    def subject(self, spec, integers):
        stimulus = self.stimulus(spec, integers)
        about = Description(
            definition=f"y = ({spec.factor} x + 1) mod 256", header=("a table",), rows=(("input", "a byte"),),
            structure=(("table", "256 x 8 bits"),), technology=spec.technology, flow_control="elastic", picture="",
            vectors="all")
        return Subject(self.interface(spec, integers), self.plan(spec, integers), about,
                       lambda: self.component(spec, integers), stimulus,
                       lambda beats, _writes: stimulus.expected(beats))

    def traits(self, spec):
        return Traits(pipeline=True)

    @property
    def crosses(self):
        return [(("odd", "even"),)]

    def modes(self, spec):
        return {"odd" if spec.factor % 2 else "even"}

    def add_options(self, command):
        command.add_argument("--factor", type=int, default=3, metavar="N", help="what x is multiplied with")

    def from_options(self, options, report):
        spec = Lookup(options.factor)
        return spec, self.usual_integers(spec), options.clock_mhz if "clock_mhz" in options else 100.0

    def size(self, spec):
        return ROWS
