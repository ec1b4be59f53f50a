"""What stands between a model and a circuit: all of it in one list, before anything long starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def refusal(model: str, problems: Sequence[Problem], *notes: str) -> UnsupportedError:
    """Return the one error that names every problem of a model.

    Parameters
    ----------
    model : str
        Name of the file.
    problems : sequence of Problem
        At least one.
    *notes : str
        Last lines for all of them; empty ones are left out.
    """
    nodes = len({(problem.op, problem.node) for problem in problems if problem.node})
    count = "1 node" if nodes == 1 else f"{nodes} nodes"
    if not nodes:
        head = f"{model} cannot be mapped to a circuit:"
    elif all(problem.node for problem in problems):
        head = f"{model} holds {count} that cannot be mapped to a circuit:"
    else:
        head = f"{model} holds {count} that cannot be mapped to a circuit, and more is in the way:"
    return UnsupportedError(
        "\n".join(
            [head, *(f"  {problem}" for problem in problems), *(f"  {n}" for n in notes if n)]
        )
    )


def in_file_order(problems: Iterable[Problem], kinds: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return problems under the names and op types of the file, in its order, each once.

    Parameters
    ----------
    problems : iterable of Problem
        Of any stage; nodes that a stage made are called ``<node of the file>/<what it does>``.
    kinds : mapping of node name to op type
        The file's nodes, in its order.
    """
    places = {name: place for place, name in enumerate(kinds)}
    found: dict[Problem, None] = {}
    for problem in problems:
        name = problem.node
        while name not in kinds and "/" in name:
            name = name.rpartition("/")[0]
        if name in kinds:
            problem = Problem(name, kinds[name], problem.text)
        found.setdefault(problem)
    return tuple(
        sorted(
            found,
            key=lambda problem: (not problem.node, places.get(problem.node, len(places))),
        )
    )
