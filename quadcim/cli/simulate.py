"""``quadcim simulate``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.arguments import MOST_BEATS, MOST_SEEDS, number
from quadcim.files import check_output_file, output_file
from quadcim.progress import Progress
from quadcim.scratch import reclaim
from quadcim.sim.tools import find_simulator
from quadcim.spec.description import counted
from quadcim.spec.errors import IllegalSetting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from quadcim.cores.rendered import Shown

__all__ = ["add_simulate"]

_LEAST_SIDE = 8
"""What pictures are shrunk to, at least."""


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
    command.add_argument("--render", type=Path, metavar="FILE",
                         help="instead: the whole signal of an engine, from its Verilog, to FILE: .png and others for "
                              "a picture; .npz, .gif, or .mp4 with the package av, for a video; .wav for a sound; .npy "
                              "for raw integers of any. It is compared with the golden model")
    command.add_argument("--original", type=Path, metavar="FILE",
                         help="with --render: the picture, video or sound to compare it with")
    command.add_argument("--force", action="store_true",
                         help="with --render: replace a file that quadcim wrote there, unedited")
    command.set_defaults(run=_simulate)


def _render(options: argparse.Namespace) -> int:
    """Render what a case shows; 1 if it differs from the golden model."""
    from quadcim.cores.cases import load_case
    from quadcim.cores.rendered import check_file, write_samples

    for name, usual in (("simulator", None), ("beats", 0), ("seed", 0), ("waves", False)):
        if getattr(options, name) != usual:
            raise IllegalSetting(name, "left out with --render", getattr(options, name))
    case = load_case(options.case)
    shown = case.core.shown(case)
    check_file(options.render, shown)
    check_output_file(options.render, option="render", force=options.force)
    original = None if options.original is None else _read_original(options.original, shown)
    with Progress() as report:
        rendered = shown.render(report)
    with output_file(options.render, option="render", force=options.force) as path:
        write_samples(rendered.samples, path, shown, like=options.original)
    *grid, channels = shown.shape
    pace = "" if rendered.cycles is None else f"{rendered.cycles:.2f} cycles each, "
    print(f"{_sizes(grid)} samples of {counted(channels, 'channel')}, {pace}simulated in {rendered.seconds:.1f} s")
    for name, text in rendered.about:
        print(f"{name}: {text}")
    if original is not None and options.original is not None:
        from quadcim.pictures import psnr_db

        print(f"PSNR against {options.original.name}: {psnr_db(rendered.samples, original):.2f} dB")
    agrees = rendered.differences == 0
    print(f"{'PASS' if agrees else 'FAIL'}: {rendered.differences} samples differ from the golden model")
    print(options.render)
    return 0 if agrees else 1


def _read_original(path: Path, shown: "Shown") -> "NDArray[np.integer]":
    """The signal to compare with: as much of it as is shown, in the size in which it is shown."""
    from quadcim.signals import read_signal

    if shown.kind is None:
        raise IllegalSetting("original", "left out: what this case shows is no picture, video or sound", str(path))
    size = None if shown.kind == "audio" else max(*shown.shape[-3:-1], _LEAST_SIDE)
    try:
        signal = read_signal(shown.kind, path, size=size)
    except IllegalSetting as error:
        raise IllegalSetting("original", error.legal, error.given) from None
    if shown.kind != "image":
        signal = signal[:shown.shape[0]]
    if signal.shape != shown.shape:
        raise IllegalSetting("original", f"{shown.kind} of {_sizes(shown.shape)}", _sizes(signal.shape))
    return signal


def _sizes(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _simulate(options: argparse.Namespace) -> int:
    from quadcim.cores.cases import load_case

    reclaim(options.case.absolute().parent)  # a kill may have left the case aside
    if options.render is not None:
        return _render(options)
    for name in ("original", "force"):
        if getattr(options, name):
            raise IllegalSetting(name, "left out without --render", getattr(options, name))
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
