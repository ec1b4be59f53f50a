"""Clocks are looked at before anything long starts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from sangi.boards.load import list_boards, load_board
from sangi.compiler.compile import compile_model
from sangi.compiler.explore.model import explore_model
from sangi.compiler.project.flows import can_clock, check_clock
from sangi.runtime.errors import BoardError, UsageError

TOO_FAST = (
    "board ulx3s_85f: clock must be 25 MHz, the oscillator's own, or between 3.125 and 400 MHz "
    "on ECP5, not 500"
)


@pytest.mark.parametrize("name", list_boards())
def test_every_board_makes_its_own_clock(name: str) -> None:
    board = load_board(name)
    check_clock(board, board.clock_mhz)
    for clock in (1e-300, 1e308, math.inf):
        with pytest.raises(UsageError, match=r"^clock_mhz must be between 0\.001 and 1000, not "):
            check_clock(board, clock)
        assert not can_clock(board, clock)


@pytest.mark.parametrize("name", ["ulx3s_85f", "icebreaker", "arty_a7_35", "de10_nano"])
def test_a_clock_beyond_the_pll_is_refused(name: str) -> None:
    assert name in list_boards()
    with pytest.raises(BoardError, match=f"board {name}: clock must be "):
        check_clock(load_board(name), 999)
    assert not can_clock(load_board(name), 999)


def test_a_budget_has_any_clock() -> None:
    check_clock(replace(load_board("ulx3s_85f"), tool=None), 999)


def test_the_model_is_not_read_for_a_clock_that_cannot_be_made(tmp_path: Path) -> None:
    model, out = tmp_path / "none.onnx", tmp_path / "build"
    with pytest.raises(BoardError) as error:
        compile_model(model, "ulx3s_85f", out=out, clock_mhz=500)
    assert str(error.value) == TOO_FAST
    with pytest.raises(BoardError) as error:
        explore_model(model, "ulx3s_85f", clock_mhz=500)
    assert str(error.value) == TOO_FAST
    for clock in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="clock_mhz must be a number above 0"):
            explore_model(model, "ulx3s_85f", clock_mhz=clock)
