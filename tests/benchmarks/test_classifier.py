from benchmarks import classifier
from quadcim.spec.cnn import BINARISERS
from quadcim.training.cnn import CnnTraining


def test_binarisers_are_compared_on_trained_weights(monkeypatch, capsys):
    monkeypatch.setattr(classifier, "_SEEDS", (0,))
    monkeypatch.setattr(classifier, "_DEFAULTS", CnnTraining(epochs=1))
    table = classifier.measure_binarisers()
    assert table.missed == 0
    rows = str(table).splitlines()[6:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows if row] == [*BINARISERS, *BINARISERS]
    assert capsys.readouterr().out == ""
