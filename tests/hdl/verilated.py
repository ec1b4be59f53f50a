"""Components in Verilator, many in one executable, each between streams of its own.

What the harness beside this file does in Amaranth's simulator: every transfer with its cycle, with
or without random stalls on every stream, at millions of cycles a second.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import Component
from harness import Run

from sangi.compiler.circuit.yosys import run_yosys
from sangi.sim.verilator.build import verilate

WORD = 32
MAIN = Path(__file__).with_name("verilated.cpp")


@dataclass(frozen=True)
class Bench:
    """Compiled components: the executable and, per component, the words of a beat in and out."""

    executable: Path
    words: tuple[tuple[int, int], ...]


def build(
    components: Sequence[Component],
    folder: Path,
    synthesis: Sequence[str] = (),
    cells: Sequence[Path] = (),
) -> Bench:
    """Compile components with one input ``i`` and one output ``o`` each into one executable.

    Parameters
    ----------
    synthesis : sequence of str
        Yosys commands that make a netlist of ``top``; without them it is simulated as it is.
    cells : sequence of Path
        Models of the netlist's cells, in Verilog.
    """
    m = Module()
    ports: list[Signal] = []
    words: list[tuple[int, int]] = []

    def port(name: str, width: int) -> Signal:
        ports.append(signal := Signal(width, name=name))
        return signal

    for number, component in enumerate(components):
        m.submodules[f"unit_{number}"] = component
        widths = []
        for letter, stream in (("i", component.i), ("o", component.o)):
            payload = Value.cast(stream.payload)
            # Three words or more: always an array in C++.
            widths.append(max(3, -(-len(payload) // WORD)))
            valid = port(f"{letter}_valid_{number}", 1)
            ready = port(f"{letter}_ready_{number}", 1)
            data = port(f"{letter}_data_{number}", widths[-1] * WORD)
            if letter == "i":
                m.d.comb += [stream.valid.eq(valid), ready.eq(stream.ready), payload.eq(data)]
            else:
                m.d.comb += [valid.eq(stream.valid), stream.ready.eq(ready), data.eq(payload)]
        words.append((widths[0], widths[1]))
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "top.il", Path(name) / "top.v"
        source.write_text(rtlil.convert(m, name="top", ports=ports, emit_src=False))
        run_yosys(
            [f"read_rtlil {source}", "proc", "opt_clean", *synthesis, f"write_verilog {target}"]
        )
        table = "\n".join(
            f"    {{&top.i_valid_{n}, &top.i_ready_{n}, top.i_data_{n}.data(), {i}, "
            f"&top.o_valid_{n}, &top.o_ready_{n}, top.o_data_{n}.data(), {o}}},"
            for n, (i, o) in enumerate(words)
        )
        main = MAIN.read_text().replace("/*UNITS*/", table)
        executable = verilate("top", [*cells, target], main, folder, optimize="-O0")
    return Bench(executable, tuple(words))


def run(
    bench: Bench, inputs: Sequence[Sequence[int]], counts: Sequence[int], seed: int = 0
) -> list[Run]:
    """Run all components side by side until each has taken its input and given its beats.

    Parameters
    ----------
    inputs : payloads for each component
    counts : beats expected of each component
    seed : stalls every stream at random, with a rate that changes from time to time; 0: sources
        are always valid from cycle 0 on (until exhausted) and sinks always ready

    Returns
    -------
    What passed through each component.

    Raises
    ------
    AssertionError
        If a component stands still before it is done, or gives more beats than expected.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, payloads in enumerate(inputs):
            size = bench.words[number][0] * WORD // 8
            data = b"".join(payload.to_bytes(size, "little") for payload in payloads)
            (folder / f"in{number}.bin").write_bytes(data)
        arguments = [str(folder), str(seed), *map(str, counts)]
        done = subprocess.run(
            [str(bench.executable), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        runs = []
        for number, count in enumerate(counts):
            size = bench.words[number][1] * WORD // 8
            data = (folder / f"out{number}.bin").read_bytes()
            given = [
                int.from_bytes(data[start : start + size], "little")
                for start in range(0, len(data), size)
            ]
            accepted = np.fromfile(folder / f"accepted{number}.bin", np.uint64).tolist()
            popped = np.fromfile(folder / f"popped{number}.bin", np.uint64).tolist()
            assert len(given) == count, f"component {number} gave {len(given)} of {count} beats"
            runs.append(Run([accepted], [popped], [given]))
    return runs
