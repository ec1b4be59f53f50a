"""The float format: the standard ops, weights as float32."""

from __future__ import annotations

from collections.abc import Mapping

from . import codes
from .nodes.arithmetic import add, div, mul, neg, sub, sum_
from .nodes.concat import concat
from .nodes.elementwise import clip, maximum, minimum, relu
from .nodes.linear import conv, gemm, matmul
from .nodes.norm import batch_normalization
from .nodes.pool import (
    average_pool,
    global_average_pool,
    global_max_pool,
    max_pool,
    reduce_mean,
)
from .nodes.select import pad, slice_
from .nodes.shape import cast, dropout, flatten, identity, reshape, squeeze, transpose, unsqueeze
from .nodes.tail import arg_max, sigmoid, softmax
from .reader import Handler

FLOAT_HANDLERS: Mapping[str, Handler] = {
    "Add": codes.real(add),
    "ArgMax": codes.comparing(arg_max),
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": codes.cast(cast),
    "Clip": codes.clip(clip),
    "Concat": concat,
    "Conv": conv,
    "Div": codes.real(div),
    "Dropout": dropout,
    "Flatten": codes.moving(flatten),
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": codes.choosing(global_max_pool),
    "Identity": identity,
    "MatMul": matmul,
    "Max": maximum,
    "MaxPool": codes.choosing(max_pool),
    "Min": minimum,
    "Mul": codes.real(mul),
    "Neg": codes.real(neg),
    "Pad": pad,
    "ReduceMean": codes.real(reduce_mean),
    "Relu": codes.relu(relu),
    "Reshape": codes.moving(reshape),
    "Sigmoid": sigmoid,
    "Slice": codes.moving(slice_),
    "Softmax": softmax,
    "Squeeze": codes.moving(squeeze),
    "Sub": codes.real(sub),
    "Sum": codes.real(sum_),
    "Transpose": codes.moving(transpose),
    "Unsqueeze": codes.moving(unsqueeze),
}
