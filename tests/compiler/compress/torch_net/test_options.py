"""Options and the missing package, without PyTorch."""

from __future__ import annotations

import pytest

from sangi.compiler.compress.torch_net import require
from sangi.compiler.compress.torch_net.options import FitOptions
from sangi.runtime.errors import ToolError, UsageError


@pytest.mark.parametrize(
    ("options", "message"),
    (
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch": 1}, "batch must be at least 2, not 1"),
        ({"shift": -1}, "shift must be at least 0, not -1"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"variants": 0}, "variants must be at least 1, not 0"),
        ({"teacher": 1.5}, "teacher must be 0 … 1, not 1.5"),
        ({"turn": -5}, "turn must be 0 … 180, not -5"),
        ({"zoom": 0.75}, "zoom must be 0 … 0.5, not 0.75"),
        ({"rate": 0.0}, "rate must be above 0, not 0"),
        ({"temperature": float("nan")}, "temperature must be above 0, not nan"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0, not -1"),
        ({"threads": 0}, "threads must be at least 1, not 0"),
    ),
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(UsageError) as caught:
        FitOptions(**options)
    assert str(caught.value) == message


def test_a_missing_pytorch_is_explained(monkeypatch):
    monkeypatch.setattr(require, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"not installed: pip install 'sangi\[train\]'"):
        require.require_torch()
