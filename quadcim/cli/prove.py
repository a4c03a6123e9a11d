"""``quadcim prove``."""

import argparse
from pathlib import Path

from quadcim.arguments import number
from quadcim.progress import Progress
from quadcim.scratch import reclaim
from quadcim.spec.errors import IllegalSetting

__all__ = ["add_prove"]

_MOST_SECONDS = 10**6
_OUTCOMES = {
    "proved": "proved, in every state that can be reached", "bounded": "holds as far as was looked",
    "open": "neither proved nor refuted in time", "refuted": "REFUTED"}


def add_prove(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("prove", help="prove properties of a case, for every input, stall and reset")
    command.add_argument("case", type=Path, metavar="DIR", help="a case directory")
    command.add_argument("--property", action="append", metavar="NAME",
                         help="which; may be given again (default: all that the case has; a wrong name lists them)")
    command.add_argument("--seconds", type=number(int, 1, _MOST_SECONDS), default=60, metavar="N",
                         help="time limit of a search from reset, and again of a proof without bound (default: 60)")
    command.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> int:
    from quadcim.cores.cases import load_case

    reclaim(options.case.absolute().parent)  # a kill may have left the case aside
    case = load_case(options.case)
    known = case.core.properties(case)
    if not known:
        raise IllegalSetting("case", "one of which something can be proved (docs/development.md says which are)",
                             str(options.case))
    for name in options.property or ():
        if name not in known:
            raise IllegalSetting("property", "of " + ", ".join(known), name)
    refuted = False
    for name in dict.fromkeys(options.property or known):
        with Progress() as report:
            report(f"proving {name}")
            verdict = case.core.prove(case, name, seconds=options.seconds).verdict
        refuted |= verdict.outcome == "refuted"
        how = "in cycle" if verdict.outcome == "refuted" else "searched from reset up to cycle"
        print(f"{name}: {_OUTCOMES[verdict.outcome]}; {how} {verdict.cycles}, {verdict.seconds:.1f} s", flush=True)
    return 1 if refuted else 0
