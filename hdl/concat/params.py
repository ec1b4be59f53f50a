"""Parameters of the concatenation of several streams."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat


@dataclass(frozen=True)
class ConcatParams:
    """``turns`` times a frame, ``counts[k]`` beats of each input k in turn.

    All beats have the lanes of ``out``, whose bits hold every input's numbers. Or, with
    ``together``, one beat of every input at once, whose lanes are those of ``out`` one behind the
    other: then every count is 1.

    Attributes
    ----------
    turns : int
        Pixels of a frame where channels are joined, rows of it where columns are, 1 for rows.
    counts : tuple of int
    beats : tuple of Beat
        One per input.
    out : Beat
    together : bool
    """

    turns: int
    counts: tuple[int, ...]
    beats: tuple[Beat, ...]
    out: Beat
    together: bool = False

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.beats):
            raise ValueError(f"counts must be {len(self.beats)}, not {len(self.counts)}")
        lanes = [beat.lanes for beat in self.beats]
        if self.together and set(self.counts) != {1}:
            raise ValueError(f"counts must be 1 where beats are joined, not {self.counts}")
        if self.together and sum(lanes) != self.out.lanes:
            raise ValueError(f"output lanes must be {sum(lanes)}, not {self.out.lanes}")
        if not self.together and set(lanes) != {self.out.lanes}:
            raise ValueError(f"input lanes must be {self.out.lanes}, not {lanes}")
        low = min(_low(beat) for beat in self.beats)
        high = max(_high(beat) for beat in self.beats)
        if _low(self.out) > low or _high(self.out) < high:
            raise ValueError(f"the output must hold {low}…{high}, not {self.out}")

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.turns if self.together else self.turns * sum(self.counts)


def _low(beat: Beat) -> int:
    return -(1 << beat.bits - 1) if beat.signed else 0


def _high(beat: Beat) -> int:
    return (1 << beat.bits - beat.signed) - 1
