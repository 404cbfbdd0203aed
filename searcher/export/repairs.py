"""In which ways a file can be written, when the first one did not pass.

Each way is a complete file that has to pass the whole gate. Ours comes first; then what skl2onnx
makes of the estimator, in float64, in float32, for an older opset, and in float32 with thresholds
rounded down.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper

from searcher.export.convert import serialise, to_onnx
from searcher.export.emitters.converted import add_converted
from searcher.export.estimators import EMITTERS, Predicted, add_cast, check_classes, key_of
from searcher.export.gate.dumped import LESS_OR_EQUAL, MEMBER, Floats
from searcher.export.gate.library_dumps import dump_trees
from searcher.export.gate.node_probes import last_true
from searcher.export.graph import OPSET, GraphBuilder
from searcher.model import FittedModel

OLDER_OPSET = 18
"""The oldest with every operator that we write; raising a converter's graph to ours may fail."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of writing the file."""

    name: str
    write: Callable[[], bytes]  # may raise ExportError
    is_ours: bool  # then it holds the model's numbers as they are


def ways(model: FittedModel, metadata: Mapping[str, str]) -> Iterator[Way]:
    """Yield the ways in the order in which they are tried."""
    if key_of(model.estimator) in EMITTERS:
        yield Way("own nodes", lambda: serialise(to_onnx(model, metadata=metadata)), is_ours=True)
    others: list[Literal["float64", "float32"]] = ["float64", "float32"]
    if key_of(model.estimator) not in EMITTERS and model.dtype == "float32":
        others.reverse()  # a user's family that states its arithmetic
    for dtype in others:
        yield Way(f"skl2onnx in {dtype}", partial(_convert, model, metadata, dtype), is_ours=False)
    older = partial(_convert, model, metadata, others[0], opset=OLDER_OPSET)
    yield Way(f"skl2onnx in {others[0]}, opset {OLDER_OPSET}", older, is_ours=False)
    if dump_trees(model.estimator) is not None:
        name = "skl2onnx in float32, thresholds rounded down"
        yield Way(name, partial(_convert_and_floor, model, metadata), is_ours=False)


def _convert(
    model: FittedModel,
    metadata: Mapping[str, str],
    dtype: Literal["float64", "float32"],
    opset: int = OPSET,
) -> bytes:
    write = partial(_add_converted, dtype=dtype, opset=opset)
    return serialise(to_onnx(model, metadata=metadata, write=write))


def _add_converted(
    graph: GraphBuilder,
    model: FittedModel,
    features: str,
    *,
    dtype: Literal["float64", "float32"],
    opset: int,
) -> Predicted:
    kind = TensorProto.DOUBLE if dtype == "float64" else TensorProto.FLOAT
    if model.classes:
        check_classes(model)
    cast = features if dtype == model.dtype else add_cast(graph, features, kind)
    return add_converted(graph, replace(model, dtype=dtype), cast, opset=opset)


def _convert_and_floor(model: FittedModel, metadata: Mapping[str, str]) -> bytes:
    """Round the thresholds of a float32 file down: float32 rows then go the way they went.

    A threshold between two float32 numbers that was rounded to the upper one sends that number
    the wrong way.
    """
    proto = onnx.load_from_string(_convert(model, metadata, "float32"))
    forest = dump_trees(model.estimator)
    if forest is not None:
        compared = ~forest.is_leaf & (forest.mode != MEMBER)
        lower = _lower(forest.threshold[compared])
        for node in proto.graph.node:
            if node.op_type.startswith("TreeEnsemble"):
                _floor(node, lower)
    return serialise(proto)


def _lower(thresholds: Floats) -> dict[float, float]:
    """Map float32 roundings of the model's thresholds to the float32 numbers below."""
    modes = np.full(len(thresholds), LESS_OR_EQUAL)
    pairs = zip(thresholds.astype(np.float32).tolist(), last_true(thresholds, modes), strict=True)
    lower: dict[float, float] = {}
    for rounded, below in pairs:
        lower[rounded] = min(float(below), lower.get(rounded, np.inf))
    return lower


def _floor(node: onnx.NodeProto, lower: Mapping[float, float]) -> None:
    for attribute in node.attribute:
        if attribute.name == "nodes_values":
            values = [lower.get(value, value) for value in attribute.floats]
            attribute.CopyFrom(helper.make_attribute("nodes_values", values))
