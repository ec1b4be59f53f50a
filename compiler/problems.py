"""What stands between a model and a circuit: all of it in one list, before anything long starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..runtime.errors import UnsupportedError


@dataclass(frozen=True)
class Problem:
    """One thing that cannot be mapped.

    Attributes
    ----------
    node : str
        Name of the node in the file; empty where the problem is not one node's.
    op : str
        Its op type as the file writes it.
    text : str
        "X must be …, not …", and behind a semicolon what would help.
    """

    node: str
    op: str
    text: str

    def __str__(self) -> str:
        """Return the line that users see."""
        return f"{self.op} '{self.node}': {self.text}" if self.node else self.text


def refusal(model: str, problems: Sequence[Problem], note: str = "") -> UnsupportedError:
    """Return the one error that names every problem of a model.

    Parameters
    ----------
    model : str
        Name of the file.
    problems : sequence of Problem
        At least one.
    note : str
        A last line for all of them.
    """
    count = "1 node" if len(problems) == 1 else f"{len(problems)} nodes"
    return UnsupportedError(
        "\n".join(
            [
                f"{model} holds {count} that cannot be mapped to a circuit:",
                *(f"  {problem}" for problem in problems),
                *([f"  {note}"] if note else []),
            ]
        )
    )
