"""What the user asks of the mapping beside a frame rate: engines, limits, single layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .layer import Setting
from .limits import Limit


@dataclass(frozen=True)
class LayerWish:
    """What is fixed of one layer.

    Attributes
    ----------
    engine : str or None
        The only engine that may compute it; None leaves it open.
    settings : mapping of str to int or str
        Values of the engine's settings (``pe``, ``simd``, ``weight_style``, …).
    """

    engine: str | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True)
class Wishes:
    """Everything that narrows the mapping's choice.

    Attributes
    ----------
    engines : tuple of str
        Engines that may compute Conv and Dense layers; all of them where it is empty, and for a
        layer that none of them can compute.
    limits : mapping of str to Limit
        By resource (``lut``, ``ff``, ``bram``, ``dsp``), the shell included; 80 % of what the board
        has where there is none.
    layers : mapping of str to LayerWish
        By node of the program; they go before ``engines``.
    """

    engines: tuple[str, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    layers: Mapping[str, LayerWish] = field(default_factory=dict)
