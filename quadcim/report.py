"""What a case says of itself to people: the Verilog header and ``report.md``."""

from quadcim.boards.targets import Target
from quadcim.spec.description import Description
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.ports import Port
from quadcim.spec.reset import Reset
from quadcim.spec.technology import find_technology
from quadcim.spec.timing import Timing

__all__ = ["case_report", "stage_titles", "verilog_header"]


def stage_titles(plan: StagePlan) -> list[str]:
    """What each stage does, and how many bits its registers hold."""
    return [f"{', '.join(step.name for step in steps)}; {steps[-1].live_bits} bits" for steps in plan.stage_steps
            if plan.stages]


def verilog_header(about: Description, plan: StagePlan, timing: Timing, target: Target, reset: Reset, *, top: str,
                   identity: str) -> str:
    """The comment that opens the emitted Verilog."""
    return "\n".join([
        top, about.definition, *about.header,
        f"latency {timing.latency}, {timing.throughput}, flow control {about.flow_control}",
        *(f"stage {number}: {', '.join(step.name for step in steps)}"
          for number, steps in enumerate(plan.stage_steps, 1) if plan.stages),
        f"target {target.name}{f': {reset.description}' if plan.stages else ''}",
        f"digest {identity}",
    ])


def case_report(about: Description, plan: StagePlan, timing: Timing, target: Target, *, top: str,
                ports: tuple[Port, ...], beats: int, identity: str, command: str) -> str:
    """``report.md``: what the unit is, its latency, cost estimate, the command that verifies it, and block diagram."""
    technology = find_technology(about.technology)
    slowest = plan.slowest_stage_ps + (technology.delays.register_ps if plan.stages else 0)
    return "\n".join([
        f"# {top}", "",
        about.definition, "",
        "| | |", "|---|---|",
        *(f"| {name} | {text} |" for name, text in about.rows),
        f"| latency | {timing.latency} |",
        f"| throughput | {timing.throughput} |",
        f"| flow control | {about.flow_control} |",
        f"| technology | {about.technology}: {technology.description} |",
        f"| target | {target.name}: {target.description} |",
        f"| digest | `{identity}` |", "",
        *([about.picture, ""] if about.picture else []),
        "## Ports", "", "| port | direction | width | format |", "|---|---|---|---|", *map(_port_row, ports), "",
        "## Block diagram", "", "```", *_diagram(plan), "```", "",
        "## Structure, and cost estimated before synthesis", "",
        "| | |", "|---|---|",
        *(f"| {name} | {text} |" for name, text in about.structure),
        f"| registers | {plan.register_bits + plan.stages} bits |",
        (f"| slowest stage | {slowest} ps by the `{technology.delays.name}` delays, which rank cuts and are no "
         "sign-off |"),
        "",
        "## Verification", "",
        ("What later commands find lies beside this file, which does not change: `quadcim simulate` leaves "
         "`sim/<simulator>/report.md`, `quadcim synth` leaves `synth/report.md`."), "",
        f"`vectors/` holds {beats} beats ({about.vectors}) with what the golden model expects.",
        "In this directory, without Python,", "",
        f"    {command}", "",
        "prints PASS. `quadcim simulate` runs the cocotb testbench, with random stalls and a reset in mid-stream.",
        ""])


def _port_row(port: Port) -> str:
    fields = [str(field.format) if field.count == 1 and len(port.layout) == 1 else
              f"{field.name}: {f'{field.count} x ' if field.count > 1 else ''}{field.format}" for field in port.layout]
    return f"| `{port.name}` | {port.direction} | {port.width} | {', '.join(fields)} |"


def _diagram(plan: StagePlan) -> list[str]:
    """The steps as boxes in a row, with a bar where registers are."""
    cells = ["i"]
    for index, step in enumerate(plan.steps):
        cells.append(f"[{step.name}]")
        if index in plan.cuts:
            cells.append(f"|{step.live_bits}|")
    line = " -> ".join([*cells, "o"])
    return [line, "", "|n| is a register of n bits; registers move by the handshake."]
