"""Limits: how they are read, and what they leave of a board."""

import pytest

from sangi.boards.load import load_board
from sangi.compiler.mapping.limits import Limit, budget_of, parse_limit
from sangi.runtime.errors import UsageError


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("12000", Limit(12000)),
        ("50%", Limit(50, True)),
        (" 2.5 % ", Limit(2.5, True)),
        ("0", Limit(0)),
        ("100%", Limit(100, True)),
    ],
)
def test_cells_or_percent(text, limit):
    assert parse_limit(text) == limit
    assert parse_limit(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "-1", "101%", "1e3", "half", "nan", "5%%"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"must be a number of cells, or 0% to 100%, not '"):
        parse_limit(text)


def test_four_fifths_are_free_where_nothing_is_said():
    board = load_board("pynq_z2")
    budget = budget_of(board, {"lut": Limit(1000), "dsp": Limit(50, True), "ff": Limit(90, True)})
    assert budget.tolist() == [1000, 0.9 * board.ff, 0.8 * board.bram, 0.5 * board.dsp]


def test_more_than_the_board_has_is_refused():
    message = "--max-bram must be at most the 140 block RAM of pynq_z2, not 141"
    with pytest.raises(UsageError, match=message):
        budget_of(load_board("pynq_z2"), {"bram": Limit(141)})


def test_a_resource_that_there_is_not_is_refused():
    with pytest.raises(UsageError, match="one of lut, ff, bram, dsp, not 'uram'"):
        budget_of(load_board("pynq_z2"), {"uram": Limit(1)})
