"""The bench: feeds golden frames into the core, with random stalls, and checks every stream.

Runs inside the simulator, under cocotb. Reads ``manifest.json`` and ``golden.npz`` beside it.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

HERE = Path(__file__).resolve().parent
HALF_PERIOD_NS = 5
STALL = 0.25
PLACES = ("row", "column", "channel")


def payloads(values: Any, lanes: int, bits: int) -> list[int]:
    """Return the payload of every beat of a tensor; lane i in bits ``[i*bits, (i+1)*bits)``."""
    elements = values.astype(np.int64).reshape(-1, lanes, 1)
    flags = ((elements >> np.arange(bits)) & 1).astype(np.uint8)
    rows = np.packbits(flags.reshape(len(flags), lanes * bits), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


class Stream:
    """One stream of the core: what it must carry, and how far it is."""

    def __init__(self, entry: dict[str, Any], golden: Any) -> None:
        self.entry = entry
        self.golden = golden
        self.expected = payloads(golden, entry["lanes"], entry["bits"])
        self.count = 0

    @property
    def title(self) -> str:
        """The layer, its ONNX node and the stream."""
        entry = self.entry
        return (
            f"layer {entry['unit']} (node {entry['node']}, tensor {entry['tensor']}, "
            f"stream {entry['stream']})"
        )

    def check(self, payload: int) -> str | None:
        """Take one transfer; return what is wrong with it, or None."""
        index, self.count = self.count, self.count + 1
        if index >= len(self.expected):
            return f"{self.title} gives more than {len(self.golden)} frames"
        difference = payload ^ self.expected[index]
        return self.describe(index, payload) if difference else None

    def describe(self, index: int, payload: int) -> str:
        """Name the first wrong element of a beat: layer, frame, row, column, channel."""
        lanes, bits = self.entry["lanes"], self.entry["bits"]
        difference = payload ^ self.expected[index]
        lane = ((difference & -difference).bit_length() - 1) // bits
        got = payload >> (lane * bits) & ((1 << bits) - 1)
        if self.entry["signed"] and got >> (bits - 1):
            got -= 1 << bits
        places = np.unravel_index(index * lanes + lane, self.golden.shape)
        names = ("frame", *PLACES[-len(self.entry["shape"]) :])
        where = ", ".join(f"{name} {int(n)}" for name, n in zip(names, places, strict=True))
        must = int(self.golden[places])
        return f"{self.title} is wrong at {where}: must be {must}, not {got}"


def fail(message: str) -> None:
    """End the test with a message, also for the process that started the simulator."""
    Path(os.environ["SANGI_MESSAGE"]).write_text(message, encoding="utf-8")
    raise AssertionError(message)


async def every_stream(dut: Any) -> None:
    """Every transfer between two layers is what the integer program says."""
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    with np.load(HERE / "golden.npz") as golden:
        streams = [Stream(entry, golden[entry["golden"]]) for entry in manifest["streams"]]
    inputs = [stream for stream in streams if stream.entry["stream"] in manifest["inputs"]]
    inputs.sort(key=lambda stream: manifest["inputs"].index(stream.entry["stream"]))
    payload_of = [getattr(dut, f"{stream.entry['stream']}_payload") for stream in streams]
    source = random.Random(manifest["seed"])

    offered = [False] * len(inputs)
    missing = sum(len(stream.expected) for stream in streams)
    idle = 0
    dut.rst.value = 1
    dut.in_valid.value = 0
    dut.out_ready.value = 0
    for _ in range(4):
        await half_cycle(dut, 0)
        await half_cycle(dut, 1)
    dut.rst.value = 0

    while missing:
        for number, stream in enumerate(inputs):
            # A beat that is offered stays until it is taken.
            left = stream.count < len(stream.expected)
            if left and not offered[number] and source.random() >= STALL:
                offered[number] = True
                getattr(dut, f"in{number}_payload").value = stream.expected[stream.count]
        ready = [source.random() >= STALL for _ in manifest["outputs"]]
        dut.in_valid.value = sum(flag << number for number, flag in enumerate(offered))
        dut.out_ready.value = sum(flag << number for number, flag in enumerate(ready))
        await half_cycle(dut, 0)

        moved = int(dut.moved.value)
        idle = 0 if moved else idle + 1
        while moved:
            number = (moved & -moved).bit_length() - 1
            moved &= moved - 1
            stream = streams[number]
            wrong = stream.check(int(payload_of[number].value))
            if wrong is not None:
                fail(wrong)
            missing -= 1
            if stream in inputs:
                offered[inputs.index(stream)] = False
        if idle > manifest["bound"]:
            waiting = next(stream for stream in streams if stream.count < len(stream.expected))
            fail(
                f"{waiting.title} stands still after {waiting.count} of "
                f"{len(waiting.expected)} beats"
            )
        await half_cycle(dut, 1)


async def half_cycle(dut: Any, level: int) -> None:
    """Set the clock and let everything settle."""
    dut.clk.value = level
    await Timer(HALF_PERIOD_NS, unit="ns")


every_stream_test = cocotb.test()(every_stream)
