"""Files that hold no whole model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
from onnx import TensorProto

from .kind import Broken, Change, changed, content


def external(location: str, *, there: bytes | None = None, **entries: int) -> Change:
    """The weights of the convolution in a file of their own."""

    def change(model: onnx.ModelProto) -> None:
        tensor = max(model.graph.initializer, key=lambda entry: len(entry.raw_data))
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **entries}.items():
            tensor.external_data.add(key=key, value=str(value))

    return change


def with_file(kind: Broken, name: str, size: int) -> Broken:
    """A kind with a file of zeros beside it."""

    def write(folder: Path) -> Path:
        (folder / name).write_bytes(bytes(size))
        return kind.write(folder)

    return Broken(kind.name, write, kind.words)


def missing_file(folder: Path) -> Path:
    return folder / "nowhere.onnx"


def files() -> Iterator[Broken]:
    """Files that hold no whole model."""
    not_one = "must be an ONNX model; this file is not one, or it is truncated"
    yield Broken("a file that does not exist", missing_file, ("nowhere.onnx",), code=2)
    yield content("an empty file", lambda _: b"", "must be an ONNX model, not an empty file")
    yield content("text", lambda _: b"this is not ONNX", not_one)
    yield content("a truncated file", lambda whole: whole[:-40], not_one)
    yield content(
        "a model without a graph",
        lambda _: onnx.ModelProto(ir_version=8).SerializeToString(),
        "must be an ONNX model with nodes and outputs",
    )
    keeps = "keeps weights in weights.bin: put that beside the model (weights.bin is not there)"
    yield changed("external data that is missing", external("weights.bin"), keeps)
    beside = "must keep its data beside the model, not in"
    yield changed("external data at an absolute path", external("/etc/passwd"), beside)
    yield changed("external data outside the folder", external("../weights.bin"), beside)
    yield with_file(
        changed(
            "external data that is too short",
            external("weights.bin", offset=16, length=108),
            "needs bytes 16…124 of weights.bin, which has 100",
        ),
        "weights.bin",
        100,
    )
    yield with_file(
        changed(
            "external data of another length",
            external("weights.bin"),
            "is damaged: [36, 3] needs 108 bytes, and there are 100",
        ),
        "weights.bin",
        100,
    )
    yield with_file(
        changed(
            "external data at a negative place",
            external("weights.bin", offset=-4),
            "offset must be a number of bytes, not '-4'",
        ),
        "weights.bin",
        100,
    )
