"""A Conv or Dense node as the engines look at it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...runtime.ops.base import TensorType
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense

T = TypeVar("T")

Setting = int | str
"""Value of a setting of an engine: a number of lanes, a kind of memory."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer, what the user fixed of its circuit, and what is known of its weights.

    Attributes
    ----------
    name : str
        The program's node.
    op : Conv or Dense
    source, out : TensorType
        Of its input and output.
    fixed : mapping of str to int or str
        Settings that the user chose; engines offer only what agrees with them.
    family : str or None
        Of the board: what fits its multiplier blocks. None offers what any family has.
    levels : int
        Adders in a row between two registers where the clock leaves time for several.
    """

    name: str
    op: Conv | Dense
    source: TensorType
    out: TensorType
    fixed: Mapping[str, Setting] = field(default_factory=dict)
    family: str | None = None
    levels: int = 1
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def allows(self, **settings: Setting) -> bool:
        """Whether the user left these settings open, or chose just them."""
        return all(self.fixed.get(key, value) == value for key, value in settings.items())

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` gives, computed when it is first asked for.

        A search looks at hundreds of intervals, and tables of the weights do not depend on them.
        """
        if key not in self._known:
            self._known[key] = make()
        known: T = self._known[key]
        return known
