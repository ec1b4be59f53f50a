"""The float format: the standard ops, weights as float32."""

from __future__ import annotations

from collections.abc import Mapping

from .nodes.elementwise import add, clip, div, mul, relu, sub
from .nodes.linear import conv, gemm, matmul
from .nodes.norm import batch_normalization
from .nodes.pool import average_pool, global_average_pool, max_pool, reduce_mean
from .nodes.shape import cast, flatten, identity, reshape, squeeze, transpose, unsqueeze
from .nodes.tail import arg_max, sigmoid, softmax
from .reader import Handler

FLOAT_HANDLERS: Mapping[str, Handler] = {
    "Add": add,
    "ArgMax": arg_max,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": cast,
    "Clip": clip,
    "Conv": conv,
    "Div": div,
    "Dropout": identity,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Identity": identity,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Mul": mul,
    "ReduceMean": reduce_mean,
    "Relu": relu,
    "Reshape": reshape,
    "Sigmoid": sigmoid,
    "Softmax": softmax,
    "Squeeze": squeeze,
    "Sub": sub,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
