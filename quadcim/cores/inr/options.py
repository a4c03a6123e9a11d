"""The engine that options of the command line describe."""

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from quadcim.arguments import number, stages_argument
from quadcim.boards.targets import CLOCK_MHZ, find_target
from quadcim.cores.core import Report
from quadcim.cores.inr.points import WIDTHS, engine_of, foldings_of
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.folding import Folding
from quadcim.spec.inr import FrozenInr
from quadcim.spec.inr_engine import MULTIPLIERS, InrEngine
from quadcim.spec.presets import find_engine_preset
from quadcim.spec.technology import TECHNOLOGIES

__all__ = ["add_inr_options", "inr_from_options"]

_ABOUT = {
    "activation_bits": "activations, 2 to 16", "weight_bits": "weights, 2 to 16",
    "first_layer_bits": "the first layer's weights, 2 to 24", "coordinate_bits": "fractions of coordinates, 1 to 16"}


def add_inr_options(command: argparse.ArgumentParser) -> None:
    """Add the options of an engine."""
    command.add_argument("--model", type=Path, metavar="FILE",
                         help="the frozen network: frozen.safetensors of `quadcim train inr`")
    command.add_argument("--preset", metavar="NAME",
                         help="instead of a model: an engine with random weights (see `quadcim list presets`)")
    command.add_argument("--sizes", metavar="NxN...",
                         help="instead of a model: 1 to 3 coordinates, outputs of hidden layers and channels (each 1 "
                              "to 4096) of a QuadINR with random weights, as 2x64x64x3; to see what it costs")
    for name, usual in WIDTHS.items():
        command.add_argument(f"--{name.replace('_', '-')}", type=number(int), metavar="N",
                             help=f"with --sizes: width of {_ABOUT[name]} (default: {usual})")
    folding = command.add_mutually_exclusive_group()
    folding.add_argument("--multipliers", type=number(int), metavar="N",
                         help=f"as fast as so many multipliers let it be (default: {MULTIPLIERS}, but at least one a "
                              "layer)")
    folding.add_argument("--cycles", type=number(int), metavar="N",
                         help="the fewest multipliers that render a pixel in so many cycles")
    folding.add_argument("--pixels-per-second", type=number(float), metavar="F",
                         help="the fewest multipliers that are as fast, with the clock")
    folding.add_argument("--folding", metavar="PExSIMD,...",
                         help="processing elements and products of each layer, as 2x2,8x8,1x1")
    command.add_argument("--stages", type=stages_argument, metavar="N",
                         help="registers in the dot products; or auto: the fewest for the clock (default: auto)")
    command.add_argument("--activation-stages", type=stages_argument, metavar="N",
                         help="pipeline stages of the activation units; or auto (default: auto)")
    command.add_argument("--clock-mhz", type=number(float, *CLOCK_MHZ), metavar="F",
                         help="clock for auto and for the target's constraints (default: the target's)")
    command.add_argument("--technology", metavar="NAME",
                         help="one of " + ", ".join(TECHNOLOGIES) + " (default: the target's)")


def inr_from_options(options: argparse.Namespace, report: Report) -> tuple[InrEngine, FrozenInr | None, float]:
    """The engine, its network if there is a model, and the clock."""
    from quadcim.cores.inr.network import random_network

    target = find_target(options.target)
    clock_mhz = options.clock_mhz or target.clock_mhz
    given = [name for name in ("model", "preset", "sizes") if getattr(options, name) is not None]
    if len(given) != 1:
        raise IllegalSetting("model", "given, or --preset or --sizes in its place", " and ".join(given) or "nothing")
    report("reading the network")
    technology = options.technology or target.technology
    widths = {name: getattr(options, name) for name in WIDTHS if getattr(options, name) is not None}
    if widths and options.sizes is None:
        name, value = next(iter(widths.items()))
        raise IllegalSetting(name.replace("_", "-"), "left out without --sizes", value)
    network = None
    if options.preset is not None:
        engine = replace(find_engine_preset(options.preset), technology=technology)
    elif options.sizes is not None:
        engine = engine_of(options.sizes, WIDTHS | widths, technology=technology)
    else:
        from quadcim.models.inr.checkpoint import load_frozen

        network = load_frozen(options.model)
        engine = InrEngine.of(network, technology=technology)
    report("folding the layers")
    engine = replace(engine, foldings=_foldings(options, engine, clock_mhz))
    report("choosing the number of stages")
    integers = network or random_network(engine)
    return _staged(options, engine, integers, clock_mhz), network, clock_mhz


def _foldings(options: argparse.Namespace, engine: InrEngine, clock_mhz: float) -> tuple[Folding, ...]:
    """How the layers are folded: as asked, or as they were."""
    if options.pixels_per_second is None:
        return foldings_of(engine, multipliers=options.multipliers, cycles=options.cycles, folding=options.folding)
    most = 1e6 * clock_mhz
    if not 0 < options.pixels_per_second <= most:
        raise IllegalSetting("pixels-per-second", f"above 0 and at most {most:.0f}, one a cycle",
                             options.pixels_per_second)
    return foldings_of(engine, cycles=int(most / options.pixels_per_second))


def _fits(engine: InrEngine, network: FrozenInr) -> bool:
    """Whether an engine can have its stages."""
    from quadcim.hw.inr.plan import plan_engine

    try:
        plan_engine(engine, network)
    except IllegalSetting:
        return False
    return True


def _staged(options: argparse.Namespace, engine: InrEngine, network: FrozenInr, clock_mhz: float) -> InrEngine:
    """The engine with its stages; what is not named comes as close to the clock as it can."""
    from quadcim.hw.activation.plans import closest_stages_to_clock, stages_for_clock
    from quadcim.hw.inr.plan import closest_dot_stages_to_clock, dot_stages_for_clock, plan_engine

    if isinstance(options.activation_stages, int):
        engine = replace(engine, activation_stages=options.activation_stages)
    elif options.activation_stages or not options.preset:
        stages = closest_stages_to_clock(engine.unit, clock_mhz)[0]
        with suppress(IllegalSetting):
            stages = stages_for_clock(engine.unit, clock_mhz)
        engine = replace(engine, activation_stages=stages)
    if isinstance(options.stages, int):
        engine = replace(engine, stages=options.stages)
    elif options.stages or not _fits(engine, network) or not options.preset:
        stages = (dot_stages_for_clock(engine, network, clock_mhz) if options.clock_mhz
                  else closest_dot_stages_to_clock(engine, network, clock_mhz)[0])
        engine = replace(engine, stages=stages)
    plan_engine(engine, network)
    return engine
