"""What the fitted model itself says of the probe rows: the truth that a file is held to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.export.columns import FEATURES, Feeds, to_feeds
from searcher.export.gate.feature_probes import FeatureRows, make_feature_rows
from searcher.export.gate.knot_probes import make_knot_rows
from searcher.export.gate.library_dumps import dump_trees, parts
from searcher.export.gate.probe_texts import add_probe_texts
from searcher.export.gate.probes import Rows
from searcher.export.gate.threshold_probes import make_threshold_rows
from searcher.export.networks.fitted import is_network
from searcher.export.networks.settled import SAFETY, settled_rows
from searcher.fitting import predict_on_one_thread
from searcher.model import FittedModel

MUST_ANSWER = ("data", "held_out")
"""Probe sets of which the model may refuse no row, and none is left out."""

NETWORK_ROWS = 2_000
"""Rows of a made-up set that a network is asked about: a row may cost it milliseconds, and images
have hundreds of columns."""

LAST = 8
"""Rows at the end of a set in which all columns are replaced, at most (``probes.EXTREMES``)."""

UNSETTLED = 0.5
"""Share of all made-up rows that a network's rounding may leave out at most."""

UNSETTLED_DATA = 0.1
"""Share of the rows of ``data`` or ``held_out`` on which a network's own rounding may change the
answer by more than the tolerance; these are compared all the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A probe set with the model's answers."""

    name: str
    X: Rows  # (n_rows, n_columns), or features (n_rows, n_features)
    feeds: Feeds  # of the whole file, or of its estimator alone
    features: NDArray[Any] | None  # what the estimator sees; None: the feeds are features
    expected: Mapping[str, NDArray[Any]]  # by the name of the graph's output
    left_out: int = 0  # rows that the model can't answer, or not so that a file could be held to it
    unsettled: int = 0  # rows on which a network's answer is a matter of rounding
    refusal: str | None = None  # why it could answer none of them
    note: str = ""  # of how much this is a sample
    about: FeatureRows | None = None  # what feature rows are for


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A model with its answers, to which any number of files can be held."""

    model: FittedModel
    asked: Sequence[Probe]
    skipped: Sequence[Probe] = field(default=())  # of which the model answers no row

    @property
    def doubt(self) -> str | None:
        """Why no file can be held to these answers: too many are a matter of rounding."""
        probes = [*self.asked, *self.skipped]
        for probe in (probe for probe in probes if probe.name in MUST_ANSWER):
            if said := _too_many(probe.unsettled, len(probe.X), UNSETTLED_DATA):
                return f"{said} of probe set {probe.name!r}"
        made_up = [probe for probe in probes if probe.name not in MUST_ANSWER]
        rows = sum(len(probe.X) + probe.left_out for probe in made_up)
        said = _too_many(sum(probe.unsettled for probe in made_up), rows, UNSETTLED)
        return said and f"{said} that were made up"


def _too_many(unsettled: int, rows: int, share: float) -> str | None:
    if unsettled <= share * rows:
        return None
    return (
        f"the network's answer is a matter of rounding in float32 (allowed: a share of {share:g}) "
        f"on {unsettled:,} of the {rows:,} rows"
    )


def tell_truth(model: FittedModel, probes: Mapping[str, Rows], *, seed: int = 0) -> Truth:
    """Ask the model about the given rows and about those that its own nodes call for.

    Made-up rows whose features overflow float32 are left out: estimators refuse infinity; and so
    are those on which a network's answer is a matter of rounding (``networks.settled``). A
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
        told = [_ask(model, name, *_some(model, name, X, seed)) for name, X in probes.items()]
        if len(rows := make_knot_rows(model, base, seed=seed)):
            told.append(_ask(model, "knots", rows))
        if forest is not None:
            rows, note = make_threshold_rows(model, base, forest, seed=seed)
            told += [_ask(model, "thresholds", rows, note)] if len(rows) else []
        features = np.concatenate([p.features for p in told if p.name in MUST_ANSWER])
        for part in make_feature_rows(model, features, forest, seed=seed):
            told.append(_ask_estimator(model, _some_features(model, part, seed)))
    asked = [probe for probe in told if len(probe.X)]
    return Truth(model, asked, [probe for probe in told if not len(probe.X)])


def _some(model: FittedModel, name: str, X: Rows, seed: int) -> tuple[Rows, str]:
    """Take a seeded sample of a made-up set for a network, and say so; all rows of any other."""
    kept = _sample(model, len(X), seed)
    if name in MUST_ANSWER or kept is None:
        return X, ""
    return X[kept], f"{len(kept)} of {len(X)} rows"


def _some_features(model: FittedModel, part: FeatureRows, seed: int) -> FeatureRows:
    kept = _sample(model, len(part.rows), seed)
    if kept is None:
        return part
    note = f"{len(kept)} of {len(part.rows)} rows, of {part.note}"
    return replace(part, rows=part.rows[kept], note=note)


def _sample(model: FittedModel, n_rows: int, seed: int) -> NDArray[np.int64] | None:
    """Choose rows, the last ones among them: there all columns are replaced at once."""
    if n_rows <= NETWORK_ROWS or not any(map(is_network, parts(model.estimator))):
        return None
    last = np.arange(n_rows - LAST, n_rows)
    some = np.random.default_rng(seed).choice(n_rows - LAST, NETWORK_ROWS - LAST, replace=False)
    return np.concatenate([np.sort(some), last])


def _ask(model: FittedModel, name: str, X: Rows, note: str = "") -> Probe:
    features = model.features(X)
    finite = ~np.isinf(features).any(axis=1)
    is_data = name in MUST_ANSWER
    rounded = finite.copy()  # rows whose answer is a matter of rounding
    safety = 1.0 if is_data else SAFETY
    rounded[finite] = ~settled_rows(model.estimator, features[finite], safety=safety)
    kept = finite & ~rounded | is_data
    left_out, unsettled = int(np.count_nonzero(~kept)), int(np.count_nonzero(rounded))
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
    feeds = to_feeds(model.profile, X)
    return Probe(name, X, feeds, features, expected, left_out, unsettled, refusal, note)


def _ask_estimator(model: FittedModel, part: FeatureRows) -> Probe:
    """Ask the estimator alone; where it takes no missing values, without the rows that have one."""
    n_rows = len(part.rows)
    part = _only(part, settled_rows(model.estimator, part.rows))
    unsettled = n_rows - len(part.rows)
    features = part.rows.astype(model.dtype)
    refusal, expected = None, {}
    try:
        expected = _answer(model, features)
    except ValueError as error:
        refusal = str(error)
        part = _only(part, ~np.isnan(features).any(axis=1))
        features = part.rows.astype(model.dtype)
        expected = _answer(model, features)
    left_out = n_rows - len(features)
    feeds = {FEATURES: features}
    rest = (expected, left_out, unsettled, refusal, part.note, part)
    return Probe(part.name, part.rows, feeds, None, *rest)


def _only(part: FeatureRows, kept: NDArray[np.bool_]) -> FeatureRows:
    nodes = part.nodes[kept] if part.nodes is not None else None
    return replace(part, rows=part.rows[kept], nodes=nodes)


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
