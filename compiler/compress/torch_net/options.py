"""How networks are fine-tuned; importable without PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ....runtime.errors import UsageError

Precision = Literal["auto", "float32", "bfloat16"]

_LEAST = {"epochs": 1, "batch": 2, "shift": 0, "variants": 1, "seed": 0}


@dataclass(frozen=True)
class FitOptions:
    """Options of one fine-tuning.

    Attributes
    ----------
    epochs : int
        Passes over the training images.
    batch : int
        Images a step.
    rate : float
        Peak of the one-cycle learning rate, in units of a layer's root mean square.
    warmup : float
        Share of all steps in which the rate rises.
    weight_decay : float
        Of AdamW, on weights that are not ternary (a hidden weight that decays would become 0).
    smoothing : float
        Of labels, in the cross entropy.
    teacher : float
        Weight of the teacher's outputs against the labels, 0 … 1; 0: no teacher.
    temperature : float
        Of the distillation (Hinton et al. 2015).
    shift : int
        Images move by up to so many pixels in each direction, their edges repeated.
    flip : bool
        Whether half of the images are mirrored, left to right.
    light : float
        Contrast and brightness of images vary by such a share, 0 … 1.
    turn : float
        Images turn by up to so many degrees to either side, 0 … 180.
    zoom : float
        Rows and columns of images grow and shrink by up to such a share, 0 … 0.5.
    variants : int
        Moved versions of the training set. Epochs take them in turns, and the teacher sees each
        once, however many trainings there are.
    precision : str
        Of activations in training: ``auto`` takes bfloat16 where the processor computes with it.
        Evaluation is always in float32.
    threads : int or None
        None: as many as PyTorch takes. Another number gives other rounding of sums.
    seed : int
        Of the variants.
    """

    epochs: int = 10
    batch: int = 64
    rate: float = 0.02
    warmup: float = 0.15
    weight_decay: float = 1e-2
    smoothing: float = 0.05
    teacher: float = 0.9
    temperature: float = 4.0
    shift: int = 0
    flip: bool = False
    light: float = 0.0
    turn: float = 0.0
    zoom: float = 0.0
    variants: int = 48
    precision: Precision = "auto"
    threads: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value < least:
                raise UsageError(f"{name} must be at least {least}, not {value}")
        for name in ("warmup", "smoothing", "teacher", "light"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"{name} must be 0 … 1, not {value:g}")
        for name, most in (("turn", 180), ("zoom", 0.5)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise UsageError(f"{name} must be 0 … {most}, not {value:g}")
        for name in ("rate", "temperature"):
            value = getattr(self, name)
            if not value > 0:
                raise UsageError(f"{name} must be above 0, not {value:g}")
        if self.weight_decay < 0:
            raise UsageError(f"weight_decay must be at least 0, not {self.weight_decay:g}")
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads must be at least 1, not {self.threads}")
