"""A circuit behind the packet shell, whatever carries the packets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import DeviceError
from ..ops.base import TensorType
from ..program import Program
from .device import Counters, Frame
from .elements import pack, packed_bytes, unpack
from .packets import PacketClient, Transport


class PacketDevice:
    """Runs frames through a ``PacketClient``; refuses a circuit made for another program.

    Parameters
    ----------
    program : Program
        What the circuit must compute; one input, one output.
    transport : Transport
        Closed by ``close``, and if opening fails.
    timeout, patience : float
        Seconds, see ``PacketClient``.
    retries : int
        See ``PacketClient``.

    Raises
    ------
    DeviceError
        If the program has several inputs or outputs, if nothing answers, or if the circuit was
        made for another program.
    """

    def __init__(
        self,
        program: Program,
        transport: Transport,
        *,
        timeout: float = 0.5,
        retries: int = 5,
        patience: float = 60.0,
    ) -> None:
        try:
            self._input, self._output = _types(program)
            self._client = PacketClient(
                transport, timeout=timeout, retries=retries, patience=patience
            )
            self._check(program)
        except BaseException:
            transport.close()
            raise

    def run(self, frames: Iterable[Frame], ahead: int | None = None) -> Iterator[Frame]:
        """Send frames as they come and yield their results in order."""
        sent = (pack(array, self._input) for (array,) in frames)
        for result in self._client.run(sent, ahead):
            yield (unpack(result, self._output),)

    def counters(self) -> Counters:
        """Ask the circuit."""
        info = self._client.status()
        return Counters(info.frames, info.cycles, info.stalls)

    def close(self) -> None:
        """Close the transport."""
        self._client.close()

    def _check(self, program: Program) -> None:
        info = self._client.info
        wanted = program.digest[:16]
        if info.digest.hex() != wanted:
            raise DeviceError(
                f"the circuit's program must have the digest {wanted}, not {info.digest.hex()}; "
                "load the bitstream of this build, or open the build of that bitstream"
            )
        sizes = packed_bytes(self._input), packed_bytes(self._output)
        if (info.frame_bytes, info.result_bytes) != sizes:
            raise DeviceError(
                f"the circuit's images and results must have {sizes[0]} and {sizes[1]} bytes, "
                f"not {info.frame_bytes} and {info.result_bytes}; compile and load it again"
            )


def _types(program: Program) -> tuple[TensorType, TensorType]:
    if len(program.inputs) != 1 or len(program.outputs) != 1:
        raise DeviceError(
            "a program on a packet device must have one input and one output, "
            f"not {len(program.inputs)} and {len(program.outputs)}"
        )
    return program.types[program.inputs[0].tensor], program.types[program.outputs[0].tensor]
