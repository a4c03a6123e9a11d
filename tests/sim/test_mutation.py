"""Mutants of a case, and their fates."""

import shutil

import pytest

from quadcim.sim.mutation import Mutant, fates, mutants
from tests.conftest import make_unit

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")

_UNIT = make_unit("SQ2.2", "SQ1.3", "nearest", 2, "elastic")


def test_mutants_are_different_and_repeatable(make_case):
    case = make_case(_UNIT)
    with mutants(case, 12, seed=1) as found:
        texts = [mutant.path.read_text() for mutant in found]
    assert len(set(texts)) == len(texts) >= 8
    with mutants(case, 12, seed=1) as again:
        assert [mutant.path.read_text() for mutant in again] == texts
    assert not any(mutant.path.exists() for mutant in again)


def _edited(case, folder, *edits: tuple[str, str]) -> Mutant:
    text = case.rtl[0].read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / "mutant.v"
    path.write_text(text)
    return Mutant("by hand", path)


@pytest.mark.parametrize("old, new, fate", [
    ("stage2_moves | ~stage1_valid", "stage2_moves | 1'h0", "caught"),
    ("endmodule", "endmodule // the same", "equal"),
    # What is no beat does not matter.
    ("\n    if (i__ready) begin", "\n    if (i__ready & i__valid) begin", "equal"),
])
def test_fates(old, new, fate, make_case, tmp_path):
    case = make_case(_UNIT)
    assert list(fates(case, [_edited(case, tmp_path, (old, new))])) == [fate]


def test_a_change_beyond_the_vectors_is_missed(make_case, tmp_path):
    case = make_case(make_unit("SQ2.14", "SQ2.14", "nearest", 1, "always"))
    shipped = (case.folder / "vectors/input.hex").read_text()
    rare = next(x for x in range(1 << 15, 1 << 16) if f"{x:04x}\n" not in shipped)
    mutant = _edited(case, tmp_path, ("o__valid <= i__valid;", f"o__valid <= i__valid & i__payload != 16'd{rare};"))
    assert list(fates(case, [mutant])) == ["missed"]
