"""Memories of weights that are made of look-up tables: the cost model against Yosys.

Run as ``python tests/benchmarks/stored_words.py [FAMILY …]``. Words of random bits (as lists of
non-zeros and weights of several bits are) and of ternary codes (a half of them 0) with a registered
output, as the engines read them. Exit code 1 where the estimates of a family are off by more than
15 % in all, or one of more than 100 look-up tables by more than 40 %.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from yosys_counts import BOARDS, COMMANDS, count_modules

from sangi.hdl.cost import Resources
from sangi.hdl.estimate import stored_words
from sangi.hdl.memory import rom_attributes

WITHIN, EACH = 0.15, 0.40

SEEN = 100.0
"""Look-up tables from which on a single memory is judged."""


@dataclass(frozen=True)
class Words:
    """A memory to measure: ``ternary`` words are codes of two bits, 00, 01 and 11."""

    places: int
    bits: int
    ternary: bool = False

    @property
    def name(self) -> str:
        """Of its module."""
        return f"{'ternary' if self.ternary else 'random'}_{self.places}x{self.bits}"

    def content(self) -> npt.NDArray[np.int64]:
        """Return the bits: (places, bits)."""
        rng = np.random.default_rng([self.places, self.bits])
        if not self.ternary:
            return rng.integers(0, 2, (self.places, self.bits))
        shape = (self.places, self.bits // 2)
        sign = rng.integers(0, 2, shape)
        some = rng.integers(0, 2, shape)
        return np.stack([some, some & sign], axis=2).reshape(self.places, -1)

    def verilog(self) -> str:
        """Return the module."""
        attributes = ", ".join(f'{k} = "{v}"' for k, v in rom_attributes("distributed").items())
        width = max(1, (self.places - 1).bit_length())
        rows = "\n".join(
            f"    mem[{place}] = {self.bits}'b{''.join(map(str, row[::-1]))};"
            for place, row in enumerate(self.content().tolist())
        )
        return (
            f"module {self.name}(input clk, input [{width - 1}:0] a, "
            f"output reg [{self.bits - 1}:0] q);\n"
            f"  (* {attributes} *) reg [{self.bits - 1}:0] mem [0:{self.places - 1}];\n"
            f"  initial begin\n{rows}\n  end\n"
            f"  reg [{self.bits - 1}:0] first;\n"
            f"  always @(posedge clk) begin first <= mem[a]; q <= first; end\nendmodule\n"
        )


CASES = (
    *(Words(places, 32) for places in (16, 32, 64, 100, 128, 192, 256, 448, 512, 1024, 1500)),
    *(Words(places, 8) for places in (64, 256, 1024)),
    *(Words(places, 128) for places in (32, 144, 448)),
    *(Words(places, 32, ternary=True) for places in (36, 144, 576)),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where an estimate is too far off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=", ".join(BOARDS))
    families = parser.parse_args(arguments).families or list(BOARDS)
    unknown = [family for family in families if family not in BOARDS]
    if unknown:
        parser.error(f"FAMILY must be one of {', '.join(BOARDS)}, not {unknown[0]}")
    print(
        f"{'family':9} {'words':18} {'LUT':>7} {'Yosys':>7} {'a bit':>6} {'off':>7} FF, block RAM"
    )
    return 0 if all([compare(family) for family in families]) else 1


def compare(family: str) -> bool:
    """Print the lines of a family; return whether its estimates are close enough."""
    counted = measure(family)
    held, model, found = True, 0.0, 0.0
    for case in CASES:
        guess = stored_words(case.places, case.bits, "distributed", family)
        real = counted[case.name]
        off = guess.lut / max(1.0, real.lut) - 1
        missed = max(real.lut, guess.lut) >= SEEN and abs(off) > EACH
        held = held and not missed
        model, found = model + guess.lut, found + real.lut
        print(
            f"{family:9} {case.name:18} {guess.lut:>7,.0f} {real.lut:>7,.0f} "
            f"{real.lut / case.bits:>6.2f} {off:>+7.1%} {guess.ff:.0f}/{real.ff:.0f} "
            f"{guess.bram:g}/{real.bram:g}{'  MISSED' if missed else ''}",
            flush=True,
        )
    off = model / max(1.0, found) - 1
    print(f"{family:9} {'all':18} {model:>7,.0f} {found:>7,.0f} {'':6} {off:>+7.1%}", flush=True)
    return held and abs(off) <= WITHIN


def measure(family: str) -> dict[str, Resources]:
    """Return what Yosys makes of every case, by name."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "words.v"
        ports = [f"output [{c.bits - 1}:0] q_{c.name}, input [15:0] a_{c.name}" for c in CASES]
        parts = [f"  {c.name} i_{c.name}(clk, a_{c.name}, q_{c.name});\n" for c in CASES]
        top = f"module core(input clk, {', '.join(ports)});\n{''.join(parts)}endmodule\n"
        path.write_text("".join(case.verilog() for case in CASES) + top, encoding="utf-8")
        return count_modules([path], COMMANDS[family])


if __name__ == "__main__":
    sys.exit(main())
