"""Features made by hand for trees, and answers of a file about exactly these features."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from searcher.export.emitters.trees import MEMBER
from searcher.export.estimators import add_estimator
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

CARDINALITIES = (3, 40, 90)
CLASSES = {"binary": ("a", "b"), "multiclass": ("a", "b", "c", "d"), "regression": ()}


def make_features(
    task: str, *, categoricals: int = 0, missing: float = 0.1, n: int = 400, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Category codes first, then numbers of four sizes, one often zero; NaN is missing."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, k, n) * 1.0 for k in CARDINALITIES]
    numbers = rng.normal(size=(n, 4)) * np.array([0.01, 1, 300, 1e5])
    numbers[: n // 5, 1] = 0
    X = np.column_stack([*codes[:categoricals], numbers]).astype(np.float32).astype(np.float64)
    signal = numbers[:, 1] + rng.normal(scale=0.5, size=n)
    if categoricals:
        signal += (codes[0] == 1) + (codes[1] % 3 == 0)
    X[rng.random(X.shape) < missing] = np.nan
    if task == "binary":
        return X, (signal > np.median(signal)) * 1
    if task == "multiclass":
        return X, np.digitize(signal, np.quantile(signal, [0.3, 0.6, 0.85]))
    return X, 20 + 10 * signal


def to_graph(estimator: Any, n_features: int, task: str, dtype: str) -> onnx.ModelProto:
    """Translate a fitted estimator alone."""
    classes = CLASSES[task]
    model = FittedModel("mine", {}, None, "y", classes, None, estimator, dtype)  # type: ignore[arg-type]
    graph = GraphBuilder(reserved=["label", "out"])
    kind = TensorProto.DOUBLE if dtype == "float64" else TensorProto.FLOAT
    predicted = add_estimator(graph, model, graph.input("features", kind, ["rows", n_features]))
    if classes:
        graph.add("Identity", predicted.codes, name="label")
        graph.output("label", TensorProto.INT64, ["rows"])
    answer = predicted.probabilities if classes else predicted.values
    graph.add("Cast", answer, to=TensorProto.DOUBLE, name="out")
    graph.output("out", TensorProto.DOUBLE, ["rows", len(classes)] if classes else ["rows"])
    return graph.build({})


def answer(proto: onnx.ModelProto, X: NDArray[Any], *, threads: int = 1) -> dict[str, NDArray[Any]]:
    """Ask ONNX Runtime about features."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"features": X}), strict=True))


def thresholds(proto: onnx.ModelProto) -> list[tuple[int, float]]:
    """Return (feature, threshold) of every comparison of numbers in a graph."""
    found = []
    for node in proto.graph.node:
        if node.op_type != "TreeEnsemble":
            continue
        attributes = {entry.name: entry for entry in node.attribute}
        splits = numpy_helper.to_array(attributes["nodes_splits"].t)
        modes = numpy_helper.to_array(attributes["nodes_modes"].t)
        features = np.array(attributes["nodes_featureids"].ints)
        keep = modes != MEMBER
        found += list(zip(features[keep].tolist(), splits[keep].tolist(), strict=True))
    return found


def nasty_rows(
    X: NDArray[np.float64], proto: onnx.ModelProto, *, categoricals: int, seed: int = 0
) -> NDArray[np.float64]:
    """Rows of ``X``, rows on thresholds and a float32 ulp beside, odd numbers, any category."""
    rng = np.random.default_rng(seed)
    parts = [X]
    splits = [(f, t) for f, t in thresholds(proto) if f >= categoricals]
    if splits:
        near = X[rng.integers(len(X), size=900)].copy()
        for row in near:
            feature, threshold = splits[rng.integers(len(splits))]
            at = np.float32(threshold)
            row[feature] = (at, *(np.nextafter(at, np.float32(e)) for e in (-np.inf, np.inf)))[
                rng.integers(3)
            ]
        parts.append(near)
    odd = X[rng.integers(len(X), size=400)].copy()
    zero = np.float32(1e-35)  # LightGBM's
    values = [np.nan, 0.0, -0.0, zero, -zero, 1e-36, -1e-36, 1e-30, 1e30, -1e30]
    columns = rng.integers(categoricals, X.shape[1], len(odd))
    odd[np.arange(len(odd)), columns] = rng.choice(values, len(odd))
    parts.append(odd)
    if categoricals:
        other = X[rng.integers(len(X), size=400)].copy()
        codes = [np.nan, *range(max(CARDINALITIES) + 5), 255, 256, 300, 1000]
        columns = rng.integers(0, categoricals, len(other))
        other[np.arange(len(other)), columns] = rng.choice(codes, len(other))
        parts.append(other)
    parts.append(np.full((2, X.shape[1]), np.nan))
    rows = np.concatenate(parts).astype(np.float32).astype(np.float64)
    return rows[~np.isinf(rows).any(axis=1)]
