import pytest

from benchmarks.__main__ import main


@pytest.mark.parametrize("words, message", [
    (["costs"], "NAME: must be one of cost, functions, errors, baselines, delays, depth, "),
    (["accuracy", "--images", "nowhere.png"], "image must be a readable 8-bit grey or colour picture"),
])
def test_wrong_use_is_one_line(words, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m benchmarks: error: {message}")
