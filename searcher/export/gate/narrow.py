"""Whether a file takes exponentials in float32, which a bound of four ulp would let pass."""

from typing import Any

import onnx
from onnx import TensorProto

from searcher.export.estimators import key_of
from searcher.export.gate.library_dumps import parts

ROUNDED = ("xgboost.XGBClassifier",)
"""Answers in float32; expf is nearly always the rounded float64 exponential, ONNX Runtime's not."""


def narrow_exp(proto: onnx.ModelProto, estimator: Any) -> str | None:
    """Name an exponential of float32 numbers in the file of an estimator that is ``ROUNDED``."""
    if not any(key_of(part) in ROUNDED for part in parts(estimator)):
        return None
    inferred = onnx.shape_inference.infer_shapes(proto).graph.value_info
    kinds = {value.name: value.type.tensor_type.elem_type for value in inferred}
    for node in proto.graph.node:
        if node.op_type == "Exp" and kinds.get(node.output[0]) == TensorProto.FLOAT:
            return f"{node.name!r} is an exponential of float32 in the file, of float64 in ours"
    return None
