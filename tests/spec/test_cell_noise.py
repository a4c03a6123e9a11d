from math import inf, nan

import pytest

from quadcim.spec.cell_noise import CellNoise, ReadNoise
from quadcim.spec.errors import IllegalSetting


@pytest.mark.parametrize("settings, message", [
    ({"gaussian": -0.1}, "gaussian must be a finite number of at least 0, got -0.1"),
    ({"gaussian": nan}, "gaussian must be a finite number of at least 0, got nan"),
    ({"lognormal": inf}, "lognormal must be a finite number of at least 0, got inf"),
    ({"stuck_on": 1.5}, "stuck-on must be a probability, 0 to 1, got 1.5"),
    ({"stuck_on": 0.75, "stuck_off": 0.5}, "stuck-off must be a probability, 0 to 0.25 beside stuck-on 0.75, got 0.5"),
    ({"drift": -1}, "drift must be a finite number of at least 0, got -1"),
    ({"drift_time": 0.5}, "drift-time must be a finite number of at least 1, got 0.5"),
    ({"seed": 1 << 30}, "seed must be a whole number from 0 to 1073741823, got 1073741824"),
    ({"seed": 1.0}, "seed must be a whole number from 0 to 1073741823, got 1.0"),
])
def test_refused_cell_noise(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        CellNoise(**settings)


@pytest.mark.parametrize("settings, message", [
    ({"sigma": -1}, "sigma must be a finite number of at least 0, got -1"),
    ({"sigma": 1, "seed": -1}, "seed must be a whole number from 0 to 1073741823, got -1"),
])
def test_refused_read_noise(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        ReadNoise(**settings)
