"""How an estimator of whose arithmetic we know nothing is converted: through skl2onnx, alone.

Meant for families of users. The gate decides whether the result is good enough.
"""

import warnings

import onnx
from onnx import compose, version_converter

from searcher.errors import ExportError
from searcher.export.estimators import Predicted, add_squeeze
from searcher.export.graph import ML_DOMAIN, OPSET, GraphBuilder
from searcher.model import FittedModel

CONVERTED_ML_OPSET = 3
"""skl2onnx 1.20 writes tree operators that version 5 has deprecated."""


def add_converted(
    graph: GraphBuilder, model: FittedModel, features: str, *, opset: int = OPSET
) -> Predicted:
    """Add what skl2onnx makes of the estimator, in the arithmetic of ``model.dtype``.

    The whole graph becomes one of that ``opset``.

    Raises
    ------
    ExportError
        If there is no converter, or it fails.
    """
    converted = _convert(model, opset)
    prefix = graph.unique("estimator") + "/"
    body = compose.add_prefix_graph(converted.graph, prefix)
    start = onnx.helper.make_node("Identity", [features], [body.input[0].name])
    graph.append([start, *body.node], body.initializer)
    graph.opset, graph.ml_opset = opset, CONVERTED_ML_OPSET
    outputs = [value.name for value in body.output]
    if not model.classes:
        return Predicted(values=add_squeeze(graph, outputs[0]))
    return Predicted(codes=add_squeeze(graph, outputs[0]), probabilities=outputs[1])


def _convert(model: FittedModel, opset: int) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    tensor = DoubleTensorType if model.dtype == "float64" else FloatTensorType
    n_features = int(getattr(model.estimator, "n_features_in_", 0)) or None
    options = {id(model.estimator): {"zipmap": False}} if model.classes else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a converter's inside
            converted = convert_sklearn(
                model.estimator,
                initial_types=[("input", tensor([None, n_features]))],
                options=options,
                target_opset={"": opset, ML_DOMAIN: CONVERTED_ML_OPSET},
            )
        return _raise_opset(converted, opset)
    except Exception as error:  # skl2onnx and onnx raise any type
        raise ExportError(
            f"{type(model.estimator).__name__} can't be converted to ONNX in {model.dtype}: {error}"
        ) from error


def _raise_opset(converted: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """Bring the default domain to an opset: skl2onnx states the lowest that suffices."""
    versions = {entry.domain: entry.version for entry in converted.opset_import}
    if versions.get("", opset) == opset:
        return converted
    return version_converter.convert_version(converted, opset)
