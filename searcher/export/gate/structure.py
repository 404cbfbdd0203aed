"""Whether a file holds the numbers of the fitted model: every threshold, leaf and coefficient.

Answers can't show a threshold that is one ulp of float64 off when features are float32, nor a leaf
that no probe row reaches. Here both sides are read, each from its own source, and compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from searcher.export.estimators import key_of
from searcher.export.gate.dumped import MEMBER, Dump, Ints
from searcher.export.gate.file_dumps import dump_file
from searcher.export.gate.library_dumps import dump_trees, parts
from searcher.export.gate.ties import wrong_tie

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
class Structure:
    """What was compared."""

    compared: str  # in words
    difference: str | None = None  # the first, in words


def compare_structure(
    proto: onnx.ModelProto, estimator: Any, preprocessing: Any = None
) -> Structure:
    """Compare a file's constants with the fitted model's, read through its own attributes.

    Of preprocessing, scalers and tables: rounding behind them may hide a change in the features.

    Raises
    ------
    ValueError
        If the file's trees can't be read.
    """
    forest = dump_trees(estimator, everywhere=True)
    difference = None
    said = []
    if forest is not None:
        difference = _compare_trees(dump_file(proto.graph), forest)
        said.append(f"{len(forest.roots)} trees of {len(forest.true)} nodes")
    difference = difference or wrong_tie(proto.graph, estimator)
    constants = dict(_constants(proto.graph))
    for name, wanted in [*_weights(parts(estimator)), *_weights(_steps(preprocessing))]:
        difference = difference or _missing(constants, name, wanted)
        said.append(f"{wanted.size} of {name}")
    unknown = f"nothing: {key_of(estimator)} has no reader"
    return Structure(", ".join(said) or unknown, difference)


def _steps(transformer: Any) -> Iterator[Any]:
    """Yield those steps of a fitted pipeline or ColumnTransformer that have a reader."""
    for entry in [*getattr(transformer, "steps", ()), *getattr(transformer, "transformers_", ())]:
        yield from _steps(entry[1])
    if key_of(transformer) in WEIGHTS:
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


def _missing(constants: Mapping[str, Any], name: str, wanted: NDArray[Any]) -> str | None:
    """Say that no constant holds these numbers, and which comes nearest."""
    if not wanted.size:
        return None  # clusters of which none is dense have no core row
    orders = [wanted.ravel(), np.atleast_2d(wanted).T.ravel()]
    best, fewest = "", wanted.size + 1
    for key, array in constants.items():
        for got, order in _comparable(array, orders):
            unequal = np.flatnonzero(~(got == order))
            if not len(unequal):
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


def _compare_trees(file: Dump | None, model: Dump) -> str | None:
    """Walk down both forests side by side, one level of all trees at a time."""
    if file is None:
        return "the file holds no trees"
    roots = _aligned(file, model)
    if isinstance(roots, str):
        return roots
    ours, theirs = roots, model.roots
    found: list[int] = []
    pairs: dict[int, int] = {}
    for _ in range(len(model.true)):  # no tree is deeper
        if not len(ours):
            break
        wrong = _differ(file, model, ours, theirs)
        found.extend(theirs[wrong].tolist())
        pairs.update(zip(theirs[wrong].tolist(), ours[wrong].tolist(), strict=True))
        inner = ~wrong & ~model.is_leaf[theirs]
        ours, theirs = ours[inner], theirs[inner]
        ours = np.concatenate([file.true[ours], file.false[ours]])
        theirs = np.concatenate([model.true[theirs], model.false[theirs]])
    if not found:
        return None
    first = min(found)
    ours_is, theirs_is = file.rule(pairs[first]), model.rule(first)
    return f"{model.name(first)}: {ours_is} in the file, {theirs_is} in the model"


def _differ(file: Dump, model: Dump, ours: Ints, theirs: Ints) -> NDArray[np.bool_]:
    """Tell which nodes differ, their children left aside."""
    leaf = model.is_leaf[theirs]
    ours = np.where(leaf, _settled(file, ours), ours)
    wrong: NDArray[np.bool_] = file.is_leaf[ours] != leaf
    if file.value.shape[1] == model.value.shape[1]:
        got, wanted = file.value[ours], model.value[theirs]
        equal = np.isclose(got, wanted, model.closeness, model.closeness, equal_nan=True)
        wrong |= leaf & ~equal.all(axis=1)
    else:
        wrong |= leaf
    sets = model.mode[theirs] == MEMBER
    rules = (file.feature[ours] != model.feature[theirs]) | (file.mode[ours] != model.mode[theirs])
    rules |= file.missing_true[ours] != model.missing_true[theirs]
    rules |= ~sets & ~(file.threshold[ours] == model.threshold[theirs])
    for i in np.flatnonzero(~leaf & sets & ~rules):
        rules[i] = file.members.get(int(ours[i])) != model.members[int(theirs[i])]
    found: NDArray[np.bool_] = wrong | (~leaf & rules)
    return found


def _aligned(file: Dump, model: Dump) -> Ints | str:
    """Find each tree of the model in the file; a constant (a base score) may stand between them."""
    surplus = len(file.roots) - len(model.roots)
    if surplus < 0:
        return f"the file holds {len(file.roots)} trees, the model {len(model.roots)}"
    kept: list[int] = []
    for root in file.roots.tolist():
        wanted = int(model.roots[len(kept)]) if len(kept) < len(model.roots) else None
        constant = bool(file.is_leaf[_settled(file, np.array([root]))][0])
        same = wanted is not None and bool(
            model.is_leaf[wanted]
            and not _differ(file, model, np.array([root]), np.array([wanted]))[0]
        )
        if surplus and constant and not same:
            surplus -= 1
        elif wanted is None:
            return f"the file holds {len(file.roots)} trees, the model {len(model.roots)}"
        else:
            kept.append(root)
    return np.array(kept, dtype=np.int64)


def _settled(file: Dump, ours: Ints) -> Ints:
    """Step over nodes that decide nothing, both ways being leaves of the same value.

    An ensemble's root may be no leaf in ONNX, so a tree that is one gets such a node above it.
    """
    leaves = ~file.is_leaf & file.is_leaf[file.true] & file.is_leaf[file.false]
    values = file.value[file.true], file.value[file.false]
    same = np.isclose(*values, 0, 0, equal_nan=True).all(axis=1)
    return np.where((leaves & same)[ours], file.true[ours], ours)
