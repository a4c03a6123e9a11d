"""``quadcim prove``."""

import pytest

from quadcim.cli import main
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.presets import PRESETS
from tests.conftest import make_unit
from tests.sim.test_bulk import spoiled

_TINY = make_unit("SQ2.1", "SQ1.3", "nearest", 2, "elastic")


@pytest.mark.parametrize(("spec", "properties"), [(_TINY, ["stream", "value"]), (PRESETS["phi16"], ["stream"]),
                                                  (CimMacro(2, 1, 2), ["sum", "cells"])])
def test_all_properties_are_proved(spec, properties, make_case, capsys):
    assert main(["prove", str(make_case(spec).folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == properties
    assert all("proved, in every state that can be reached; searched from reset up to cycle" in line for line in lines)


def test_what_does_not_hold_is_refuted(make_case, tmp_path, capsys):
    case = spoiled(make_case(_TINY), tmp_path, "if (stage2_moves) o__payload", "if (1'h1) o__payload")
    assert main(["prove", "--property", "stream", str(case.folder)]) == 1
    assert capsys.readouterr().out.startswith("stream: REFUTED; in cycle ")


@pytest.mark.parametrize(("spec", "integers"), [
    (CimMacro(64, 8, 4), None), (CimMacro(2, 1, 2, adc=Adc(2, 2, 0, 3, 1), stages=3), None),
    (CimMacro(2, 1, 2, storage="constant"), CimIntegers(cells=((1,), (0,))))])
def test_of_others_nothing_can_be_proved(spec, integers, make_case, capsys):
    assert main(["prove", str(make_case(spec, integers=integers).folder)]) == 2
    assert "case must be one of which something can be proved" in capsys.readouterr().err


def test_wrong_use(make_case, capsys):
    folder = str(make_case(_TINY).folder)
    assert main(["prove", folder, "--property", "everything"]) == 2
    assert "--property must be of stream, value, got 'everything'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["prove", folder, "--seconds", "0"])
