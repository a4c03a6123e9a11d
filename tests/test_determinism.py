"""Equal settings give equal bytes, whatever the process made before."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from quadcim.boards.targets import TARGETS
from quadcim.generate import generate_case
from quadcim.spec.canonical import digest
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import MACRO_PRESETS, PRESETS

_ALL = tuple(f"{preset}/{target}" for preset in [*PRESETS, *MACRO_PRESETS] for target in TARGETS)
# Whose operands came in another order after another case, and what they came after.
_FEW = ("cim-lutram/generic", "sine12-taylor/vcu128", "phi8/asic28")


def made(names: Iterable[str]) -> dict[str, str]:
    """For each preset and target, in this order, the digest of all files of its case, or why there is none."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            preset, target = name.split("/")
            out = Path(scratch, name)
            try:
                generate_case((PRESETS | MACRO_PRESETS)[preset], target=TARGETS[target], out=out)
                found[name] = digest({str(path.relative_to(out)): path.read_bytes().hex()
                                      for path in out.rglob("*") if path.is_file()})
            except IllegalSetting as error:
                found[name] = str(error)
    return found


def _check(one: Sequence[str], other: Sequence[str]) -> None:
    first, second = made(one), made(other)
    assert first == second
    for name in one:
        alone = subprocess.run([sys.executable, "-m", "tests.test_determinism", name], capture_output=True, text=True,
                               check=True)
        assert alone.stdout.strip() == first[name], name


def test_a_case_does_not_depend_on_those_before():
    _check(_FEW, _FEW[::-1])


@pytest.mark.long
def test_no_preset_depends_on_those_before(seed):
    draw = random.Random(seed)
    _check(*(draw.sample(_ALL, len(_ALL)) for _ in range(2)))


if __name__ == "__main__":
    print(made(sys.argv[1:])[sys.argv[1]])
