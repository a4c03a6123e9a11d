"""Whatever a file holds that somebody hands in: a result, or one line; no traceback, no hang, and no command is run."""

import argparse
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from quadcim.cli import command_line
from quadcim.spec.errors import IllegalSetting
from tests.fuzz.harness import run
from tests.fuzz.readers import READERS, STOPS, make_material

pytestmark = pytest.mark.shared_seeds

_FEW, _MANY = 20, 1000


def _stop(*_arguments: object, **_settings: object) -> None:
    raise IllegalSetting("stop", "here", "enough")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("material")
    make_material(folder)
    return folder


@pytest.fixture
def stopped(material, monkeypatch):
    """Commands end after they have read, and checkpoints have a command that reads them."""
    from quadcim.models.inr.checkpoint import load_frozen, load_network

    for name in STOPS:
        monkeypatch.setattr(name, _stop)
    loaders = {"load-network": load_network, "load-frozen": load_frozen}
    make_parser = command_line._parser

    def parser():
        made = make_parser()
        commands = next(action for action in made._actions if isinstance(action, argparse._SubParsersAction))
        for name, load in loaders.items():
            command = commands.add_parser(name)
            command.add_argument("file", type=Path)
            command.set_defaults(run=lambda options, load=load: load(options.file) and 0)
        return made

    monkeypatch.setattr(command_line, "_parser", parser)


def _try(reader: str, numbers: Sequence[int], seed: int, folder: Path, material: Path) -> list[str]:
    """What went wrong, for each file."""
    wrong = []
    for number in numbers:
        draw, place = random.Random(f"{seed} {reader} {number}"), folder / str(number)
        place.mkdir()
        words = READERS[reader](draw, place, material, number > 0)  # the first file is as it should be
        if found := run(words, place):
            wrong.append(f"{reader} {number} of seed {seed}: {' '.join(words)} in {place}: {found}")
        else:
            shutil.rmtree(place)
    return wrong


@pytest.mark.parametrize("reader", READERS)
def test_a_few_hostile_files(reader, stopped, material, tmp_path, seed):
    wrong = _try(reader, range(_FEW), seed, tmp_path, material)
    assert not wrong, "\n".join([f"{len(wrong)} of {_FEW}", *wrong[:3]])


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("reader", READERS)
def test_many_hostile_files(reader, part, stopped, material, tmp_path, seed, record_property):
    numbers = range(part, _MANY, 4)
    wrong = _try(reader, numbers, seed, tmp_path, material)
    record_property("hostile", len(numbers))
    assert not wrong, "\n".join([f"{len(wrong)} of {len(numbers)}", *wrong[:5]])
