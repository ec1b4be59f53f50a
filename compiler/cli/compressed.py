"""A finished compression as a table for eyes."""

from __future__ import annotations

from ..compress.compress import Compressed
from ..compress.sizes import ENCODINGS
from .console import show_line, show_table

NAMES = {
    "dense": "dense",
    "nonzero": "non-zeros",
    "indexed": "non-zeros with indices",
    "deflate": "DEFLATEd",
}


def show_compressed(found: Compressed, *, percent: bool) -> None:
    """Show accuracies, sizes and cost of a compression.

    Parameters
    ----------
    found : Compressed
    percent : bool
        Whether accuracies are shares, to be shown in percent.
    """

    def value(score: float | None) -> str:
        if score is None:
            return "–"
        return f"{100 * score:.2f} %" if percent else f"{score:.5g}"

    accuracies, sizes = found.accuracies, found.sizes
    rows = [("validation", value(accuracies.original), value(accuracies.validation))]
    if accuracies.test is not None:
        rows.append(("test", value(accuracies.original_test), value(accuracies.test)))
    show_line(f"{found.chosen.label}\n")
    show_table("Accuracy", ("", "original", "result"), rows)
    show_table(
        "\nSize of the weights",
        ("", "KiB", "of float32"),
        [
            (
                NAMES[encoding],
                f"{getattr(sizes, encoding) / 8 / 1024:,.1f}",
                f"{sizes.ratio(encoding):.1f} × smaller",
            )
            for encoding in ENCODINGS
        ],
    )
    show_line(f"\n{found.trainings} trainings, {found.seconds:,.0f} s")
    show_line(f"written: {found.path}; the search: {found.work}")
