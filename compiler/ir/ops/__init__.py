"""The ops of the graph IR, one a file: fields, shape rule and checks."""

from .add import Add
from .affine import Affine
from .averagepool import AveragePool
from .base import Op, Shape
from .batchnorm import BatchNorm
from .clip import Clip
from .concat import Concat
from .conv import Conv
from .dense import Dense
from .input import Input
from .maxpool import MaxPool
from .multithreshold import MultiThreshold
from .opaque import Opaque
from .pad import Pad
from .quantize import Quantize
from .relu import Relu
from .reshape import Reshape
from .slice import Slice
from .tail import ArgMax, Sigmoid, Softmax
from .transpose import Transpose

__all__ = [
    "Add",
    "Affine",
    "ArgMax",
    "AveragePool",
    "BatchNorm",
    "Clip",
    "Concat",
    "Conv",
    "Dense",
    "Input",
    "MaxPool",
    "MultiThreshold",
    "Op",
    "Opaque",
    "Pad",
    "Quantize",
    "Relu",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Transpose",
]
