"""Weights from files of each kind."""

import io

import numpy as np
import pytest

from quadcim.cores.cim.weights import read_weights
from quadcim.spec.errors import IllegalSetting

_CELLS = [[1, 0, 1, 1, 0], [0, 1, 1, 0, 1]]


def saved(array) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(array))
    return file.getvalue()


@pytest.mark.parametrize("name, content", [
    ("w.npy", saved(_CELLS)), ("w.npy", saved(np.array(_CELLS, dtype=bool))), ("w.npy", saved(np.array(_CELLS) / 1.0)),
    ("w.csv", b"1,0,1,1,0\r\n0, 1, 1, 0, 1\r\n"), ("w.csv", "\ufeff1,0,1,1,0\n\n0,1,1,0,1".encode()),
    ("w.csv", "1,0,1,1,0\n0,1,1,0,1\n".encode("utf-16")),
    ("w.txt", b"# of a test\n1 0 1 1 0 # first\n0\t1 1 0 1\n"),
    ("w", b"1.000000000000000000e+00 0. 1 +1 0\n0 1 1 0 1\n"),
    ("w.hex", b"0d\n\n16\n"),
])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar"])
def test_zeros_and_ones(name, content, encoding, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert read_weights(tmp_path / name, encoding=encoding, columns=5).tolist() == _CELLS


@pytest.mark.parametrize("name, content", [
    ("w.npy", saved(2 * np.array(_CELLS) - 1)), ("w.csv", b"1,-1,1,1,-1\n-1,1,1,-1,1\n"),
    ("w.txt", b"+1 -1.0 1 1 -1\n-1 1 1 -1 1\n")])
def test_bipolar_weights_may_be_signs(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert read_weights(tmp_path / name, encoding="bipolar").tolist() == _CELLS
    with pytest.raises(IllegalSetting, match="0 and 1 for unipolar weights, got .* has -1.* in row 0, column 1"):
        read_weights(tmp_path / name, encoding="unipolar")


def test_hexadecimal_rows_without_a_number_of_columns(tmp_path):
    (tmp_path / "w.hex").write_text("0D\nF0\n")
    assert read_weights(tmp_path / "w.hex", encoding="unipolar").tolist() == [[1, 0, 1, 1, 0, 0, 0, 0],
                                                                           [0, 0, 0, 0, 1, 1, 1, 1]]


@pytest.mark.parametrize("name, content, message", [
    ("w.csv", b"1,0\n1\n", "rows of equally many weights, got .* has 1 to 2 in a row"),
    ("w.csv", b"", "rows of equally many weights, got .* has none"),
    ("w.csv", b"a,b\n1,0\n", "numbers, and nothing else, got .* has 'a' in line 1"),
    ("w.csv", b"1,nan\n", "has 'nan' in line 1"), ("w.txt", b"1 1_0\n", "has '1_0' in line 1"),
    ("w.txt", b"0 2\n", "matrix of 0 and 1 or -1 and 1 for bipolar weights, got .* has 2.0 in row 0, column 1"),
    ("w.txt", b"0 1\n-1 1\n", "has 0.0 in row 0, column 0"),
    ("w.txt", b"1 0\n" * 1025, "at most 1024 x 512 weights, got .* has more rows"),
    ("w.csv", b"1," * 512 + b"1\n", "at most 1024 x 512 weights, got .* has 513 in line 1"),
    ("w.txt", "1 0\n".encode("utf-16-be"), "in UTF-8 or in UTF-16 with a byte-order mark"),
    ("w.hex", b"0d\n3\n", "rows of equally many weights"), ("w.hex", b"xy\n", "hexadecimal digits"),
    ("w.hex", b"f" * 100_000, "hexadecimal digits"),
    ("w.npy", saved(_CELLS)[:-1], "fewer bytes than that"), ("w.npy", b"1,0\n", "no array of NumPy's"),
    ("w.npy", saved([[1j]]), "has shape .* and type complex128"), ("w.npy", saved([1, 0]), "has shape"),
    ("w.npy", saved(np.zeros((0, 4))), "1 x 1 to 1024 x 512"), ("w.npy", saved([[float("nan")]]), "nan in row 0"),
    ("w.npy", saved(_CELLS).replace(b"(2, 5)", b"(2**9, 5)"), "no array of NumPy's"),
    ("w.npy", saved(_CELLS).replace(b"(2, 5), }     ", b"(99999, 5), } "), "fewer bytes than that"),
])
def test_other_files_are_refused(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IllegalSetting, match=message) as refused:
        read_weights(tmp_path / name, encoding="bipolar")
    assert refused.value.option == "weights" and "\n" not in str(refused.value)


def test_hexadecimal_rows_have_no_bits_beyond_the_columns(tmp_path):
    (tmp_path / "w.hex").write_text("2d\n16\n")
    with pytest.raises(IllegalSetting, match="row of 2 hexadecimal digits in each line, for 5 columns, got .* line 1"):
        read_weights(tmp_path / "w.hex", encoding="unipolar", columns=5)
