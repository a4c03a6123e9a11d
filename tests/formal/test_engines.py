"""Searches of small engines, seen from their ports: no pixel that is not its command's.

One runs always; the rest with ``--formal``.
"""

import pytest

from quadcim.spec.activation import Activation
from quadcim.spec.folding import Folding
from quadcim.spec.formats import Format
from quadcim.spec.inr import activation_formats
from quadcim.spec.inr_engine import InrEngine
from tests.formal.test_formal import prove_and_record
from tests.sim.test_bulk import spoiled


def _engine(sizes, foldings, stages, activation_stages):
    """With weights of as many bits as tell pixels apart."""
    return InrEngine(Format(True, 1, 1), sizes, Activation("quad", *activation_formats(2)), (5, 5),
                     tuple(map(Folding.parse, foldings)), stages, activation_stages)


_TINY = _engine((1, 2, 1), ("1x1", "1x1"), 0, 0)
_ENGINES = {"tiny": _TINY, "one unit": _engine((1, 1, 1), ("1x1", "1x1"), 0, 0),
            "parallel": _engine((1, 2, 1), ("2x1", "1x2"), 1, 1),
            "two axes": _engine((2, 2, 2), ("1x1", "1x1"), 1, 1)}


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[] if name == "tiny" else [pytest.mark.formal]) for name in _ENGINES])
def test_pixels_are_those_of_their_commands(name, make_case, record_property):
    engine = _ENGINES[name]
    prove_and_record(make_case(engine), "pixels", record_property, seconds=240,
                     outcome="bounded")


@pytest.mark.parametrize(("old", "new"), [
    (r"write_bank <= ~write_bank", "write_bank <= write_bank"),  # a vector over the one that is read
    (r"position_0 + step_0", "position_0 - step_0"),             # coordinates in another order
    (r"ending <= ", "ending <= ~"),                              # a command that goes on, or is cut off
])
def test_bugs_are_found(old, new, make_case, tmp_path):
    case = make_case(_TINY)
    broken = spoiled(case, tmp_path, old, new)
    assert broken.core.prove(broken, "pixels", seconds=120).verdict.outcome == "refuted"


def test_large_engines_have_no_search(make_case):
    engine = InrEngine(Format(True, 1, 8), (1, 2, 1), _TINY.activation, (5, 5), _TINY.foldings)
    case = make_case(engine)
    assert case.core.properties(case) == ()
