"""Broken and unmappable models are shown as far as they are understood, with all that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sangi.compiler.inspect.document import as_document
from sangi.compiler.inspect.inspect import inspect_model
from sangi.compiler.problems import refusal
from sangi.runtime.errors import SangiError

from ..onnx_io.broken.kind import Broken
from ..onnx_io.broken.kinds import KINDS

MODELS = [kind for kind in KINDS if not kind.options and "million" not in kind.name]


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.name)
def test_a_broken_model(tmp_path: Path, kind: Broken) -> None:
    path = kind.write(tmp_path)
    try:
        found = inspect_model(path)
    except SangiError as error:
        said = str(error)
    else:
        assert found.layers
        # What compile says: the same problems, or that a float model needs images.
        needs_images = f"{path.name} has no quantizers: give --data"
        said = str(refusal(path.name, found.problems, found.note, needs_images))
        assert found.problems or not found.quantized
        json.dumps(as_document(found, None))
        # Every problem of a node is at some layer too.
        shown = [text for row in found.layers for text in row.problems]
        assert all(problem.text in shown for problem in found.problems if problem.node)
    assert all(words in " ".join(said.split()) for words in kind.words), said
