"""The file that fixes single layers."""

import pytest

from sangi.compiler.mapping.layers_file import parse_layers, read_layers
from sangi.compiler.mapping.wishes import LayerWish
from sangi.runtime.errors import UsageError


def test_engine_and_settings(tmp_path):
    path = tmp_path / "layers.toml"
    path.write_text(
        '[layers."stack/a"]\nengine = "skipping"\npe = 4\n[layers.b]\nweight_style = "block"\n'
    )
    assert read_layers(path) == {
        "stack/a": LayerWish("skipping", {"pe": 4}),
        "b": LayerWish(None, {"weight_style": "block"}),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[layers", "layers file f must be TOML"),
        ("", 'must hold tables [layers."node"] and nothing else, not nothing of that kind'),
        ("[layers.a]\n[boards]", "and nothing else, not boards"),
        ("[layers]\na = 1", "[layers.a] must be a table of settings"),
        ("[layers.a.b]\npe = 1", "quote the names of nodes that hold dots"),
        ("[layers.a]\nengine = 3", "engine of layer 'a' must be a name, not 3"),
        ("[layers.a]\npe = 1.5", "pe of layer 'a' must be a whole number or a text, not 1.5"),
        ("[layers.a]\npe = true", "pe of layer 'a' must be a whole number or a text, not True"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(UsageError) as caught:
        parse_layers("f", text)
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "f.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"f\.toml cannot be read"):
        read_layers(tmp_path / "f.toml")
