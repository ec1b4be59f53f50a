"""The commands of ``sangi``, put together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from .boards import boards
from .compile import compile_
from .compress import compress
from .doctor import doctor
from .explore import explore
from .flash import flash
from .inspect import inspect
from .run import run
from .simulate import simulate

app = typer.Typer(
    name="sangi",
    help="From a trained ONNX network to an FPGA circuit that is proved right on real images.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("inspect")(inspect)
app.command("explore")(explore)
app.command("compress")(compress)
app.command("compile")(compile_)
app.command("simulate")(simulate)
app.command("flash")(flash)
app.command("run")(run)
app.command("doctor")(doctor)
app.command("boards")(boards)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sangi {version('sangi')}")
        raise typer.Exit


@app.callback()
def sangi(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """From a trained ONNX network to an FPGA circuit that is proved right on real images."""
