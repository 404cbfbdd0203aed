"""What the fitted model itself says of the probe rows: the truth that a file is held to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.columns import FEATURES, Feeds, to_feeds
from searcher.export.gate.feature_probes import FeatureRows, make_feature_rows
from searcher.export.gate.knot_probes import make_knot_rows
from searcher.export.gate.library_dumps import dump_trees
from searcher.export.gate.probe_texts import add_probe_texts
from searcher.export.gate.probes import Rows
from searcher.export.gate.threshold_probes import make_threshold_rows
from searcher.fitting import predict_on_one_thread
from searcher.model import FittedModel

MUST_ANSWER = ("data", "held_out")
"""Probe sets of which the model may refuse no row."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A probe set with the model's answers."""

    name: str
    X: Rows  # (n_rows, n_columns), or features (n_rows, n_features)
    feeds: Feeds  # of the whole file, or of its estimator alone
    features: NDArray[Any] | None  # what the estimator sees; None: the feeds are features
    expected: Mapping[str, NDArray[Any]]  # by the name of the graph's output
    left_out: int = 0  # rows that the model can't answer
    refusal: str | None = None  # why it could answer none of them
    note: str = ""  # of how much this is a sample
    about: FeatureRows | None = None  # what feature rows are for


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A model with its answers, to which any number of files can be held."""

    model: FittedModel
    asked: Sequence[Probe]
    skipped: Sequence[Probe] = field(default=())  # of which the model answers no row


def tell_truth(model: FittedModel, probes: Mapping[str, Rows], *, seed: int = 0) -> Truth:
    """Ask the model about the given rows and about those that its own nodes call for.

    Made-up rows whose features overflow float32 are left out: estimators refuse infinity. A
    made-up set that the estimator refuses (NaN, for one that takes none) keeps no row.

    Raises
    ------
    ValueError
        If the model refuses rows of the data themselves.
    """
    model = model.with_columns(add_probe_texts(model.profile.columns))
    predict_on_one_thread(model.estimator)
    forest = dump_trees(model.estimator)
    base = np.concatenate([probes[name] for name in MUST_ANSWER if name in probes])
    with np.errstate(over="ignore"):  # what overflows is left out, or refused by the estimator
        told = [_ask(model, name, X) for name, X in probes.items()]
        if len(rows := make_knot_rows(model, base, seed=seed)):
            told.append(_ask(model, "knots", rows))
        if forest is not None:
            rows, note = make_threshold_rows(model, base, forest, seed=seed)
            told += [_ask(model, "thresholds", rows, note)] if len(rows) else []
        features = np.concatenate([p.features for p in told if p.name in MUST_ANSWER])
        for part in make_feature_rows(model, features, forest, seed=seed):
            told.append(_ask_estimator(model, part))
    asked = [probe for probe in told if len(probe.X)]
    return Truth(model, asked, [probe for probe in told if not len(probe.X)])


def _ask(model: FittedModel, name: str, X: Rows, note: str = "") -> Probe:
    columns = model.profile.columns
    features = model.features(X)
    kept = ~np.isinf(features).any(axis=1) | (name in MUST_ANSWER)
    left_out = int(np.count_nonzero(~kept))
    X, features = X[kept], features[kept]
    refusal = None
    try:
        expected = _answer(model, features)
    except ValueError as error:
        if name in MUST_ANSWER:
            raise
        refusal, left_out = str(error), left_out + len(X)
        X, features = X[:0], features[:0]
        expected = {}
    return Probe(name, X, to_feeds(columns, X), features, expected, left_out, refusal, note)


def _ask_estimator(model: FittedModel, part: FeatureRows) -> Probe:
    """Ask the estimator alone; where it takes no missing values, without the rows that have one."""
    n_rows = len(part.rows)
    features = part.rows.astype(model.dtype)
    refusal, expected = None, {}
    try:
        expected = _answer(model, features)
    except ValueError as error:
        refusal = str(error)
        kept = ~np.isnan(features).any(axis=1)
        nodes = part.nodes[kept] if part.nodes is not None else None
        part = replace(part, rows=part.rows[kept], nodes=nodes)
        features = features[kept]
        expected = _answer(model, features)
    left_out = n_rows - len(features)
    feeds = {FEATURES: features}
    return Probe(part.name, part.rows, feeds, None, expected, left_out, refusal, part.note, part)


def _answer(model: FittedModel, features: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if not len(features):
        return {}
    predicted = np.asarray(model.estimator.predict(features)).reshape(-1)
    if model.profile.task == "clustering":
        return {"label": predicted.astype(np.int64)}
    if not model.classes:
        return {"prediction": predicted.astype(np.float64)}
    texts = isinstance(model.classes[0], str)
    labels = np.array(model.classes, dtype=object if texts else np.int64)[predicted]
    probabilities = np.asarray(model.estimator.predict_proba(features), dtype=np.float64)
    return {"label": labels.astype(str) if texts else labels, "probabilities": probabilities}
