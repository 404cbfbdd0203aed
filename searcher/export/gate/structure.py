"""Whether a file holds the numbers of the fitted model: every threshold, leaf and coefficient.

Answers can't show a threshold that is one ulp of float64 off when features are float32, nor a leaf
that no probe row reaches. Here both sides are read, each from its own source, and compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from searcher.export.estimators import key_of
from searcher.export.gate.constants import compare_constants, wrong_classes
from searcher.export.gate.dumped import MEMBER, Dump, Ints
from searcher.export.gate.file_dumps import dump_file
from searcher.export.gate.library_dumps import dump_trees, parts
from searcher.export.gate.narrow import narrow_exp
from searcher.export.gate.ties import wrong_tie
from searcher.export.networks.fitted import is_network
from searcher.export.networks.weights import compare_weights


@dataclass(frozen=True, slots=True)
class Structure:
    """What was compared."""

    compared: str  # in words
    difference: str | None = None  # the first, in words


def compare_structure(
    proto: onnx.ModelProto,
    estimator: Any,
    preprocessing: Any = None,
    classes: Sequence[str | int] = (),
) -> Structure:
    """Compare a file's constants with the fitted model's, read through its own attributes.

    Parameters
    ----------
    preprocessing
        Rounding behind it may hide a change in the features.
    classes
        A class that no row belongs to shows in no answer.

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
    for network in filter(is_network, parts(estimator)):
        weights, wrong = compare_weights(proto.graph, network)
        difference = difference or wrong
        said.append(weights)
    difference = difference or wrong_tie(proto.graph, estimator) or narrow_exp(proto, estimator)
    found = compare_constants(proto.graph, estimator, preprocessing)
    difference = difference or found.difference or wrong_classes(proto.graph, classes)
    said += found.compared
    unknown = f"nothing: {key_of(estimator)} has no reader"
    return Structure(", ".join(said) or unknown, difference)


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
