"""Whether a file holds the numbers that the fitted model and its code are made of.

Whatever rounds behind a number may hide that it is another one: a grid, a floor, a limit that no
row reaches. So the numbers are looked for among the file's constants.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from searcher.export.estimators import key_of
from searcher.export.gate.known_numbers import codes_of, means_of, scalars_of
from searcher.export.gate.library_dumps import parts

LINEAR = ("coef_", "intercept_")
WEIGHTS: Mapping[str, Sequence[str]] = {
    "sklearn.LogisticRegression": LINEAR,
    "sklearn.Ridge": LINEAR,
    "sklearn.LinearRegression": LINEAR,
    "sklearn.Lasso": LINEAR,
    "sklearn.ElasticNet": LINEAR,
    "sklearn.LinearSVC": LINEAR,
    "sklearn.LinearSVR": LINEAR,
    "sklearn.SVC": ("support_vectors_", "dual_coef_", "intercept_"),
    "sklearn.SVR": ("support_vectors_", "dual_coef_", "intercept_"),
    "sklearn._SigmoidCalibration": ("a_", "b_"),
    "sklearn.GaussianNB": ("theta_", "var_"),
    "sklearn.StandardScaler": ("mean_", "scale_"),
    "sklearn.RobustScaler": ("center_", "scale_"),
    "sklearn.MinMaxScaler": ("scale_", "min_"),
    "sklearn.SimpleImputer": ("statistics_",),
    "search_spaces.Imputer": ("statistics_",),
    "search_spaces.Projection": ("components_", "offset_"),
    "sklearn.KMeans": ("cluster_centers_",),
    "sklearn.DummyClassifier": ("class_prior_",),
    "sklearn.DummyRegressor": ("constant_",),
    "search_spaces.NeighboursClassifier": ("rows_", "targets_"),
    "search_spaces.NeighboursRegressor": ("rows_", "targets_"),
    "search_spaces.NearestCentroidClusters": ("cluster_centers_",),
    "search_spaces.PiecewiseLinear": ("knots_", "x0_", "y0_", "slope_"),
    "search_spaces.DensityClusters": ("cores_", "core_labels_"),
}
"""Fitted arrays that a file must hold as they are, in whatever shape."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What was looked for."""

    compared: list[str]  # in words
    difference: str | None = None  # the first, in words


def compare_constants(graph: onnx.GraphProto, estimator: Any, preprocessing: Any) -> Compared:
    """Look for the fitted arrays, the tables of encoders and the single numbers."""
    constants = dict(_constants(graph))
    difference = None
    said = []
    fitted = [*parts(estimator), *_steps(preprocessing)]
    unclaimed = dict(constants)
    for name, wanted in _weights(fitted):
        difference = difference or _missing(unclaimed, name, wanted)
        said.append(f"{wanted.size} of {name}")
    for part in fitted:
        if (codes := codes_of(part)) is not None:
            difference = difference or _no_codes(constants, codes)
            said.append(f"{len(codes)} codes of {type(part).__name__}")
        if (table := means_of(part)) is not None:
            difference = difference or _no_means(constants, *table)
            said.append(f"{table[0].size} means of {type(part).__name__}")
    numbers = [(type(part).__name__, number) for part in fitted for number in scalars_of(part)]
    if numbers:
        difference = difference or _lacking(constants, numbers)
        said.append(f"{len(numbers)} single numbers")
    return Compared(said, difference)


def wrong_classes(graph: onnx.GraphProto, classes: Sequence[str | int]) -> str | None:
    """Say that the label is not looked up among the names of the classes."""
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if "label" in node.output and classes and node.input[0] in tables:
            found = numpy_helper.to_array(tables[node.input[0]]).tolist()
            names = [name.decode() if isinstance(name, bytes) else name for name in found]
            if names != list(classes):
                return f"the classes are {names} in the file, {list(classes)} in the model"
    return None


def _no_codes(constants: Mapping[str, Any], wanted: NDArray[Any]) -> str | None:
    """Say that no constant is made of exactly these codes; rows tell where each has to stand."""
    tables = (array[~np.isnan(array)] for array in constants.values() if array.dtype.kind == "f")
    if any(np.array_equal(np.unique(array), wanted) for array in tables):
        return None
    return f"no constant of the file holds the {len(wanted)} codes of the model's OrdinalEncoder"


def _no_means(
    constants: Mapping[str, Any], wanted: NDArray[Any], unknown: NDArray[Any]
) -> str | None:
    """Say that no constant holds these means in their order."""
    rows = _without_repeats(wanted, unknown)
    tables = [a for a in constants.values() if a.dtype.kind == "f" and a.ndim == rows.ndim]
    same = [a for a in tables if len(a) and a.shape[1] == rows.shape[1]]
    if any(np.array_equal(_without_repeats(array, unknown), rows) for array in same):
        return None
    return f"no constant of the file holds the {len(wanted)} means of the model's TargetMeans"


def _without_repeats(table: NDArray[Any], unknown: NDArray[Any]) -> NDArray[Any]:
    """Drop unknown categories behind others: a column has as many as the data, known or not."""
    is_unknown = (table == unknown).all(axis=1)
    kept = ~is_unknown | ~np.concatenate([[False], is_unknown[:-1]])
    rows: NDArray[Any] = table[kept]
    return rows if is_unknown[-1] else np.concatenate([rows, unknown[None]])


def _lacking(constants: Mapping[str, Any], numbers: Sequence[tuple[str, float]]) -> str | None:
    """Say that fewer constants are a number than steps of the model need it."""
    single = [array.item() for array in constants.values() if _is_single(array)]
    left = Counter(float(number) for number in single)
    for name, number in numbers:
        left[number] -= 1
        if left[number] < 0:
            return f"no constant of the file is the {number!r} of the model's {name}"
    return None


def _is_single(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" and array.size == 1


def _steps(transformer: Any) -> Iterator[Any]:
    """Yield the steps of a fitted pipeline or ColumnTransformer, the outer ones too."""
    for entry in [*getattr(transformer, "steps", ()), *getattr(transformer, "transformers_", ())]:
        yield from _steps(entry[1])
    if not isinstance(transformer, str):
        yield transformer


def _weights(fitted: Iterable[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    for part in fitted:
        for name in WEIGHTS.get(key_of(part), ()):
            value = getattr(part, name)
            if value is not None:
                yield f"{type(part).__name__}.{name}", np.asarray(value, dtype=np.float64)


def _constants(graph: onnx.GraphProto) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the numbers that a graph and the bodies inside it hold."""
    for tensor in graph.initializer:
        yield tensor.name, numpy_helper.to_array(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _constants(attribute.g)


def _missing(constants: dict[str, Any], name: str, wanted: NDArray[Any]) -> str | None:
    """Say that no constant holds these numbers, and which comes nearest.

    One that does is taken out, so that equal arrays need as many constants. Single numbers share
    one with others: what a class has of its own may stand in one constant for all.
    """
    if not wanted.size:
        return None  # clusters of which none is dense have no core row
    orders = [wanted.ravel(), np.atleast_2d(wanted).T.ravel()]
    best, fewest = "", wanted.size + 1
    for key, array in constants.items():
        for got, order in _comparable(array, orders):
            unequal = np.flatnonzero(~(got == order))
            if not len(unequal):
                if wanted.size > 1:
                    del constants[key]
                return None
            if len(unequal) < fewest:
                i, fewest = unequal[0], len(unequal)
                best = f"; nearest is {key!r} with {float(got[i])!r} for {float(order[i])!r}"
    return f"no constant of the file holds the model's {name}{best}"


def _comparable(
    array: NDArray[Any], orders: Sequence[NDArray[Any]]
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield pairs of the same length: in both orders, and without zeros, sorted.

    The last for the weights of support vectors, which stand in a sparse matrix in the file.
    """
    if array.dtype.kind not in "fi":
        return
    flat, orders = array.ravel(), [order[~np.isnan(order)] for order in orders]
    flat = flat[~np.isnan(flat)]  # filled up with NaN on both sides, not with as many
    if orders[0].size == 1 and orders[0][0] in flat:
        yield orders[0], orders[0]  # a number may stand beside those of other classes
    elif flat.size == orders[0].size:
        yield from ((flat, order) for order in orders)
    elif flat.size > orders[0].size > 1:
        dense = np.sort(flat[flat != 0])
        wanted = np.sort(orders[0][orders[0] != 0])
        if len(dense) == len(wanted):
            yield dense, wanted
