"""Shapes of a core for the tests of the AXI shell, and what the core in ``core.v.jinja`` makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sangi.hdl.beat import Beat
from sangi.hdl.shell.axi.params import AxiParams, AxiPortParams

DIGEST = "0123456789abcdef00"
FILE = "shape.json"


@dataclass(frozen=True)
class Shape:
    """Lanes, bits and beats of the core's input and output (signed), and the streams' words."""

    in_lanes: int
    in_bits: int
    in_beats: int
    out_lanes: int
    out_bits: int
    out_beats: int
    in_word: int = 4
    out_word: int = 4

    @property
    def params(self) -> AxiParams:
        return AxiParams(
            AxiPortParams(
                Beat(self.in_lanes, self.in_bits, False),
                self.in_lanes * self.in_beats,
                self.in_word,
            ),
            AxiPortParams(
                Beat(self.out_lanes, self.out_bits, True),
                self.out_lanes * self.out_beats,
                self.out_word,
            ),
            DIGEST,
        )

    def result(self, frame: bytes) -> bytes:
        """Return what the core makes of a frame, as the bytes of the stream, not filled up."""
        size = self.params.source.element_bytes
        mixed = 0
        for start in range(0, self.params.source.frame_bytes, size):
            element = int.from_bytes(frame[start : start + size], "little")
            element &= (1 << self.in_bits) - 1
            mixed = (mixed * 1000003 + element + 1) % (1 << 32)
        found = b""
        for index in range(self.out_lanes * self.out_beats):
            element = mixed * (2 * index + 3) % (1 << 32) >> (32 - self.out_bits)
            element -= (element >> (self.out_bits - 1)) << self.out_bits
            found += element.to_bytes(self.params.sink.element_bytes, "little", signed=True)
        return found

    def save(self, folder: Path) -> None:
        (folder / FILE).write_text(json.dumps(vars(self)))

    @classmethod
    def load(cls, folder: Path) -> Shape:
        return cls(**json.loads((folder / FILE).read_text()))
