"""Bits of the weights, against plain counting."""

from __future__ import annotations

import zlib

import numpy as np

from sangi.compiler.mapping.design import Design
from sangi.compiler.report.weights import count_bits, weights_of


def test_every_encoding_is_counted(small: Design) -> None:
    conv, dense = (
        weights for node in small.program.nodes if (weights := weights_of(node)) is not None
    )
    assert conv.shape == (2, 3, 3, 2)
    assert dense.shape == (3, 2)
    bits = count_bits(small)
    assert bits.dense == 36 * 4 + 6 * 3
    zeros = int((conv == 0).sum()), int((dense == 0).sum())
    assert bits.nonzero == (36 - zeros[0]) * 4 + (6 - zeros[1]) * 3
    # 18 places in a filter of the convolution take 5 bits, 2 of the dense layer take 1.
    assert bits.indexed == (36 - zeros[0]) * (4 + 5) + (6 - zeros[1]) * (3 + 1)
    stored = conv.astype(np.int8).tobytes() + dense.astype(np.int8).tobytes()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    assert bits.deflate == 8 * len(packer.compress(stored) + packer.flush())
    # Two requantizers of 4 + 11 bits, and the adder's 1 + 1 + 1.
    assert bits.other == 2 * (4 + 11) + 3
    assert bits.float32 == 32 * 42
