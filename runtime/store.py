"""The file format of programs: a zip of ``program.json`` and one ``.npy`` an array; no pickle."""

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import BuildError, UsageError
from .ops.add import Add
from .ops.base import Op, TensorType
from .ops.concat import Concat
from .ops.conv import Conv
from .ops.dense import Dense
from .ops.lookup import Lookup
from .ops.maxpool import MaxPool
from .ops.requantize import Requantize
from .ops.reshape import Reshape
from .ops.sumpool import SumPool
from .ops.threshold import Threshold
from .program import Input, Node, Output, Program, Step, arrays, describe

PROGRAM_FILE = "program.sangi"
"""Its name in a build and in a driver."""

FORMAT = 1
"""Version of the file format."""

OPS: dict[str, type[Op]] = {
    op.__name__: op
    for op in (Add, Concat, Conv, Dense, Lookup, MaxPool, Requantize, Reshape, SumPool, Threshold)
}

DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
    ArithmeticError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile, zlib, json, NumPy and the assembly raise where a byte of a file is wrong."""

_DATE = (1980, 1, 1, 0, 0, 0)


def save_program(program: Program, path: Path) -> None:
    """Write a program; the same program gives the same bytes."""
    head = {"format": FORMAT, "digest": program.digest, "program": describe(program)}
    with zipfile.ZipFile(path, "w") as archive:
        _write(archive, "program.json", json.dumps(head, indent=1, sort_keys=True).encode())
        for name, array in sorted(arrays(program).items()):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            _write(archive, f"{name}.npy", buffer.getvalue())


def load_program(path: Path) -> Program:
    """Read a program and check its digest.

    Raises
    ------
    UsageError
        If there is no such file.
    BuildError
        If the file is truncated, damaged, or of another version.
    """
    if not path.is_file():
        raise UsageError(f"{path} must be a program made by 'sangi compile': there is no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(archive.read("program.json"))
            tables = {
                name.removesuffix(".npy"): _read_array(archive.read(name))
                for name in archive.namelist()
                if name.endswith(".npy")
            }
        if head["format"] != FORMAT:
            raise BuildError(
                f"{path} must have format {FORMAT}, not {head['format']}; compile the model again"
            )
        program = _assemble(head["program"], tables)
    except DAMAGE as error:
        raise BuildError(
            f"{path} must be an undamaged program ({error}); compile the model again"
        ) from error
    if program.digest != head["digest"]:
        raise BuildError(
            f"{path} must have the digest {head['digest']}, not {program.digest}: the file was "
            "changed; compile the model again"
        )
    return program


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _read_array(content: bytes) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _assemble(head: dict[str, Any], tables: dict[str, npt.NDArray[Any]]) -> Program:
    nodes = []
    for index, entry in enumerate(head["nodes"]):
        kind = OPS[entry["op"]]
        values = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in entry["fields"].items()
        }
        for field in fields(kind):
            if field.name not in values:
                values[field.name] = tables[f"node.{index}.{field.name}"]
        nodes.append(Node(entry["name"], kind(**values), tuple(entry["inputs"]), entry["output"]))
    return Program(
        name=head["name"],
        inputs=tuple(
            Input(
                entry["tensor"],
                entry["name"],
                tuple(entry["model_shape"]),
                entry["layout"],
                entry["kind"],
                _steps(entry["before"]),
            )
            for entry in head["inputs"]
        ),
        nodes=tuple(nodes),
        outputs=tuple(
            Output(
                entry["tensor"],
                entry["name"],
                tables[f"output.{index}.scale"],
                tables[f"output.{index}.offset"],
                _steps(entry["after"]),
            )
            for index, entry in enumerate(head["outputs"])
        ),
        types={
            name: TensorType(tuple(entry["shape"]), entry["low"], entry["high"])
            for name, entry in head["types"].items()
        },
        original_weights=head["original_weights"],
    )


def _steps(entries: list[dict[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(entry["op"], entry["attributes"]) for entry in entries)
