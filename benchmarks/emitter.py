"""How long trees take to become a file, and how large it is, beside the stock converters.

``python -m benchmarks.emitter``: for each library one model, translated by us and by skl2onnx or
onnxmltools in turn, in one process. Seconds are medians; bytes are those of the serialised models.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from searcher.export.estimators import add_estimator
from searcher.export.graph import GraphBuilder
from searcher.model import FittedModel

N_ROWS, N_FEATURES, N_CLASSES = 4_000, 12, 3
CLASSES = tuple(range(N_CLASSES))
OPSETS = {"": 21, "ai.onnx.ml": 3}  # the highest of ai.onnx.ml that the converters can write


def make_rows(seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows that noise keeps boosters busy with, in three classes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, N_FEATURES)).astype(np.float32)
    signal = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=N_ROWS)
    return X, np.digitize(signal, np.quantile(signal, [1 / 3, 2 / 3]))


def make_models(rounds: int) -> dict[str, Any]:
    """Untrained models, about 100,000 nodes each at 300 rounds."""
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
    )
    from sklearn.tree import DecisionTreeClassifier
    from xgboost import XGBClassifier

    trees = max(1, rounds // 4)
    return {
        "decision tree": DecisionTreeClassifier(random_state=0),
        "random forest": RandomForestClassifier(trees, random_state=0, n_jobs=2),
        "extra trees": ExtraTreesClassifier(trees // 2 or 1, random_state=0, n_jobs=2),
        "gradient boosting": GradientBoostingClassifier(
            n_estimators=max(1, rounds // 3), max_depth=6, random_state=0
        ),
        "hist gradient boosting": HistGradientBoostingClassifier(
            max_iter=rounds, max_leaf_nodes=57, early_stopping=False, random_state=0
        ),
        "lightgbm": LGBMClassifier(
            n_estimators=rounds, num_leaves=57, random_state=0, n_jobs=2, verbosity=-1
        ),
        "xgboost": XGBClassifier(n_estimators=rounds, max_depth=7, random_state=0, n_jobs=2),
    }


def translate(estimator: Any) -> bytes:
    """Translate by our own nodes."""
    model = FittedModel("any", {}, None, "y", CLASSES, None, estimator, "float32")  # type: ignore[arg-type]
    graph = GraphBuilder(reserved=["label", "probabilities"])
    features = graph.input("X", TensorProto.FLOAT, ["rows", N_FEATURES])
    predicted = add_estimator(graph, model, features)
    for name, answer in (("label", predicted.codes), ("probabilities", predicted.probabilities)):
        graph.add("Identity", answer, name=name)
    graph.output("label", TensorProto.INT64, ["rows"])
    graph.output("probabilities", TensorProto.DOUBLE, ["rows", N_CLASSES])
    data: bytes = graph.build({}).SerializeToString()
    return data


def convert(estimator: Any) -> bytes:
    """Translate by skl2onnx, or the converter that onnxmltools has for it."""
    from skl2onnx import convert_sklearn, update_registered_converter
    from skl2onnx.common.data_types import FloatTensorType
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes

    library = type(estimator).__module__.partition(".")[0]
    if library == "lightgbm":
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import (
            convert_lightgbm as converter,
        )
    elif library == "xgboost":
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import (
            convert_xgboost as converter,
        )
    if library != "sklearn":
        update_registered_converter(
            type(estimator),
            type(estimator).__name__,
            calculate_linear_classifier_output_shapes,
            converter,
            options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
        )
    proto: onnx.ModelProto = convert_sklearn(
        estimator,
        initial_types=[("X", FloatTensorType([None, N_FEATURES]))],
        options={id(estimator): {"zipmap": False}},
        target_opset=OPSETS,
    )
    data: bytes = proto.SerializeToString()
    return data


def count_nodes(data: bytes) -> int:
    """Count inner nodes and leaves of our TreeEnsembles."""
    total = 0
    for node in onnx.load_from_string(data).graph.node:
        sizes = {a.name: len(a.ints) for a in node.attribute}
        total += sizes.get("nodes_featureids", 0) + sizes.get("leaf_targetids", 0)
    return total


def measure(
    work: Callable[[Any], bytes], estimator: Any, repeats: int
) -> tuple[float, bytes] | str:
    """Median seconds and the bytes, or what kept it from working."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        try:
            data = work(estimator)
        except Exception as error:  # noqa: BLE001 - whatever a converter raises goes into the table
            return type(error).__name__
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), data


def main() -> None:
    """Print a table, a line for each library."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of boosting; 300")
    parser.add_argument("--repeats", type=int, default=3, help="translations each; 3")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| model | nodes | ours s | converter s | ours MB | converter MB | MB ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    X, y = make_rows(seed=0)
    for name, estimator in make_models(chosen.rounds).items():
        estimator.fit(X, y)
        ours = measure(translate, estimator, chosen.repeats)
        stock = measure(convert, estimator, chosen.repeats)
        if isinstance(ours, str):
            raise SystemExit(f"{name}: ours failed with {ours}")
        cells = [name, f"{count_nodes(ours[1]):,}", f"{ours[0]:.2f}"]
        if isinstance(stock, str):
            cells += [stock, f"{len(ours[1]) / 1e6:.2f}", "", ""]
        else:
            cells += [f"{stock[0]:.2f}", f"{len(ours[1]) / 1e6:.2f}", f"{len(stock[1]) / 1e6:.2f}"]
            cells += [f"{len(ours[1]) / len(stock[1]):.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
