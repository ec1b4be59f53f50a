"""The top component ``core``: every unit, joined by streams that keep their names."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out

from ..mapping.design import Design, Stream
from .ports import input_streams, output_streams


class Core(Component):
    """The whole network between its outside streams.

    Ports, for every input k ``in<k>_payload`` (In), ``in<k>_valid`` (In), ``in<k>_ready`` (Out) and
    for every output k ``out<k>_payload`` (Out), ``out<k>_valid`` (Out), ``out<k>_ready`` (In); in
    Verilog also ``clk`` and ``rst`` (synchronous, active high). A beat passes in every cycle in
    which valid and ready are high; its lanes are those of the stream's Beat. Latency and interval
    are ``design.latency_cycles`` and ``design.cycles_per_frame``.

    Inside, the signals of stream s03 are ``s03_payload``, ``s03_valid``, ``s03_ready``, and every
    unit is a submodule of its own name.

    Parameters
    ----------
    design : Design
    components : mapping of str to Component
        The component of every unit, by the unit's name; ports ``i`` or ``i0``, ``i1`` … and ``o``
        or ``o0``, ``o1`` ….
    """

    def __init__(self, design: Design, components: Mapping[str, Component]) -> None:
        self.design = design
        self.components = components
        self._inputs = input_streams(design)
        self._outputs = output_streams(design)
        ports: dict[str, In | Out] = {}
        for number, stream in enumerate(self._inputs):
            ports[f"in{number}_payload"] = In(stream.beat.width)
            ports[f"in{number}_valid"] = In(1)
            ports[f"in{number}_ready"] = Out(1)
        for number, stream in enumerate(self._outputs):
            ports[f"out{number}_payload"] = Out(stream.beat.width)
            ports[f"out{number}_valid"] = Out(1)
            ports[f"out{number}_ready"] = In(1)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Join the units."""
        m = Module()
        wires = {stream.name: _Wires(stream) for stream in self.design.streams}
        for unit in self.design.units:
            component = self.components[unit.name]
            m.submodules[unit.name] = component
            for port, name in zip(_names("i", unit.inputs), unit.inputs, strict=True):
                sink, wire = getattr(component, port), wires[name]
                m.d.comb += [
                    sink.payload.eq(wire.payload),
                    sink.valid.eq(wire.valid),
                    wire.ready.eq(sink.ready),
                ]
            for port, name in zip(_names("o", unit.outputs), unit.outputs, strict=True):
                source, wire = getattr(component, port), wires[name]
                m.d.comb += [
                    wire.payload.eq(source.payload),
                    wire.valid.eq(source.valid),
                    source.ready.eq(wire.ready),
                ]
        for number, stream in enumerate(self._inputs):
            wire = wires[stream.name]
            m.d.comb += [
                wire.payload.eq(getattr(self, f"in{number}_payload")),
                wire.valid.eq(getattr(self, f"in{number}_valid")),
                getattr(self, f"in{number}_ready").eq(wire.ready),
            ]
        for number, stream in enumerate(self._outputs):
            wire = wires[stream.name]
            m.d.comb += [
                getattr(self, f"out{number}_payload").eq(wire.payload),
                getattr(self, f"out{number}_valid").eq(wire.valid),
                wire.ready.eq(getattr(self, f"out{number}_ready")),
            ]
        return m


class _Wires:
    """The three signals of a stream."""

    def __init__(self, stream: Stream) -> None:
        self.payload = Signal(stream.beat.width, name=f"{stream.name}_payload")
        self.valid = Signal(name=f"{stream.name}_valid")
        self.ready = Signal(name=f"{stream.name}_ready")


def _names(prefix: str, streams: tuple[str, ...]) -> list[str]:
    """Return the names of a component's ports."""
    if len(streams) == 1:
        return [prefix]
    return [f"{prefix}{number}" for number in range(len(streams))]
