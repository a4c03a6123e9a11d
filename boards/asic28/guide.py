"""How to use the 28 nm handoff: the part of the datasheet that is about commands and files."""

from collections.abc import Iterable
from string import Template

from quadcim.boards.handoff import Handoff
from quadcim.boards.text import table

__all__ = ["file_table", "guide"]

_GUIDE = """\
## Synthesis and sign-off

Each script takes the library from one variable at its top, or from the environment; paths may hold spaces. Results go
to `build/`, in place of those of an earlier run. Exit code 1 says that references are unresolved, or that timing is
missed (unless `ALLOW_VIOLATIONS=1`).

```sh
LIBERTY=/path/cells.lib genus -batch -files ${top}_genus.tcl
LIBERTY_DB=/path/cells.db dc_shell -f ${top}_dc.tcl
LIBERTY=/path/cells.lib yosys -c ${top}_yosys.tcl
LIBERTY=/path/cells.lib sta -exit ${top}_sta.tcl                       # the netlist of Yosys
```

`$top.sdc` has all its numbers in one table, in ns and pF. Design Compiler, which takes them in the units of its first
library, stops if those are others. The clock uncertainty stands for skew until there is a clock tree; hold and removal
are reported, and to be met after that. `POWER_INTENT=1` has Genus and Design Compiler read `$top.upf`, too.

That a netlist does what the RTL does is proved by

```sh
LIBERTY=/path/cells.lib lec -xl -nogui -dofile ${top}_conformal.do     # the netlist of Genus
LIBERTY_DB=/path/cells.db fm_shell -f ${top}_formality.tcl             # the netlist of Design Compiler
LIBERTY=/path/cells.lib yosys -c ${top}_equivalence_yosys.tcl          # the netlist of Yosys
```

The scripts for Yosys and OpenSTA are run by quadcim's tests, with a library. Those for Genus, Design Compiler,
Formality and Conformal are run against a recorder of commands only: the tools themselves have not seen them.

## Verification without Python

In the folder above this one, since the testbench reads `vectors/`: the files as they were generated, the RTL, and a
netlist with Verilog models of its cells, which come with a library.

```sh
sha256sum -c SHA256SUMS
iverilog -g2005 -o t tb/*.v rtl/*.v && vvp t
iverilog -g2005 -o t tb/*.v asic28/build/yosys/$top.v /path/cells.v && vvp t
```

Each simulation prints PASS. Registers of a netlist start as X; what the testbench compares must be known and right.
Delays (SDF) are for simulators that annotate them; the clock of the testbench has a period of 10 ns.
"""
_MACRO_MODELS = """\

A netlist that keeps hard macros needs a model of them too: the module that the RTL has in their place.

```sh
iverilog -g2005 -o t tb/*.v asic28/build/yosys/$top.v $models /path/cells.v && vvp t
```
"""

_PURPOSES = {
    ".f": "file list of the RTL, with paths from the case directory",
    ".sdc": "timing constraints",
    ".upf": "power intent",
    "_setup.tcl": "what the scripts share; they read it",
    "_genus.tcl": "synthesis with Genus",
    "_dc.tcl": "synthesis with Design Compiler",
    "_yosys.tcl": "synthesis with Yosys",
    "_sta.tcl": "timing, power and SDF of a netlist with OpenSTA",
    "_formality.tcl": "equivalence with Formality",
    "_conformal.do": "equivalence with Conformal",
    "_equivalence_yosys.tcl": "equivalence with Yosys",
}
_STUB_PURPOSES = {
    "_stub.v": "black box of the hard macro",
    "_model.v": "what it does, for simulation",
    ".lef": "its outline and pins",
    ".lib": "its timing",
}


def guide(handoff: Handoff) -> list[str]:
    """The sections on synthesis and verification."""
    text = _GUIDE + (_MACRO_MODELS if handoff.hard_macros else "")
    models = " ".join(f"asic28/{module}_model.v" for module in handoff.macro_modules)
    return [*Template(text).substitute(top=handoff.top, models=models).splitlines(), ""]


def file_table(handoff: Handoff, files: Iterable[str]) -> list[str]:
    """Each file of the bundle and what it is for; one that is not known here is an error."""
    purposes = {f"{handoff.top}{ending}": text for ending, text in _PURPOSES.items()}
    purposes |= {f"{module}{ending}": text for module in handoff.macro_modules
                 for ending, text in _STUB_PURPOSES.items()}
    return table([*((f"`{name}`", purposes[name]) for name in files), (f"`{handoff.top}.md`", "this datasheet")],
                  head=("file", "for"))
