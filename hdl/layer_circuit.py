"""What the circuits of Conv and Dense layers share: ports, weights and the FIFO of the output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from amaranth.lib.wiring import Component, In, Out

from .beat import Beat
from .fifo.params import FifoParams
from .filters import Weights
from .stream import beat_stream
from .window.params import WindowParams


class LayerParams(Protocol):
    """What is asked of an engine's parameters."""

    @property
    def window(self) -> WindowParams:
        """Windows of the frame; ``window.beat`` is what comes in."""
        ...

    @property
    def out(self) -> Beat:
        """What leaves."""
        ...

    @property
    def burst(self) -> int:
        """Output beats of one firing."""
        ...


P = TypeVar("P", bound=LayerParams)


class LayerCircuit(Component, Generic[P]):
    """A circuit with beats of ``window.beat`` at port ``i`` and of ``out`` at port ``o``.

    Parameters
    ----------
    params : LayerParams
    weights : int64 (filters, kernel height, kernel width, channels of a filter)
        They fit the parameters.
    fifos : one FifoParams
        Of the output; its burst is ``params.burst``.

    Raises
    ------
    ValueError
        If the FIFO does not fit the output.
    """

    def __init__(self, params: P, weights: Weights, fifos: Sequence[FifoParams]) -> None:
        (self.fifo,) = fifos
        self.fifo.check_output(params.out.width, params.burst)
        self.params = params
        self.weights = weights
        super().__init__(
            {"i": In(beat_stream(params.window.beat)), "o": Out(beat_stream(params.out))}
        )
