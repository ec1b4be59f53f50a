"""Rendering of the files of a project."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import jinja2


def render(package: str, template: str, **values: object) -> str:
    """Return a template of a package, filled in; a value that is missing is an error.

    Parameters
    ----------
    package : str
        ``__package__`` of the caller.
    template : str
        File in it.
    **values
        What the template names.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = files(package).joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(text).render(**values)


def write_texts(folder: Path, texts: dict[str, str]) -> None:
    """Write files by their names, UTF-8 with ``\\n``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
