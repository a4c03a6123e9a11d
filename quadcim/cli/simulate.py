"""``quadcim simulate``."""

import argparse
from pathlib import Path

from quadcim.arguments import MOST_BEATS, MOST_SEEDS, number
from quadcim.scratch import reclaim
from quadcim.sim.tools import find_simulator

__all__ = ["add_simulate"]


def add_simulate(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("simulate", help="run the cocotb testbench on a case")
    command.add_argument("case", type=Path, metavar="DIR", help="a case directory")
    command.add_argument("--simulator", metavar="NAME",
                         help="icarus or verilator (default: the first of them that is installed)")
    command.add_argument("--beats", type=number(int, 0, MOST_BEATS), default=0, metavar="N",
                         help="random beats on top of the case's own vectors (default: 0)")
    command.add_argument("--seed", type=number(int, 0, MOST_SEEDS), default=0, metavar="N",
                         help="seed of the stalls and of the random beats (default: 0)")
    command.add_argument("--waves", action="store_true", help="write a waveform beside the results")
    command.set_defaults(run=_simulate)


def _simulate(options: argparse.Namespace) -> int:
    from quadcim.cores.cases import load_case

    reclaim(options.case.absolute().parent)  # a kill may have left the case aside
    simulator, case = find_simulator(options.simulator), load_case(options.case)
    from quadcim.sim.cosim import simulate

    result = simulate(case, simulator=simulator, beats=options.beats, seed=options.seed,
                      waves=options.waves)
    for failure in result.failures:
        print(failure)
    print(f"{'FAIL' if result.failed else 'PASS'}: {result.summary} with {simulator.name}, seed {options.seed}")
    for path in result.artefacts:
        print(path)
    return 1 if result.failed else 0
