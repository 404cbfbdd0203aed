"""Small fitted models to export, and how to look into their graphs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper
from sklearn.base import clone

from search_spaces.columns import Column, Profile
from search_spaces.families.dummy import Dummy
from search_spaces.families.logistic_regression import LogisticRegression
from search_spaces.families.random_forest import RandomForest
from search_spaces.families.ridge import Ridge
from search_spaces.families.xgboost import XGBoost
from searcher.export.columns import to_feeds
from searcher.export.convert import serialise, to_onnx
from searcher.export.gate.probes import make_probes
from searcher.model import FittedModel, fit_model

FAMILIES = {f.name: f for f in (Dummy(), LogisticRegression(), Ridge(), RandomForest(), XGBoost())}
TASKS = ("binary", "multiclass", "regression")
CASES = [(name, task) for name, f in FAMILIES.items() for task in TASKS if task in f.tasks]
N_TRAIN = 300


@dataclass(frozen=True)
class Data:
    """A dataset with everything that may go wrong in a column."""

    columns: tuple[Column, ...]
    X: NDArray[np.float64]
    y: NDArray[Any]
    classes: tuple[str | int, ...]
    task: str

    @property
    def profile(self) -> Profile:
        return Profile(self.task, self.columns, len(self.X), len(self.classes))

    def only(self, *positions: int) -> "Data":
        columns = tuple(self.columns[i] for i in positions)
        return replace(self, columns=columns, X=self.X[:, positions])


def make_data(task: str = "binary", *, n: int = 400, seed: int = 0) -> Data:
    rng = np.random.default_rng(seed)
    columns, values = [], []

    def add(column: Column, x: NDArray[Any], missing: float) -> None:
        nothing = 0.0 if column.is_categorical else np.nan
        columns.append(column)
        values.append(np.where(rng.random(n) < missing, nothing, x))

    for i, scale in enumerate((0.01, 1.0, 300.0, 1e5)):
        add(Column(f"n{i}", "numeric", has_missing=True), rng.normal(scale, scale, n), 0.1)
    add(Column("const", "numeric"), np.full(n, 7.25), 0.0)
    add(Column("never", "numeric", has_missing=True), np.full(n, np.nan), 1.0)
    add(Column("flag", "boolean", has_missing=True), (rng.random(n) < 0.4) * 1.0, 0.05)
    add(Column("day", "date"), rng.integers(10_000, 20_000, n) + 0.25, 0.0)
    few, many = ("", "a", "b"), ("", *sorted(f"stufe {i} é" for i in range(12)))
    add(Column("few", "categorical", categories=few), rng.integers(1, 3, n) * 1.0, 0.0)
    add(Column("many", "categorical", True, many), rng.integers(1, 13, n) * 1.0, 0.1)
    X = np.column_stack(values)
    signal = np.nan_to_num(X[:, 1]) + np.nan_to_num(X[:, 2]) / 300 + (X[:, 9] % 3)
    signal += rng.normal(scale=0.5, size=n)
    if task == "binary":
        return Data(tuple(columns), X, (signal > 3) * 1, ("no", "yes"), task)
    if task == "multiclass":
        return Data(tuple(columns), X, np.digitize(signal, [2, 3, 4]), (3, 1, 7, -9), task)
    return Data(tuple(columns), X, 20 + 10 * signal, (), task)


def fit(data: Data, family: Any, *, seed: int = 0, cpus: int = 1, **changes: Any) -> FittedModel:
    """Fit a family's default, changed, on the first rows."""
    family = FAMILIES.get(family, family)
    configuration = {**family.default(data.profile), **changes}
    if "n_estimators" in configuration and "n_estimators" not in changes:
        configuration["n_estimators"] = 20
    return fit_model(
        family,
        configuration,
        data.X[:N_TRAIN],
        data.y[:N_TRAIN],
        profile=data.profile,
        target="target",
        classes=data.classes,
        seed=seed,
        cpus=cpus,
    )


def refit_with(
    model: FittedModel, data: Data, estimator: Any, dtype: str = "float64"
) -> FittedModel:
    """Put another estimator behind the model's preprocessing."""
    model = replace(model, estimator=clone(estimator), dtype=dtype, family="mine")
    model.estimator.fit(model.features(data.X[:N_TRAIN]), data.y[:N_TRAIN])
    return model


def probes_of(data: Data, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    return make_probes(data.columns, data.X[:N_TRAIN], seed=seed, held_out=data.X[N_TRAIN:])


def export(model: FittedModel, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
    return to_onnx(model, metadata=metadata or {})


def run(
    proto: onnx.ModelProto, model: FittedModel, X: NDArray[np.float64], *, threads: int = 1
) -> dict[str, NDArray[Any]]:
    """Answers of ONNX Runtime to rows of X."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(serialise(proto), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, to_feeds(model.profile, X)), strict=True))


def constant(proto: onnx.ModelProto, name: str) -> NDArray[Any]:
    return numpy_helper.to_array(_constant(proto, name)).copy()


def set_constant(proto: onnx.ModelProto, name: str, value: NDArray[Any]) -> None:
    _constant(proto, name).CopyFrom(numpy_helper.from_array(value, name))


def node_of(proto: onnx.ModelProto, op: str) -> onnx.NodeProto:
    return next(node for node in proto.graph.node if node.op_type == op)


def attribute(node: onnx.NodeProto, name: str) -> onnx.AttributeProto:
    return next(entry for entry in node.attribute if entry.name == name)


def _constant(proto: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(entry for entry in proto.graph.initializer if entry.name == name)
