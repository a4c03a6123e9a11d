import json
import shutil

import pytest

from quadcim.boards.targets import TARGETS, find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.sim.vectors import edge_inputs, hex_lines, random_inputs, read_vectors, vector_inputs
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.presets import PRESETS


@pytest.mark.parametrize("target", TARGETS)
def test_same_settings_give_the_same_bytes(target, tmp_path):
    for name in ("a", "b"):
        generate_case(PRESETS["phi8"], target=find_target(target), clock_mhz=100, out=tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(files) > 5
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_manifest_says_what_others_need(make_case):
    case = make_case(PRESETS["phi16"])
    manifest = json.loads((case.folder / "case.json").read_text())
    assert manifest["latency_cycles"] == 3 and manifest["initiation_interval_cycles"] == 1
    ports = {port["name"]: port for port in manifest["ports"]}
    assert list(ports) == ["clk", "rst", "i__payload", "i__valid", "i__ready", "o__payload", "o__valid", "o__ready"]
    assert ports["i__payload"] == {
        "name": "i__payload", "direction": "input", "width": 16, "format": "SQ2.14",
        "layout": [{"name": "value", "offset": 0, "width": 16, "format": "SQ2.14", "count": 1}]}
    assert manifest["digest"] in (case.folder / f"rtl/{case.top}.v").read_text()
    on_disk = {str(path.relative_to(case.folder)) for path in case.folder.rglob("*") if path.is_file()}
    on_disk = {name for name in on_disk if not name.startswith("sim/")}
    assert set(manifest["files"]) | {"case.json", "SHA256SUMS"} == on_disk
    assert case.spec == PRESETS["phi16"]


@pytest.mark.parametrize("damage", ["changed", "missing", "not JSON", "other schema", "empty"])
def test_damaged_cases_are_refused(damage, make_case, tmp_path):
    case = make_case(PRESETS["phi8"])
    copy = tmp_path / "copy"
    shutil.copytree(case.folder, copy)
    vectors, manifest = copy / "vectors/input.hex", copy / "case.json"
    match damage:
        case "changed":
            vectors.write_text("0\n")
        case "missing":
            vectors.unlink()
        case "not JSON":
            manifest.write_text("{")
        case "other schema":
            manifest.write_text('{"schema": "other"}')
        case "empty":
            manifest.write_text("[]")
    with pytest.raises(IllegalSetting, match="case must be a case directory") as error:
        load_case(copy)
    assert damage not in ("changed", "missing") or f"vectors/input.hex {damage}" in str(error.value)


@pytest.mark.parametrize("name", ["SQ2.14", "UQ3.7", "SQ2.30", "UQ0.6", "SQ1.4"])
def test_vectors(name, tmp_path):
    fmt = Format.parse(name)
    inputs = vector_inputs(fmt)
    assert len(inputs) == min(4096, 1 << fmt.width)
    assert {fmt.minimum, fmt.maximum, 0} <= set(inputs)
    assert set(edge_inputs(fmt)) <= set(inputs)
    (tmp_path / "v.hex").write_text(hex_lines([raw % (1 << fmt.width) for raw in inputs], fmt.width))
    assert [fmt.wrap(payload) for payload in read_vectors(tmp_path / "v.hex")] == inputs


def test_random_inputs_are_pinned():
    # Vectors belong to the bytes of a case: they must not change with a version of anything.
    assert random_inputs(Format.parse("SQ2.14"), 3, seed=0) == [-10196, 25247, -15863]
