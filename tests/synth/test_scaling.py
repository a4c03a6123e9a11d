"""The estimate for 28 nm."""

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.synth.scaling import NODES_NM, scale_to_28

_SUPPLIES = {180: 1.8, 130: 1.2, 90: 1.1, 65: 1.1, 45: 1.0, 32: 0.9, 20: 0.9, 16: 0.8, 14: 0.8, 10: 0.75, 7: 0.7}


def test_energy_falls_from_node_to_node():
    factors = [scale_to_28(node, _SUPPLIES[node]).energy for node in NODES_NM]
    assert factors == sorted(factors)
    assert factors[NODES_NM.index(32)] < 1 < factors[NODES_NM.index(20)]


def test_delay_falls_from_larger_nodes():
    factors = [scale_to_28(node, _SUPPLIES[node]).delay for node in NODES_NM[:5]]
    assert factors == sorted(factors) and factors[-1] < 1
    assert scale_to_28(7, 0.7).delay > 1


def test_180_nm():
    # 97.09 * 1.8^2 - 356.7 * 1.8 + 406.5 = 79.0 against 8.6 in between 32 and 20 nm; 24.64 * 1.8 - 17.98 = 26.4.
    factors = scale_to_28(180, 1.8)
    assert factors.delay == pytest.approx(8.6 / 79.0, rel=0.01)
    assert factors.energy == pytest.approx(0.362 / 26.4, rel=0.01)


@pytest.mark.parametrize("node, supply", [(350, 3.3), (28, 0.9), (180, 0.5)])
def test_what_the_equations_do_not_hold_for(node, supply):
    with pytest.raises(IllegalSetting, match="node-nm must be"):
        scale_to_28(node, supply)
