"""Verilog-2005 from Amaranth components, by Yosys."""

import re
import tempfile
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
from amaranth.hdl import ClockDomain, Fragment
from amaranth.lib import wiring

from quadcim.hw.emit.legal_names import with_plain_names, without_dots
from quadcim.hw.emit.nets import nets_named_after_instances
from quadcim.hw.emit.notes import find_marks, with_abouts
from quadcim.hw.emit.readable import make_readable
from quadcim.hw.emit.shared import SHARED, SharedModule, output_ports, port_values, shared_instances
from quadcim.hw.emit.text_module import EMISSION, ModuleText, TextModule, name_text_modules, number_text_modules
from quadcim.hw.emit.yosys import run_passes
from quadcim.spec.hard_macro import HardMacro
from quadcim.spec.naming import KEYWORDS
from quadcim.spec.quoting import comment
from quadcim.spec.reset import RESETS, Reset

__all__ = ["EmittedVerilog", "emit_verilog", "verilog_from_rtlil"]

_PORT = re.compile(r"  wire width (\d+) (input|output) \d+ +(?:signed )?\\(\S+)")
# Amaranth's name of a part of a port: one that is connected to a concatenation becomes several.
_PART = re.compile(r"\\port\$(\d+)\$(\d+)")
# What a memory holds at first: its name and its bits.
_CONTENTS = re.compile(r"""^  cell \$meminit_v2 .*
    parameter \\MEMID "\\\\(.*)"
(?:    .*\n)*?    connect \\DATA \d+'(.*)
(?:    .*\n)*?  end\n""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EmittedVerilog:
    """Verilog text, and what belongs to it.

    Parameters
    ----------
    text : str
        All modules, the top module first.
    ports : tuple
        The ports of the top module as (name, direction, width); the clock and the reset first.
    images : dict of str to str
        Files of initial contents that memories read, by their names.
    hard_macros : tuple of HardMacro
        Memories that hard macros may take the place of.
    """

    text: str
    ports: tuple[tuple[str, str, int], ...]
    images: Mapping[str, str] = field(default_factory=dict)
    hard_macros: tuple[HardMacro, ...] = ()


def verilog_from_rtlil(rtlil_text: str, *passes: str, stages: Sequence[str] = (),
                       foreign: Mapping[str, Set[str]] | None = None) -> str:
    """Readable Verilog of a design in Yosys's RTLIL, after `passes`.

    `stages` is what those of its top module do, `foreign` the outputs of modules that it instantiates and has not.
    """
    rtlil_text = with_plain_names(nets_named_after_instances(_with_plain_parts(rtlil_text)))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "design.il"), Path(folder, "design.v")
        source.write_text(rtlil_text)
        run_passes(["read_rtlil", str(source)], *passes, "proc", "opt_expr -keepdc", "opt_clean", "opt_dff -keepdc",
                   # Merged first: two sums that differ in width alone are one no more.
                   "opt_merge t:$add t:$sub", "wreduce t:$add t:$sub t:$shl t:$mux", "opt_clean",
                   ["write_verilog", "-noattr", str(target)])
        return make_readable(target.read_text(), find_marks(rtlil_text), stages, foreign)


def _with_plain_parts(rtlil_text: str) -> str:
    """Call parts of ports by names that need no escape in Verilog."""
    name = "port"
    while re.search(rf"\\{name}_\d+_\d+\b", rtlil_text):
        name += "_"
    return _PART.sub(rf"\\{name}_\1_\2", rtlil_text)


class _Design:
    """A component and, once each, the modules that it shares, as RTLIL by their names."""

    def __init__(self, component: wiring.Component, name: str, reset: Reset):
        self.texts: dict[str, str] = {}
        self.text_modules: list[TextModule] = []
        self.foreign: dict[str, set[str]] = {}
        self._components: dict[str, wiring.Component] = {}
        self._reset = reset
        self._add(component, name)

    def _add(self, component: wiring.Component, module: str, place: tuple[str, ...] = ()) -> None:
        fragment, self.texts[module] = Fragment.get(component, EMISSION), ""  # it stands before those that it shares
        for path, instance in shared_instances(fragment):
            shared = self._shared(instance, (*place, *path))
            further = _port_names(self.texts[shared], shared) - port_values(instance.component).keys()
            instance.become(shared, further)
        number_text_modules(fragment, self.text_modules)
        self.foreign |= output_ports(fragment)
        domain = {"async_reset": self._reset.asynchronous}
        text = rtlil.convert(fragment, name=module, ports=list(port_values(component).values()), emit_src=False,
                             missing_domain=lambda name: ClockDomain(name, **domain))
        text = with_abouts(text, fragment, module)
        self.texts[module] = _without_unused_reset(text) if module.startswith(SHARED) else text

    def _shared(self, instance: SharedModule, place: tuple[str, ...]) -> str:
        """The module of a shared instance, converted when it first comes up."""
        for name in (instance.name, "_".join((*place, instance.name))):
            module = SHARED + name
            if self._components.setdefault(module, instance.component) is instance.component:
                if module not in self.texts:
                    self._add(instance.component, module, (name,))
                return module
        raise ValueError(f"{instance.name}: instances of different components")


def _rtlil(component: wiring.Component, name: str, *, reset: Reset,
           initialise: bool) -> tuple[str, dict[str, ModuleText], dict[str, set[str]]]:
    """RTLIL of a component and of what it shares, and the modules of our own text; all are named after `name`.

    And the outputs of the modules that it instantiates, by their names.
    """
    design = _Design(component, name, reset)
    text = "".join(design.texts[module].replace(f"\\{module}.", f"\\{module}_") for module in design.texts)
    text = without_dots(text.replace(f"\\{SHARED}", f"\\{name}_"))
    if reset.active_low:
        text = _active_low(text, reset)
    return *name_text_modules(text if initialise else _uninitialised(text), design.text_modules,
                              initialise=initialise), design.foreign


def _port_names(text: str, module: str) -> set[str]:
    """The ports of a module of a design in RTLIL."""
    body = text.partition(f"module \\{module}\n")[2].partition("\nend\n")[0]
    return {port for _width, _direction, port in _PORT.findall(body)}


def _without_unused_reset(text: str) -> str:
    """A shared module without the port that Amaranth gives each that has a clock, if nothing in it is reset."""
    mentions = len(re.findall(r"\\rst(?![\w.])", text))
    return re.sub(r"^  wire width 1 input \d+ +\\rst\n", "", text, flags=re.MULTILINE) if mentions == 1 else text


def _active_low(text: str, reset: Reset) -> str:
    """RTLIL whose registers are reset by a low level; Amaranth knows a high one only."""
    text = re.sub(r"(switch \\rst \[0\]\n *case 1')1", r"\g<1>0", text)
    return re.sub(r"\\rst(?= |\n)", rf"\\{reset.port}", text).replace("ARST_POLARITY 1", "ARST_POLARITY 0")


def _uninitialised(text: str) -> str:
    """RTLIL without initial values; a memory may do without if it is written and begins with zeros."""
    for found in _CONTENTS.finditer(text):
        memory, contents = found.groups()
        rest_of_module = text[found.end():].partition("\nend\n")[0]
        written = re.search(rf'cell \$memwr_v2 .*\n    parameter \\MEMID "\\\\{re.escape(memory)}"', rest_of_module)
        if "1" in contents or not written:
            raise ValueError(f"memory {memory}: its contents would be lost without initial values")
    return re.sub(r"^ *attribute \\init .*\n", "", _CONTENTS.sub("", text), flags=re.MULTILINE)


def emit_verilog(component: wiring.Component, *, name: str, header: str, reset: Reset = RESETS["sync-high"],
                 initialise: bool = True, stages: Sequence[str] = ()) -> EmittedVerilog:
    """Verilog text of a component and all its submodules; the same text on every run.

    A `SharedModule` is emitted once, whatever the number of its instances.

    Parameters
    ----------
    component : Component
        The design; it uses the domain "sync" and defines none.
    name : str
        Name of the top module; submodules are named after it.
    header : str
        Lines of comment that open the text.
    reset : Reset
        How the reset works.
    initialise : bool
        Whether registers and memories have initial values, as FPGAs load them. Standard cells have none.
    stages : sequence of str
        What the stages of the top module do, for the comments before them.

    Raises
    ------
    ValueError
        If a memory needs its contents, and they are not to be initialised; or a port has the name of a keyword.
    """
    members = port_values(component)
    if reserved := sorted(KEYWORDS & members.keys()):
        raise ValueError(f"{name}: a port is called {reserved[0]}, which is a keyword of Verilog")
    text, own, foreign = _rtlil(component, name, reset=reset, initialise=initialise)
    body = "\n".join([verilog_from_rtlil(text, stages=stages, foreign=foreign),
                      *(module.verilog for module in own.values())])
    order = ["clk", reset.port, *members]
    top = text.partition(f"module \\{name}\n")[2].partition("\nend\n")[0]
    ports = sorted(((port, direction, int(width)) for width, direction, port in _PORT.findall(top)),
                   key=lambda port: order.index(port[0]))
    verilog = f"{comment(header, '//')}\n`default_nettype none\n\n{body}\n`default_nettype wire\n"
    macros = tuple(HardMacro(module.removeprefix(f"{name}_"), own[module].macro_bits, synchronous=True)
                   for module in own if own[module].macro_bits)
    return EmittedVerilog(verilog, tuple(ports), {file: image for module in own.values()
                                                  for file, image in module.images.items()}, macros)
