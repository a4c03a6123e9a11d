import pytest

from tests.pairwise import all_pairs, pairs_of, pairwise

OPTIONS = {"size": (1, 2, 3, 4), "kind": "abc", "on": (False, True), "fast": (False, True)}


@pytest.mark.parametrize("seed", range(5))
def test_every_pair_is_in_a_legal_case(seed):
    def legal(case):
        return not (case["size"] == 4 and case["kind"] == "a" and case["on"])

    design = pairwise(OPTIONS, legal=legal, seed=seed)
    assert set.union(*map(pairs_of, design)) == all_pairs(OPTIONS) and all(map(legal, design))
    assert len(design) <= 20  # of 48; 12 at least


def test_the_same_seed_gives_the_same_design():
    assert pairwise(OPTIONS, legal=bool, seed=1) == pairwise(OPTIONS, legal=bool, seed=1)
