"""Damaged files: byte-level mutations, and children that compile them under limits."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import helper

from sangi.boards.load import load_board
from sangi.compiler.check.oracle import needs_qonnx, open_oracle
from sangi.compiler.cli.main import main
from sangi.compiler.execute.real.execute import execute_real
from sangi.compiler.execute.run import run_graph
from sangi.compiler.execute.runtime import quiet_onnxruntime
from sangi.compiler.frontend import load
from sangi.compiler.ir.graph import Graph
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.onnx_io.read.inputs import with_input_shape
from sangi.compiler.survey import survey
from sangi.runtime.errors import SangiError, UnsupportedError
from sangi.runtime.host import execute
from sangi.runtime.program import Program
from sangi.runtime.store import load_program

SECONDS = 60
"""Of processor time: a busy machine must not fail a test."""

PATIENCE = 5
"""Times as many seconds on the clock are a hang."""

BYTES = 4 << 30
FRAMES = 24

#: Arrays of at least so many bytes are mutated less often than names, sizes and structure.
LARGE = 48


#: Mutations tried for one that still is a protobuf message: most are not, and end there.
TRIES = 200

INTEGERS = (0, 1, -1, 2, 3, 7, 255, 1 << 16, (1 << 31) - 1, -(1 << 31))
LONG = (*INTEGERS, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))
FLOATS = (0.0, -1.0, float("nan"), float("inf"), 1e-45, 1e-30, 3e38, -0.0, 0.5)


def mutate(content: bytes, random: np.random.Generator) -> bytes:
    """Return a damaged file: bytes anywhere, bytes that leave a message, or a field of it."""
    way = random.random()
    if way < 0.2:
        return mutate_bytes(content, random)
    if way < 0.6:
        for _ in range(TRIES):
            damaged = mutate_bytes(content, random)
            with contextlib.suppress(DecodeError):
                if len(onnx.load_model_from_string(damaged).graph.node):
                    return damaged
    return mutate_field(content, random)


def mutate_field(content: bytes, random: np.random.Generator) -> bytes:
    """Return a file with one field of one message changed, emptied, repeated or reordered."""
    model = onnx.load_model_from_string(content)
    messages = list(_messages(model))
    kinds = sorted({type(message).__name__ for message in messages})
    kind = kinds[int(random.integers(len(kinds)))]
    some = [message for message in messages if type(message).__name__ == kind]
    message = some[int(random.integers(len(some)))]
    fields = [field for field, _ in message.ListFields()]
    if not fields:
        return mutate_bytes(content, random)
    field = fields[int(random.integers(len(fields)))]
    value = getattr(message, field.name)
    if not isinstance(value, int | float | str | bytes | Message):
        _mutate_list(value, random)
    elif isinstance(value, Message):
        message.ClearField(field.name)
    elif isinstance(value, str):
        names = sorted(_names(model))
        setattr(message, field.name, str(random.choice(["", value + "_", *names])))
    elif isinstance(value, bytes):
        setattr(message, field.name, value[: len(value) // 2] if len(value) > 1 else b"")
    elif isinstance(value, float):
        setattr(message, field.name, float(random.choice(FLOATS)))
    else:
        wide = field.type == FieldDescriptor.TYPE_INT64
        with contextlib.suppress(ValueError):
            setattr(message, field.name, (LONG if wide else INTEGERS)[int(random.integers(10))])
    return bytes(model.SerializeToString())


def _mutate_list(values: Any, random: np.random.Generator) -> None:
    place = int(random.integers(len(values)))
    value = values[place]
    match int(random.integers(4)):
        case 0:
            del values[place]
        case 1:
            values.append(value)
        case 2 if isinstance(value, int | float):
            choices = LONG if isinstance(value, int) else FLOATS
            with contextlib.suppress(ValueError):
                values[place] = choices[int(random.integers(len(choices)))]
        case _:
            entries = list(values)[::-1]
            del values[:]
            values.extend(entries)


def _messages(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if isinstance(value, Message):
            yield from _messages(value)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for entry in value:
                yield from _messages(entry)


def _names(model: onnx.ModelProto) -> set[str]:
    nodes = model.graph.node
    return {name for node in nodes for name in (*node.input, *node.output, node.op_type)}


def mutate_bytes(content: bytes, random: np.random.Generator) -> bytes:
    """Return a file with one to three places damaged, most often outside its large arrays."""
    inside = _arrays(content)
    outside = np.flatnonzero(~inside)
    damaged = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        anywhere = random.random() < 0.15 or not len(outside)
        place = int(random.integers(len(content)) if anywhere else random.choice(outside))
        place = min(place, max(len(damaged) - 1, 0))
        length = int(random.choice([1, 1, 2, 4, 8, 40]))
        piece = bytes(damaged[place : place + length])
        match int(random.integers(9)):
            case 0:
                damaged[place] ^= 1 << int(random.integers(8))
            case 1:
                damaged[place] = int(random.integers(256))
            case 2:
                damaged[place : place + length] = b"\xff" * len(piece)
            case 3:
                damaged[place : place + length] = b"\x00" * len(piece)
            case 4:
                del damaged[place : place + length]
            case 5:
                damaged[place:place] = random.bytes(length)
            case 6:
                damaged[place:place] = piece
            case 7:
                damaged[place] = (damaged[place] + int(random.choice([1, -1]))) % 256
            case _:
                other = int(random.choice(outside)) if len(outside) else 0
                damaged[place : place + length] = content[other : other + length]
    if random.random() < 0.03:
        del damaged[int(random.integers(len(damaged) + 1)) :]
    return bytes(damaged)


def _arrays(content: bytes) -> np.ndarray:
    """Return which bytes of a file belong to its large arrays."""
    model = onnx.load_model_from_string(content)
    inside = np.zeros(len(content), bool)
    tensors = [*model.graph.initializer, *(a.t for n in model.graph.node for a in n.attribute)]
    for tensor in tensors:
        if len(tensor.raw_data) >= LARGE:
            start = content.find(tensor.raw_data)
            inside[start : start + len(tensor.raw_data)] = True
    return inside


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes
    ----------
    code : int or None
        The exit code; None where the process crashed, ran too long or raised what nobody expected.
    message : str
        What the user sees, or what went wrong.
    compared : bool
        Whether ONNX Runtime or qonnx runs the file, so that the results could be compared.
    refused : str
        Why they do not.
    wrong : str
        How results differ; empty where they do not.
    seconds : float
    """

    code: int | None
    message: str
    compared: bool
    refused: str
    wrong: str
    seconds: float


def compile_damaged(model: Path, folder: Path, *, whole: bool) -> Outcome:
    """Compile a file in a child of this process under the limits of time and memory.

    Parameters
    ----------
    model : Path
    folder : Path
        For what the child writes: new.
    whole : bool
        Whether to write the whole build through the command line, or to stop behind the mapping.
    """
    folder.mkdir()
    start = time.monotonic()
    child = os.fork()
    if not child:
        code = 1
        try:
            _child(model, folder, whole)
            code = 0
        finally:
            os._exit(code)
    status = None
    while status is None and time.monotonic() - start < PATIENCE * SECONDS:
        done, found = os.waitpid(child, os.WNOHANG)
        status = found if done else None
        time.sleep(0.01)
    seconds = time.monotonic() - start
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return Outcome(None, f"must end, not hang for {seconds:.0f} s", False, "", "", seconds)
    result = folder / "outcome.json"
    if status or not result.exists():
        output = folder / "output.txt"
        text = output.read_text(errors="replace")[-2000:] if output.exists() else ""
        return Outcome(
            None, f"the process died with status {status}: {text}", False, "", "", seconds
        )
    return Outcome(**json.loads(result.read_text()), seconds=seconds)


def _child(model: Path, folder: Path, whole: bool) -> None:
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    said = io.StringIO()
    program, code, compared, refused, wrong = None, 0, False, "", ""
    try:
        data = _calibration(model, folder)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            if whole:
                code = _command(model, folder / "build", data)
                if code == 0:
                    program = load_program(folder / "build" / "program.sangi")
            else:
                try:
                    program = load(model, data=data, mapped=True)
                    map_program(program, load_board("ulx3s_85f"))
                except SangiError as error:
                    code = error.exit_code
                    said.write(f"error: {error}")
        if program is not None:
            refused, wrong = _compare(model, program)
            compared = not refused
    except BaseException:
        code_or_none, text = None, traceback.format_exc()
    else:
        code_or_none, text = code, said.getvalue()
    left = folder / "build"
    if code_or_none and left.exists():
        code_or_none, text = None, f"{text}\nand it left {left} behind"
    (folder / "outcome.json").write_text(
        json.dumps(
            {
                "code": code_or_none,
                "message": text,
                "compared": compared,
                "refused": refused,
                "wrong": wrong,
            }
        )
    )


def _command(model: Path, build: Path, data: Path | None) -> int:
    options = [] if data is None else ["--data", str(data)]
    sys.argv = ["sangi", "compile", str(model), "--board", "ulx3s_85f", "-o", str(build), *options]
    try:
        main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def _calibration(model: Path, folder: Path) -> Path | None:
    """Write calibration images for a float model that can be read."""
    try:
        graph = survey(model, mapped=False).unquantized
    except SangiError:
        return None
    if graph is None:
        return None
    shape = graph.shape(graph.order()[0])
    random = np.random.default_rng(1)
    path = folder / "images.npz"
    np.savez(path, x=random.integers(0, 256, (8, *shape)).astype(np.uint8))
    return path


def _compare(model: Path, program: Program) -> tuple[str, str]:
    """Compare a program with ONNX Runtime or qonnx on random frames; of a float model, its graph.

    Returns why they do not execute the file, and how the results differ.
    """
    (entry,) = program.inputs
    unquantized = survey(model, mapped=False).unquantized
    kind = program.types[entry.tensor]
    x = np.random.default_rng(2).integers(0, 256, (FRAMES, *kind.shape)).astype(np.float32)
    scale, zero = 1.0, 0.0
    for step in entry.before:
        if step.op == "quantize" and len(step.attributes["scale"]) == 1:
            scale, zero = step.attributes["scale"][0], step.attributes["zero_point"][0]
    if entry.kind == "codes" and unquantized is None:
        x = (x / 255 * (kind.high - kind.low) + kind.low - np.float32(zero)) * np.float32(scale)
    fed = x
    if entry.layout == "NCHW":
        fed = np.moveaxis(x, -1, 1)
    fed = fed.reshape(FRAMES, *entry.model_shape)
    try:
        proto = onnx.load(model)
        expected = _qonnx(proto, fed) if needs_qonnx(proto) else _onnx_runtime(model, fed)
    except Exception as error:
        # A file that nobody else takes has no right answer.
        return str(error)[:700], ""
    if unquantized is None:
        found = execute(program, x)
    else:
        ends = {node: name for node, name in unquantized.outputs}
        values = _real(unquantized, x, fed)
        found = {ends[node]: values[node] for node in ends}
    return "", "; ".join(
        text for name, values in expected.items() if (text := _differs(name, found[name], values))
    )


def _real(graph: Graph, x: np.ndarray, fed: np.ndarray) -> dict[str, np.ndarray]:
    """Execute what was read of a float model; in float64 where ONNX Runtime knows no such op."""
    try:
        return {**run_graph(graph, x, [node for node, _ in graph.outputs])}
    except UnsupportedError:
        return {**execute_real(graph, fed)}


def _qonnx(model: onnx.ModelProto, x: np.ndarray) -> dict[str, np.ndarray]:
    names = [output.name for output in model.graph.output]
    return open_oracle(with_input_shape(model, None), names).run(x)


def _onnx_runtime(model: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    onnxruntime = quiet_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    kind = helper.tensor_dtype_to_np_dtype(
        {"tensor(float)": 1, "tensor(uint8)": 2, "tensor(int8)": 3}.get(entry.type, 1)
    )
    batch = entry.shape[0] if isinstance(entry.shape[0], int) else len(x)
    parts = [
        session.run(None, {entry.name: x[start : start + batch].astype(kind)})
        for start in range(0, len(x) - batch + 1, batch)
    ]
    names = [output.name for output in session.get_outputs()]
    return {
        name: np.concatenate([part[index] for part in parts]) for index, name in enumerate(names)
    }


def _differs(name: str, found: np.ndarray, expected: np.ndarray) -> str:
    """Return how an output differs from the expected one beyond float32 and rare ties."""
    found = found[: len(expected)]
    if found.size != expected.size:
        return f"{name} has shape {found.shape}, not {expected.shape}"
    first = found.reshape(len(expected), -1).astype(np.float64)
    second = expected.reshape(len(expected), -1).astype(np.float64)
    if not np.isfinite(second).all():
        # float32 overflowed: exact arithmetic does not.
        return ""
    size = np.abs(second).max()
    wrong = (np.abs(first - second) > 0.02 * size + 1e-30).any(axis=1)
    if wrong.mean() <= 0.1:
        return ""
    return (
        f"{name}: {int(wrong.sum())} of {len(wrong)} frames differ, {first[0][:4]} {second[0][:4]}"
    )
