"""How a compression went, as a JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..workspace import new_file
from .history import History
from .search.events import Candidate
from .sizes import ENCODINGS, Sizes

SCHEMA = "sangi.compress/1"


def as_document(
    history: History,
    *,
    model: str,
    options: Mapping[str, Any],
    metric: str,
    accuracies: Mapping[str, float | bool | None],
    sizes: Sizes,
    trainings: int,
    seconds: float,
) -> dict[str, Any]:
    """Return a compression as JSON values.

    ``options`` says how it was called; ``accuracies`` what came out, by the part of the data, in
    the unit of ``metric``. ``sizes`` are those of the file: ``bits`` four ways, ``ratios`` to
    ``float32`` (null where no bits are left). ``trainings`` and ``seconds`` are those of
    everything. ``search`` holds ``target``, ``trainings``, ``broken_off``, ``seconds``, all
    ``candidates`` (the original first) with ``label``, ``steps`` [{stage, number, rung, amount}],
    ``score``, ``error``, ``holds``, ``sizes`` and cost, and ``path``: the places in ``candidates``
    from the original to the search's choice.
    """
    candidates = (history.original, *history.candidates)
    places = {candidate.steps: place for place, candidate in enumerate(candidates)}
    return {
        "schema": SCHEMA,
        "model": model,
        "options": dict(options),
        "metric": metric,
        "accuracies": dict(accuracies),
        "sizes": _sizes(sizes),
        "trainings": trainings,
        "seconds": round(seconds, 3),
        "search": {
            "target": history.target,
            "trainings": history.trainings,
            "broken_off": history.broken_off,
            "seconds": round(history.seconds, 3),
            "candidates": [_candidate(candidate) for candidate in candidates],
            "path": [places[candidate.steps] for candidate in history.path],
        },
    }


def write_record(document: Mapping[str, Any], path: Path) -> None:
    """Write a document; the file appears complete or not at all.

    Raises
    ------
    BuildError
        If it cannot be written.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with new_file(path) as place:
        place.write_text(text, encoding="utf-8")


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "label": candidate.label,
        "steps": [
            {
                "stage": step.stage,
                "number": step.number,
                "rung": step.rung.label,
                "amount": step.rung.amount,
            }
            for step in candidate.steps
        ],
        "score": candidate.score.value,
        "error": candidate.score.error,
        "holds": candidate.holds,
        "sizes": _sizes(candidate.sizes),
        "trainings": candidate.trainings,
        "broken_off": candidate.broken_off,
        "seconds": round(candidate.seconds, 3),
        "key": candidate.key,
    }


def _sizes(sizes: Sizes) -> dict[str, Any]:
    ratios = {encoding: sizes.ratio(encoding) for encoding in ENCODINGS}
    return {
        "float32": sizes.float32,
        "bits": {encoding: getattr(sizes, encoding) for encoding in ENCODINGS},
        "ratios": {
            encoding: round(ratio, 3) if math.isfinite(ratio) else None
            for encoding, ratio in ratios.items()
        },
    }
