"""Files of images, brought to what a program takes."""

import sys

import numpy as np
import pytest
from PIL import Image

from sangi.runtime.errors import DataError, UsageError
from sangi.runtime.images.netpbm import decode_netpbm
from sangi.runtime.images.read import read_batch
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.program import Input, Node, Output, Program


def program_for(*shape):
    kind = TensorType(shape, 0, 255)
    lookup = Lookup(np.arange(256)[None], 0)
    return Program(
        name="same",
        inputs=(Input("x", "x", shape, "NHWC", "bytes"),),
        nodes=(Node("same", lookup, ("x",), "y"),),
        outputs=(Output("y", "y", np.ones(1), np.zeros(1)),),
        types={"x": kind, "y": lookup.infer(kind)},
        original_weights=0,
    )


RGB = np.random.default_rng(2).integers(0, 256, (5, 7, 3), dtype=np.uint8)
COLOUR, GREY = program_for(5, 7, 3), program_for(5, 7, 1)


@pytest.mark.parametrize("name", ["a.png", "a.ppm", "a.bmp", "a.PNG"])
def test_a_picture_is_a_batch_of_one(name, tmp_path):
    Image.fromarray(RGB).save(tmp_path / name)
    np.testing.assert_array_equal(read_batch(tmp_path / name, COLOUR), RGB[None])


@pytest.mark.parametrize("name", ["a.png", "a.ppm"])
def test_colours_become_grey_as_with_pillow(name, tmp_path):
    Image.fromarray(RGB).save(tmp_path / name)
    want = np.asarray(Image.fromarray(RGB).convert("L"))
    np.testing.assert_array_equal(read_batch(tmp_path / name, GREY), want[None, ..., None])


@pytest.mark.parametrize("name", ["a.png", "a.pgm", "a.tif"])
def test_grey_becomes_three_equal_colours(name, tmp_path):
    Image.fromarray(RGB[..., 0]).save(tmp_path / name)
    want = np.repeat(RGB[None, ..., :1], 3, axis=3)
    np.testing.assert_array_equal(read_batch(tmp_path / name, COLOUR), want)
    np.testing.assert_array_equal(read_batch(tmp_path / name, GREY), want[..., :1])


def test_arrays_are_taken_as_they_are(tmp_path):
    many = np.stack([RGB, RGB[::-1]])
    np.savez(tmp_path / "a.npz", x=many)
    np.save(tmp_path / "many.npy", many)
    np.save(tmp_path / "one.npy", RGB)
    np.save(tmp_path / "grey.npy", RGB[..., 0])
    np.testing.assert_array_equal(read_batch(tmp_path / "a.npz", COLOUR), many)
    np.testing.assert_array_equal(read_batch(tmp_path / "many.npy", COLOUR), many)
    np.testing.assert_array_equal(read_batch(tmp_path / "one.npy", COLOUR), RGB[None])
    assert read_batch(tmp_path / "grey.npy", GREY).shape == (1, 5, 7)


def test_files_that_do_not_fit(tmp_path):
    Image.fromarray(RGB[:4]).save(tmp_path / "small.png")
    Image.fromarray(np.dstack([RGB, RGB[..., :1]])).save(tmp_path / "clear.png")
    np.savez(tmp_path / "other.npz", images=RGB)
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "old.ppm").write_text("P3 1 1 255 0 0 0")
    (tmp_path / "short.ppm").write_bytes(b"P6 7 5 255\n" + bytes(9))
    (tmp_path / "deep.pgm").write_bytes(b"P5 7 5 65535\n" + bytes(70))
    for name, message in (
        ("small.png", "must have 7×5 pixels, not 7×4"),
        ("clear.png", "must be opaque"),
        ("other.npz", "must hold an array 'x' of images, and it holds images"),
        ("text.npy", "must be an array file of NumPy"),
        ("text.png", "must be a picture"),
        ("old.ppm", r"must begin like a binary PGM or PPM \(P5, P6\)"),
        ("short.ppm", "of 7×5 must hold 105 bytes, not 9"),
        ("deep.pgm", "must have the largest value 255, not 65535"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            read_batch(tmp_path / name, COLOUR)
        assert str(tmp_path / name) in str(caught.value)
    with pytest.raises(UsageError, match="no such file"):
        read_batch(tmp_path / "none.png", COLOUR)
    with pytest.raises(DataError, match="a model that takes pictures"):
        read_batch(tmp_path / "small.png", program_for(35))


def test_other_pictures_need_pillow(tmp_path, monkeypatch):
    Image.fromarray(RGB).save(tmp_path / "a.bmp")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="other pictures need Pillow: pip install pillow"):
        read_batch(tmp_path / "a.bmp", COLOUR)


def test_comments_in_netpbm_headers():
    data = b"P6 # made by hand\n# twice\n2 1\n255\n" + bytes(range(6))
    np.testing.assert_array_equal(decode_netpbm(data).reshape(-1), range(6))
