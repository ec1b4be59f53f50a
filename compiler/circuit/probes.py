"""A design's streams as a simulation looks at them."""

from __future__ import annotations

from ...sim.probe import Probe
from ..mapping.design import Design


def probes_of(design: Design) -> tuple[Probe, ...]:
    """Return a probe for every stream, in topological order."""
    program = design.program
    makers = {entry.tensor: entry.name for entry in program.inputs}
    makers |= {node.output: node.name for node in program.nodes}
    return tuple(
        Probe(
            stream=stream.name,
            tensor=stream.tensor,
            node=makers[stream.tensor],
            unit=stream.source or "outside",
            beat=stream.beat,
            beats=stream.beats,
            shape=program.types[stream.tensor].shape,
        )
        for stream in design.streams
    )
