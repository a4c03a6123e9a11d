"""Boolean expressions of Liberty files."""

from itertools import product

import pytest

from quadcim.synth.expression import parse_expression

# What Liberty writes, and the same in Python.
_EXPRESSIONS = {
    "A": "A", "!A": "not A", "A'": "not A", "(A B)'": "not (A and B)", "!(A & B) | C": "not (A and B) or C",
    "A*B+C": "A and B or C", "A ^ B C": "(A != B) and C", "A + B'": "A or not B", "!A B": "not A and B",
    "(A ^ B) ^ C": "(A != B) != C", "A^B^C": "(A != B) != C", "!(!A)": "A", "A''": "A", "1": "True", "0": "False",
    "A | 0": "A", "(A & B) | (C & !D)": "A and B or C and not D",
}


@pytest.mark.parametrize("text", _EXPRESSIONS)
def test_value(text):
    expression = parse_expression(text)
    for values in product((False, True), repeat=4):
        row = dict(zip("ABCD", values, strict=True))
        assert expression.value(row) == eval(_EXPRESSIONS[text], {}, row), row


def test_verilog_keeps_the_structure():
    assert parse_expression("!(A B) + C ^ 1").verilog == "(~(A & B) | (C ^ 1'b1))"


@pytest.mark.parametrize("text", ["", "A &", "(A", "A)", "A # B", "& A", "!"])
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match="no boolean expression"):
        parse_expression(text)
