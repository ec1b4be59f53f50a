"""Reading of the file that fixes single layers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ...runtime.errors import UsageError
from .layer import Setting
from .wishes import LayerWish


def read_layers(path: Path) -> dict[str, LayerWish]:
    """Read a TOML file with a table ``[layers."node"]`` for every layer that is fixed.

    ::

        [layers."conv_3"]
        engine = "skipping"
        pe = 4
        banks = 8
        weight_style = "block"

    Whether a program has these layers, and the engine these settings, is known only to ``Offers``.

    Raises
    ------
    UsageError
        If the file cannot be read, is not TOML, or holds anything else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"layers file {path} cannot be read: {error}") from error
    return parse_layers(str(path), text)


def parse_layers(name: str, text: str) -> dict[str, LayerWish]:
    """Read the text of such a file; ``name`` stands in its errors."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"layers file {name} must be TOML: {error}") from error
    tables = content.pop("layers", None)
    if content or not isinstance(tables, dict):
        found = ", ".join(content) or "nothing of that kind"
        raise UsageError(
            f'layers file {name} must hold tables [layers."node"] and nothing else, not {found}'
        )
    return {layer: _wish(name, layer, table) for layer, table in tables.items()}


def _wish(name: str, layer: str, table: Any) -> LayerWish:
    if not isinstance(table, dict) or any(isinstance(value, dict) for value in table.values()):
        raise UsageError(
            f"layers file {name}: [layers.{layer}] must be a table of settings; "
            "quote the names of nodes that hold dots"
        )
    settings = {key: _setting(name, layer, key, value) for key, value in table.items()}
    engine = settings.pop("engine", None)
    if engine is not None and not isinstance(engine, str):
        raise UsageError(
            f"layers file {name}: engine of layer '{layer}' must be a name, not {engine}"
        )
    return LayerWish(engine, settings)


def _setting(name: str, layer: str, key: str, value: Any) -> Setting:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise UsageError(
            f"layers file {name}: {key} of layer '{layer}' must be a whole number or a text, "
            f"not {value!r}"
        )
    return value
