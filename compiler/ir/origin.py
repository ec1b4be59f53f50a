"""Which tensor of the ONNX file a node of the graph holds, and in what order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Origin:
    """A tensor of the file, its elements moved: ``node.flat[i] = onnx.flat[places[i]]``.

    Attributes
    ----------
    tensor : str
        Name in the ONNX file.
    places : int64 (elements of one frame,), or None
        None where the order of elements is the file's (shapes may differ).
    """

    tensor: str
    places: Places | None = None

    def moved(self, places: Places) -> Origin:
        """Return the origin of a tensor ``y.flat[i] = x.flat[places[i]]`` of this x."""
        return Origin(self.tensor, places if self.places is None else self.places[places])


def transposed(shape: tuple[int, ...], perm: tuple[int, ...]) -> Places:
    """Return the places that ``transpose_perm`` of a tensor of ``shape`` takes, in its order."""
    places: Places = np.arange(int(np.prod(shape)), dtype=np.int64)
    return np.ascontiguousarray(places.reshape(shape).transpose(perm)).reshape(-1)
