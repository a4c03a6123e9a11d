"""The macro's RTL against its golden model and plain numpy, in the bulk simulator."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from quadcim.hw.cim import CimUnit
from quadcim.hw.cim_plan import plan_macro
from quadcim.hw.companions import companion_files
from quadcim.hw.verilog import emit_verilog
from quadcim.models.cim import cim_golden
from quadcim.sim.bulk import BulkSimulator, Writes
from quadcim.sim.case import Case, Port
from quadcim.sim.payload import field_bits, pack, unpack
from quadcim.spec.cim import ENCODINGS, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import OVERFLOWS, ROUNDINGS, Narrow

_BEATS = 300


def simulator(macro: CimMacro, integers: CimIntegers, folder: Path) -> BulkSimulator:
    plan = plan_macro(macro, integers)
    rtl = emit_verilog(CimUnit(plan), name=macro.name, header=macro.name)
    files = {"rtl/top.v": rtl.text, **companion_files(rtl.text)}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return BulkSimulator(Case(folder, {
        "top": macro.name, "ports": [Port(*port).to_json() for port in rtl.ports], "files": dict.fromkeys(files, ""),
        "latency_cycles": plan.whole.latency_cycles, "initiation_interval_cycles": macro.planes}))


def reference(macro: CimMacro, integers: CimIntegers, cells: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The result term by term, in plain integers."""
    u = np.zeros((len(x), macro.columns), dtype=np.int64)
    for plane in range(macro.activation_bits):
        weight = -(1 << plane) if macro.signed and plane == macro.activation_bits - 1 else 1 << plane
        for low, high in macro.groups:
            partial = (x[:, low:high] >> plane & 1) @ cells[low:high]
            u += weight * (np.vectorize(macro.adc)(partial) if macro.adc else partial)
    s = x.sum(1, keepdims=True)
    on, off = macro.codes.on, macro.codes.off
    y = u - off * s if macro.encoding == "unipolar" else 2 * u - (on + off) * s
    if macro.narrow is None:
        return y
    return np.vectorize(macro.narrow)(np.array(integers.scale) * y + np.array(integers.offset) * s + integers.bias)


def random_macro(draw: random.Random) -> tuple[CimMacro, CimIntegers]:
    bits = draw.choice([1, 2, 3, 4, 8])
    rows, columns, storage = draw.choice([1, 2, 7, 16, 64]), draw.choice([1, 3]), draw.choice(["registers", "constant"])
    low, step, levels = draw.choice([-4, 0, 4]), draw.choice([1, 2, 4]), draw.choice([1, 7, 31])
    adc = Adc(draw.randint(1, rows), levels.bit_length(), low, low + levels * step, step)
    codes = CellCodes(draw.choice([2, 4]), 3, draw.choice([0, 1])) if storage == "constant" else CellCodes()
    narrow = Narrow(draw.randint(-1, 6), draw.choice(ROUNDINGS), draw.choice(OVERFLOWS),
                    Format.parse(draw.choice(["UQ4.0", "SQ8.0"])))
    settings = {
        "signed": draw.random() < 0.5, "bits_per_cycle": draw.choice([d for d in range(1, bits + 1) if bits % d == 0]),
        "encoding": draw.choice(ENCODINGS), "storage": storage,
        "banks": draw.choice([1, 3]) if storage == "registers" else 1,
        "technology": draw.choice(["generic", "fpga", "cells", "ultrascale"]),
        "adc": adc if draw.random() < 0.3 else None, "codes": codes if draw.random() < 0.4 else CellCodes(),
        "narrow": narrow if draw.random() < 0.4 else None}
    most = (1 << settings["codes"].bits) - 1
    cells = tuple(tuple(draw.randint(0, most) for _ in range(columns)) for _ in range(rows))
    affine = [tuple(draw.randint(-20, 20) for _ in range(columns)) for _ in range(3)] if settings["narrow"] else []
    integers = CimIntegers(cells if storage == "constant" else None, *affine)
    with pytest.raises(IllegalSetting, match="stages must be") as refused:
        plan_macro(CimMacro(rows, columns, bits, stages=999, **settings), integers)
    fewest, most_stages = map(int, refused.value.legal.split(" for")[0].split(" to "))
    return CimMacro(rows, columns, bits, stages=draw.randint(fewest, most_stages), **settings), integers


@pytest.mark.parametrize("number", range(24))
def test_random_macros(number, tmp_path, seed):
    draw = random.Random(f"{seed} {number}")
    macro, integers = random_macro(draw)
    rng = np.random.default_rng(draw.getrandbits(32))
    fmt = macro.activation
    x = rng.integers(fmt.minimum, fmt.maximum + 1, (_BEATS, macro.rows))
    x[:2] = [[fmt.maximum], [fmt.minimum]]
    bank, writes = rng.integers(0, macro.banks, _BEATS), None
    banks = [np.array(integers.cells)] * macro.banks
    if integers.cells is None:
        banks = [rng.integers(0, 2, (macro.rows, macro.columns)) for _ in range(macro.banks)]
        words = np.concatenate([
            pack(weights.astype(np.uint8), field_bits(np.arange(macro.rows), macro.row_bits),
                 field_bits(np.full(macro.rows, which), macro.bank_bits)) for which, weights in enumerate(banks)])
        writes = Writes(words, [0] * len(words), [len(words)] * _BEATS)
    want = np.zeros((_BEATS, macro.columns), dtype=np.int64)
    for which, cells in enumerate(banks):
        chosen = bank == which
        if chosen.any():
            loaded = None if integers.cells is not None else torch.from_numpy(cells)
            want[chosen] = cim_golden(macro, integers, loaded)(torch.from_numpy(x[chosen])).numpy()
            assert (want[chosen] == reference(macro, integers, cells, x[chosen])).all(), macro
    words = pack(field_bits(x, macro.activation_bits), field_bits(bank, macro.bank_bits))
    compiled = simulator(macro, integers, tmp_path)
    for pause in (0.0, 0.4):
        result = compiled.run(words, input_pause=pause, output_pause=pause, seed=seed, writes=writes)
        got = unpack(result.outputs, macro.columns, macro.output_format(integers))
        assert (got == want).all(), macro
    assert result.latency_cycles >= macro.stages


def test_json_round_trip(seed):
    for number in range(50):
        macro, integers = random_macro(random.Random(f"{seed} {number}"))
        assert CimMacro.from_json(macro.to_json()) == macro
        assert CimIntegers.from_json(integers.to_json()) == integers
