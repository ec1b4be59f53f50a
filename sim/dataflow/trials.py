"""Whether a network keeps up with a frame every so many cycles, asked for many depths."""

from __future__ import annotations

from collections.abc import Mapping

from .execute import Execution, Late, execute, pace
from .graph import Dataflow
from .precedence import Unfolding
from .steady import recurrence


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

    def run(self, depths: Mapping[str, int], *, frames: int | None = None) -> Execution | None:
        """Return an execution that is proved to go on for ever at the interval, or None.

        Parameters
        ----------
        depths : mapping of str to int
            Depths of channels; the network's own where none is named.
        frames : int, optional
            By default those of the recurrence's state and two more.

        Raises
        ------
        Deadlock
            If it stops for ever.
        """
        if frames is None:
            frames = self._unfolding(1).bounded(depths).reach + 2
        network = self._unfolding(frames).bounded(depths)
        try:
            execution = execute(
                network,
                releases=pace(network, self.interval),
                deadline=(frames - 1) * self.interval + self.slack,
            )
        except Late:
            return None
        return execution if recurrence(execution) == self.interval else None

    def _unfolding(self, frames: int) -> Unfolding:
        if frames not in self._unfoldings:
            self._unfoldings[frames] = Unfolding(self.dataflow, frames)
        return self._unfoldings[frames]
