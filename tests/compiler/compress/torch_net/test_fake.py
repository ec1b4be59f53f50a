"""Rounding of activations and its gradient."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("low", "high"), ((0, 15), (-8, 7), (-3, 0)))
def test_codes_are_rounded_half_to_even_and_clamped(low, high):
    import torch

    from sangi.compiler.compress.torch_net.fake import round_codes

    x = np.arange(-20, 20, 0.25, dtype=np.float32)
    found = round_codes(torch.from_numpy(x), float(low), float(high)).numpy()
    assert_array_equal(found, np.clip(np.rint(x), low, high))


def test_the_gradient_passes_where_nothing_is_clamped():
    import torch

    from sangi.compiler.compress.torch_net.fake import round_codes

    x = torch.tensor([-9.0, -8.2, -3.0, 0.2, 7.2, 9.0], requires_grad=True)
    (round_codes(x, -8.0, 7.0) * torch.arange(1.0, 7.0)).sum().backward()
    assert x.grad.tolist() == [0, 2, 3, 4, 5, 0]
    x.grad = None
    # From 0 on it is a Relu as well: nothing passes below 0.
    (round_codes(x, 0.0, 7.0) * torch.arange(1.0, 7.0)).sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 4, 5, 0]
