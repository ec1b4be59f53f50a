"""What is asked of images must fit them."""

from __future__ import annotations

from typing import Any

import pytest

from sangi.compiler.compress.data.check import check_moves
from sangi.runtime.errors import UsageError


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        (
            *((64,), {"shift": 1, "flip": False}),
            "shift and flip need images with rows and columns, not inputs of (64,)",
        ),
        (
            *((64,), {"shift": 0, "flip": True}),
            "shift and flip need images with rows and columns, not inputs of (64,)",
        ),
        (
            *((9, 8, 3), {"shift": 8, "flip": False}),
            "shift must be less than the 8 pixels of an image's side, not 8",
        ),
    ],
)
def test_moves_need_room(shape: tuple[int, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_moves(shape, **options)
    assert str(refused.value) == message


def test_images_may_move_within_themselves_and_features_stay() -> None:
    check_moves((9, 8, 3), shift=7, flip=True)
    check_moves((64,), shift=0, flip=False)
