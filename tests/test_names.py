"""Cases side by side: any of them share a design, a FuseSoC library and an IP repository."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.fit.custom import user_activation
from quadcim.generate import generate_case
from quadcim.models.bwma.datasets import digits
from quadcim.models.bwma.frozen import freeze_network
from quadcim.models.bwma.networks import create_network
from quadcim.models.bwma.training import fit_classifier
from quadcim.sim.case import Case
from quadcim.spec.activation import Activation
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.cnn import CnnQuantisation
from quadcim.spec.formats import Format
from quadcim.spec.presets import MACRO_PRESETS, PRESETS
from quadcim.spec.unit import ActivationUnit
from tests.boards.helpers import tool
from tests.boards.test_fusesoc import fusesoc

_SHARED = {"rtl/quadcim_cells.v", "models/primitives.v", "quadcim_adder_cells.core", "quadcim_primitives.core"}
_FEW = ("phi8", "phi16-cells", "phi16-dsp", "cim-cells", "cim-lutram")
_ALL = "\n".join(("module all;", "  integer done = 0;", "{units}", "  always @(done) if (done == {count}) $finish;",
                  "endmodule", ""))

Subject = ActivationUnit | tuple[CimMacro, CimIntegers]


def _write(subject: Subject, out: Path, name: str | None = None) -> Case:
    """The case of a unit or of a macro for the board, which has the most names."""
    target = find_target("vcu128")
    if isinstance(subject, ActivationUnit):
        generate_case(subject, target=target, clock_mhz=target.clock_mhz, out=out, name=name)
    else:
        generate_case(*subject, target=target, clock_mhz=target.clock_mhz, out=out, name=name)
    return load_case(out)


def _users(folder: Path) -> list[Subject]:
    """The catalogue's tanh, and two functions of that name in two files."""
    input, output = Format.parse("SQ3.5"), Format.parse("SQ1.7")
    activations = [Activation("tanh", input, output, "faithful")]
    for name, slope in (("first", 2), ("second", 3)):
        (folder / f"{name}.py").write_text(f"def tanh(x):\n    return max(-1, min(1, x / {slope}))\n")
        activations.append(user_activation(f"{folder / name}.py:tanh", input=input, output=output,
                                           rounding="faithful"))
    return [ActivationUnit(activation, 1) for activation in activations]


def _weights() -> list[tuple[CimMacro, CimIntegers]]:
    """Constant macros that differ in their weights alone."""
    draw = np.random.default_rng(0)
    cells = [tuple(map(tuple, draw.integers(0, 2, (9, 2)).tolist())) for _ in range(2)]
    return [(CimMacro(9, 2, 2, storage="constant"), CimIntegers(weights)) for weights in cells]


def _trained() -> list[Subject]:
    torch.manual_seed(0)
    network = create_network("digits", CnnQuantisation())
    fit_classifier(network, digits(), epochs=2, lr=4e-3)
    layers = sorted(freeze_network(network.eval())[1], key=lambda layer: layer.macro.rows * layer.macro.columns)
    return [(layer.macro, layer.integers) for layer in layers[:2]]


def _presets(names: Iterable[str]) -> list[Subject]:
    return [PRESETS[name] if name in PRESETS else (MACRO_PRESETS[name], CimIntegers()) for name in names]


@pytest.fixture(params=["few", pytest.param("all", marks=pytest.mark.long)])
def cases(request, tmp_path) -> list[Case]:
    """Cases that had, or could have, one name, in one folder."""
    subjects: list[Subject] = [*_users(tmp_path), *_weights()]
    subjects += _presets(_FEW) if request.param == "few" else [*_presets([*PRESETS, *MACRO_PRESETS]), *_trained()]
    cases = [_write(subject, tmp_path / "library" / f"case{index}") for index, subject in enumerate(subjects)]
    # An equal case has the same name, unless it is given another.
    cases.append(_write(subjects[0], tmp_path / "library" / "again", name="tanh_again"))
    assert cases[-1].manifest["digest"] == cases[0].manifest["digest"]
    return cases


def _defined(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """The modules of all cases, each with the name of its case."""
    return [(module, case.name) for case in cases for path in case.folder.rglob("*.v")
            if str(path.relative_to(case.folder)) not in _SHARED
            for module in re.findall(r"^module (\w+)", path.read_text(), re.MULTILINE)]


def _check_names(cases: Sequence[Case]) -> None:
    modules = _defined(cases)
    assert len({module for module, _name in modules}) == len(modules)
    for module, name in modules:
        assert module == name or module.startswith(f"{name}_")
        whole = module.removeprefix(name) in {"", "_axis", "_tb", "_board", "_link", "_selftest", "_picture", "_pixels",
                                               "_bit_cells"}
        assert len(module) <= 40 or not whole
    for shared in _SHARED:
        assert len({path.read_bytes() for case in cases if (path := case.folder / shared).exists()}) == 1


def _check_packages(cases: Sequence[Case]) -> None:
    spirit = "{http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009}"
    components = [etree.parse(str(path)).getroot() for case in cases
                  for path in case.folder.glob("vcu128/ip/component.xml")]
    names = [tuple(root.findtext(f"{spirit}{part}") for part in ("vendor", "library", "name", "version"))
             for root in components]
    assert len(set(names)) == len(names) > 2


def test_cases_share_a_design_a_library_and_a_repository(cases, tmp_path):
    icarus = tool("iverilog")
    _check_names(cases)
    _check_packages(cases)
    together = tmp_path / "library" / "together"
    together.mkdir()
    for case in cases:
        text = (case.folder / f"tb/{case.name}_tb.v").read_text()
        # Each finds its vectors, and the last one that is done ends the simulation.
        text = text.replace('"vectors/', f'"{case.folder}/vectors/')
        text = text.replace("$finish;", "begin all.done = all.done + 1; wait (0); end")
        (together / f"{case.name}_tb.v").write_text(text)
    (together / "all.v").write_text(_ALL.format(
        units="\n".join(f"  {case.name}_tb unit{index} ();" for index, case in enumerate(cases)), count=len(cases)))
    sources = [f"      - {path.name}: {{file_type: verilogSource-2005}}" for path in together.iterdir()]
    cores = [f"      - quadcim:{case.core.name}:{case.name}" for case in cases]
    (together / "all.core").write_text("\n".join([
        "CAPI=2:", "name: test:test:all:1", "filesets:", "  all:", "    files:", *sources, "    depend:", *cores,
        "      - quadcim:lib:primitives", "targets:", "  default: {filesets: [all]}", "  sim:", "    flow: sim",
        "    flow_options: {tool: icarus, iverilog_options: [-g2005]}", "    filesets: [all]",
        "    toplevel: all", ""]))
    said = fusesoc(tmp_path, tmp_path / "library", "run", "--target", "sim", "test:test:all").splitlines()
    assert [line for line in said if line.startswith(("PASS", "FAIL"))] == ["PASS"] * len(cases)
    # The wrappers too, all files of all cases at once.
    shutil.rmtree(together)
    sources = [path for case in cases for pattern in ("rtl/*.v", "models/*.v", "vcu128/*_axis.v")
               for path in case.folder.glob(pattern)]
    subprocess.run([icarus, "-g2005", "-o", tmp_path / "wrappers", *sources], check=True)


@pytest.mark.parametrize("change", ["weights", "reset", "target", "function"])
def test_whatever_reaches_the_verilog_changes_the_name(change, make_case):
    relu, relu1 = (ActivationUnit(Activation(name, Format.parse("SQ3.5"), Format.parse("UQ0.8"), "faithful"), 1)
                   for name in ("relu", "relu1"))
    pairs = {"weights": [make_case(macro, integers=integers) for macro, integers in _weights()],
             "reset": [make_case(relu, reset=name) for name in ("sync-high", "sync-low")],
             "target": [make_case(relu, target) for target in ("generic", "asic28")],
             "function": [make_case(unit) for unit in (relu, relu1)]}
    first, second = pairs[change]
    assert first.name != second.name and re.fullmatch(r"\w{,21}_[0-9a-f]{8}", first.name)


def test_a_given_name_changes_nothing_but_names(make_case, tmp_path):
    unit = PRESETS["phi8"]
    case = make_case(unit)
    generate_case(unit, target=find_target("generic"), clock_mhz=100, out=tmp_path / "named", name="mine")
    named = load_case(tmp_path / "named")
    assert (named.name, named.top, named.manifest["digest"]) == ("mine", "mine", case.manifest["digest"])
    for path in named.folder.rglob("*"):
        if path.is_file() and path.name not in {"case.json", "SHA256SUMS"}:
            other = case.folder / str(path.relative_to(named.folder)).replace("mine", case.name)
            assert path.read_text().replace("mine", case.name) == other.read_text()
