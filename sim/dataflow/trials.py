"""Whether a network keeps up with a frame every so many cycles, asked for many depths."""

from __future__ import annotations

from collections.abc import Mapping

from .execute import Execution, Late, execute, pace
from .graph import Dataflow
from .precedence import Unfolding
from .steady import recurrence

PATIENCE = 32
"""A trial may take so many times as many evaluations as the ones before it that kept up.

The others are the expensive ones: there the wait goes round and round. Those that keep up although
one channel is just deep enough take some more as well: with a patience of 4 depths of
examples/gtsrb came out 40 % larger together, with more than 32 no smaller.
"""


class Trials:
    """A network with a paced source, whose depths are tried one set after the other.

    Parameters
    ----------
    dataflow : Dataflow
    interval : int
        Cycles between the frames of the source.
    slack : int
        A trial has failed when its last frame ends so many cycles after it began at the source.
    """

    def __init__(self, dataflow: Dataflow, interval: int, *, slack: int) -> None:
        self.dataflow = dataflow
        self.interval = interval
        self.slack = slack
        # What does not depend on depths is made once for every number of frames.
        self._unfoldings: dict[int, Unfolding] = {}
        self._evaluations: dict[int, int] = {}

    def run(
        self, depths: Mapping[str, int], *, frames: int | None = None, thorough: bool = False
    ) -> Execution | None:
        """Return an execution that is proved to go on for ever at the interval, or None.

        Parameters
        ----------
        depths : mapping of str to int
            Depths of channels; the network's own where none is named.
        frames : int, optional
            By default those of the recurrence's state and two more.
        thorough : bool
            Take as long as it takes, instead of giving up what takes much longer than others did.

        Raises
        ------
        Deadlock
            If it stops for ever.
        """
        if frames is None:
            frames = self._unfolding(1).bounded(depths).reach + 2
        network = self._unfolding(frames).bounded(depths)
        known = self._evaluations.get(frames, 0)
        try:
            execution = execute(
                network,
                releases=pace(network, self.interval),
                deadline=(frames - 1) * self.interval + self.slack,
                effort=None if thorough or not known else PATIENCE * known,
            )
        except Late:
            return None
        if recurrence(execution) != self.interval:
            return None
        self._evaluations[frames] = max(known, execution.evaluations)
        return execution

    def _unfolding(self, frames: int) -> Unfolding:
        if frames not in self._unfoldings:
            self._unfoldings[frames] = Unfolding(self.dataflow, frames)
        return self._unfoldings[frames]
