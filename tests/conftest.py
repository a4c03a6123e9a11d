"""Shared fixtures: cases made once a session, a private cache, seeds that are printed."""

import os
from collections.abc import Callable
from pathlib import Path

import matplotlib.ft2font  # noqa: F401 - before PyTorch, whichever test imports that first (see quadcim.models)
import pytest

from quadcim.boards.targets import find_target
from quadcim.cores.cases import CoreCase, load_case
from quadcim.generate import generate_case
from quadcim.sim.tools import find_simulator
from quadcim.spec.activation import Activation
from quadcim.spec.canonical import digest
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.presets import PRESETS
from quadcim.spec.unit import ActivationUnit

# So that what a tool says is shown where it refuses something.
pytest.register_assert_rewrite("tests.acceptance")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long regression too")
    parser.addoption("--formal", action="store_true", help="run all proofs, not only the quick ones")
    parser.addoption("--seed", type=int, default=None, help="seed of everything random (default: drawn, and printed)")
    parser.addoption("--seeds", type=int, default=0, metavar="N",
                     help="run what draws from the seed, and nothing else, with N seeds from that one on")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: part of the long regression (nox -s regress)")
    config.addinivalue_line("markers", "formal: one of the longer proofs (nox -s formal)")
    config.addinivalue_line("markers", "shared_seeds: its cases share the seeds of --seeds, since each takes seconds")
    seed = config.getoption("--seed")
    if seed is None:
        # Workers of one run share the seed of the process that started them.
        seed = int(os.environ.setdefault("QUADCIM_TEST_SEED", str(int.from_bytes(os.urandom(3)))))
    config.stash[_SEED] = seed


_SEED = pytest.StashKey[int]()


def pytest_report_header(config: pytest.Config) -> str:
    return f"quadcim seed: {config.stash[_SEED]} (repeat with --seed {config.stash[_SEED]})"


def _draws(definition: pytest.Item) -> bool:
    """Whether a test takes the run's seed, and not one of its own."""
    own = [name for mark in definition.iter_markers("parametrize") for name in str(mark.args[0]).split(",")]
    return "seed" in getattr(definition, "fixturenames", ()) and "seed" not in own


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if (count := metafunc.config.getoption("--seeds")) and _draws(metafunc.definition):
        first = metafunc.config.stash[_SEED]
        metafunc.parametrize("seed", range(first, first + count))


def _seeded(items: list[pytest.Item], count: int) -> list[pytest.Item]:
    """What is left to run with `count` seeds: of a test that shares them, case k of K has seeds k, k + K, ..."""
    places: dict[object, dict[object, int]] = {}
    left = []
    for item in filter(_draws, items):
        params: dict[str, object] = dict(item.callspec.params)  # pyright: ignore[reportAttributeAccessIssue]
        cases = places.setdefault(item.function, {})  # pyright: ignore[reportAttributeAccessIssue]
        seed = params.pop("seed")
        # The same objects with each seed.
        left.append((item, seed, cases, cases.setdefault(tuple(map(id, params.values())), len(cases))))
    return [item for item, seed, cases, place in left
            if item.get_closest_marker("shared_seeds") is None
            or seed % min(len(cases), count) == place % min(len(cases), count)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {marker: reason for marker, reason in (("long", "long regression: nox -s regress"),
                                                      ("formal", "longer proof: nox -s formal"))
                if not config.getoption(f"--{marker}")}
    if count := config.getoption("--seeds"):
        items[:] = _seeded([item for item in items if not any(map(item.get_closest_marker, left_out))], count)
    for item in items:
        for marker, reason in left_out.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sums of what tests recorded as ``outputs`` and ``hostile``, and a table of what they recorded as ``proof``."""
    for recorded, text in (("outputs", "outputs compared bit for bit"), ("hostile", "hostile files read")):
        counts = [value for report in terminalreporter.getreports("passed") for name, value in report.user_properties
                  if name == recorded]
        if counts:
            terminalreporter.line(f"{sum(counts)} {text} by {len(counts)} tests")
    proofs = [value for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)
              for name, value in report.user_properties if name == "proof"]
    if proofs:
        terminalreporter.line("searched from reset up to so many cycles, then proved for ever by induction (PDR):")
        for row in [["property", "unit", "stages", "cycles", "seconds", "verdict"], ["---"] * 6, *sorted(proofs)]:
            terminalreporter.line(f"| {' | '.join(map(str, row))} |")


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this run."""
    return request.config.stash[_SEED]


@pytest.fixture(scope="session")
def make_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., CoreCase]:
    """Generates a case of a unit or of a macro, once for equal settings; without integers, weights are loaded."""
    made: dict[tuple[object, ...], CoreCase] = {}

    def make(spec: ActivationUnit | CimMacro, target: str = "generic", *, integers: CimIntegers | None = None,
             clock_mhz: float = 100, reset: str | None = None, user_bits: int = 0) -> CoreCase:
        key = (digest(spec.to_json()), integers, target, clock_mhz, reset, user_bits)
        if key not in made:
            folder: Path = tmp_path_factory.mktemp("case") / spec.name
            generate_case(spec, integers, target=find_target(target), clock_mhz=clock_mhz, out=folder, reset=reset,
                          user_bits=user_bits)
            made[key] = load_case(folder)
        return made[key]

    return make


def unit_id(unit: ActivationUnit | CimMacro) -> str:
    """A unit's settings, as far as tests differ in them."""
    if isinstance(unit, CimMacro):
        return "-".join([unit.name, unit.encoding, unit.storage, unit.technology, *["adc"] * bool(unit.adc)])
    activation = unit.activation
    return "-".join(map(str, [activation.function, activation.input, activation.output, activation.rounding,
                              f"s{unit.stages}", unit.flow_control, unit.method, unit.technology]))


# An FPGA's primitives are no ASIC.
PRESET_TARGETS = [(name, target) for name, unit in PRESETS.items() for target in ("generic", "asic28")
                  if target == "generic" or unit.technology != "ultrascale"]


def make_unit(input: str, output: str, rounding: str, stages: int, flow_control: str) -> ActivationUnit:
    """A unit of phi's heap from words."""
    activation = Activation("quad", Format.parse(input), Format.parse(output), rounding)  # pyright: ignore
    return ActivationUnit(activation, stages, flow_control, method="heap")  # pyright: ignore


@pytest.fixture(params=["icarus", "verilator"])
def simulator(request: pytest.FixtureRequest):
    """Each simulator that is installed."""
    try:
        return find_simulator(request.param)
    except IllegalSetting as error:
        pytest.skip(str(error))
