"""What the link carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sangi.compiler.mapping.design import Design
from sangi.compiler.report.link import link_fps


def test_a_board_without_a_known_link_has_no_rate(small: Design) -> None:
    assert link_fps(small) is None
    assert link_fps(replace(small, board=replace(small.board, shell="axi"))) is None


def test_the_busier_direction_counts(small: Design) -> None:
    settings = {"uart": {"baud": 1_000_000}}
    design = replace(small, board=replace(small.board, shell="uart", settings=settings))
    # 40 bytes and 16 of overhead, ten bits each; three scores of two bytes are less.
    assert link_fps(design) == pytest.approx(1_000_000 / (10 * 56), abs=1e-3)
