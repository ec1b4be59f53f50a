"""Options that narrow the mapping's choice, as the value that the mapping takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..mapping.limits import Limit
    from ..mapping.wishes import Wishes

Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Engine that may compute layers, as `sangi inspect` names them; may be repeated. "
        "Without it, and for layers that none of them computes, all.",
    ),
]
Layers = Annotated[
    Path | None,
    typer.Option(
        "--layers",
        metavar="FILE.toml",
        exists=True,
        dir_okay=False,
        help='Fixes single layers: tables \\[layers."node"] with engine, pe, simd, weight_style, …',
    ),
]


def _limit(kind: str, what: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        f"--max-{kind}",
        metavar="N|P%",
        help=f"Most {what} of the whole circuit, or percent of the board's; 80% without it.",
    )
    return option


MaxLut = Annotated[str | None, _limit("lut", "look-up tables")]
MaxFf = Annotated[str | None, _limit("ff", "flip-flops")]
MaxBram = Annotated[str | None, _limit("bram", "block RAMs")]
MaxDsp = Annotated[str | None, _limit("dsp", "DSP blocks")]


def read_wishes(
    engines: Sequence[str] | None,
    max_lut: str | None,
    max_ff: str | None,
    max_bram: str | None,
    max_dsp: str | None,
    layers: Path | None,
) -> Wishes:
    """Read the values of the options.

    Raises
    ------
    typer.BadParameter
        If an engine is unknown or a limit neither a number nor percent.
    UsageError
        If the file of layers cannot be read or holds something else.
    """
    from ..mapping.layers_file import read_layers
    from ..mapping.offers import ENGINES
    from ..mapping.wishes import Wishes

    for name in engines or ():
        if name not in ENGINES:
            raise typer.BadParameter(
                f"must be one of {', '.join(ENGINES)}, not {name!r}", param_hint="--engine"
            )
    texts = {"lut": max_lut, "ff": max_ff, "bram": max_bram, "dsp": max_dsp}
    return Wishes(
        engines=tuple(dict.fromkeys(engines or ())),
        limits={kind: _read_limit(kind, text) for kind, text in texts.items() if text is not None},
        layers={} if layers is None else read_layers(layers),
    )


def _read_limit(kind: str, text: str) -> Limit:
    from ..mapping.limits import parse_limit

    try:
        return parse_limit(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=f"--max-{kind}") from error
