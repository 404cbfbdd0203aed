"""How good a configuration is: its scores over the inner folds, one fold at a time."""

import hashlib
import json
import math
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces import preprocessing
from search_spaces.columns import Profile
from search_spaces.families.base import Family
from searcher.clustering import SCORERS
from searcher.errors import ScoreNotFiniteError
from searcher.fitting import fit_estimator, untrained
from searcher.model import to_features
from searcher.records import Fold

CACHE_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows that a search is about, and what every fit needs to know of them."""

    X: NDArray[np.float64]  # (n_samples, n_columns), coded as in search_spaces.columns
    y: NDArray[Any]  # (n_samples,), class codes or values
    profile: Profile
    target: str
    classes: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One inner fold, fitted and scored."""

    inner_fold: int
    scores: dict[str, float]  # metric -> score, larger is better
    fit_s: float
    score_s: float
    cpu_s: float


@dataclass(slots=True)
class FeatureCache:
    """Preprocessed folds, least recently used ones dropped above ``limit_bytes``.

    The same preprocessing of the same fold serves many configurations of many families.
    """

    limit_bytes: int = CACHE_BYTES
    _kept: OrderedDict[Any, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=OrderedDict)

    def get(
        self, key: Any, make: Callable[[], tuple[NDArray[Any], NDArray[Any]]]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Features of the (train, test) rows under ``key``, made if not at hand."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = make()
        self._kept[key] = made
        while len(self._kept) > 1 and self.size_bytes > self.limit_bytes:
            self._kept.popitem(last=False)
        return made

    @property
    def size_bytes(self) -> int:
        """Memory that the kept features take."""
        return sum(train.nbytes + test.nbytes for train, test in self._kept.values())


def evaluate(
    family: Family,
    configuration: Mapping[str, Any],
    rows: Rows,
    folds: Sequence[Fold],
    *,
    metrics: Sequence[str],
    seed: int,
    cpus: int,
    cache: FeatureCache,
) -> Iterator[FoldResult]:
    """Fit and score on one inner fold after the other, in the order given.

    A generator: whoever pulls decides whether the next fold is worth its cost, so this function
    needs no notion of rungs, Ray or a store.

    Parameters
    ----------
    folds : sequence of Fold
        Inner folds of one outer fold; the same order for every trial of that inner search, so
        that two trials that saw the same number of folds saw the same rows.
    metrics : sequence of scikit-learn scorer names
        All are computed; the first is the one that is optimised.

    Raises
    ------
    ScoreNotFiniteError
        If a metric is NaN or infinite.
    """
    prepare, rest = preprocessing.split(dict(configuration))
    scorer = make_scorer(metrics)
    for fold in folds:
        started, cpu = time.perf_counter(), time.process_time()
        train, test = features(family, prepare, rows, fold, seed=seed, cache=cache)
        estimator = untrained(family, rest, rows.profile, seed=fold_seed(seed, fold), cpus=cpus)
        n_classes = rows.profile.n_classes
        y = rows.y[fold.train]
        estimator = quietly(fit_estimator, estimator, train, y, n_classes=n_classes)
        fitted = time.perf_counter()
        scores = score(estimator, test, rows.y[fold.test], scorer=scorer)
        yield FoldResult(
            inner_fold=-1 if fold.inner_fold is None else fold.inner_fold,
            scores=scores,
            fit_s=fitted - started,
            score_s=time.perf_counter() - fitted,
            cpu_s=time.process_time() - cpu,
        )


def make_scorer(metrics: Sequence[str]) -> Any:
    """Scorer of several metrics at once: ``scorer(estimator, X, y) -> dict``."""
    from sklearn.metrics import check_scoring

    return check_scoring(
        scoring={name: SCORERS.get(name, name) for name in metrics}, raise_exc=True
    )


def score(estimator: Any, X: NDArray[Any], y: NDArray[Any], *, scorer: Any) -> dict[str, float]:
    """All metrics of a fitted estimator on features ``X`` (n_samples, n_features).

    Raises
    ------
    ScoreNotFiniteError
        If a metric is NaN or infinite.
    """
    scores = {name: float(value) for name, value in quietly(scorer, estimator, X, y).items()}
    bad = {name: value for name, value in scores.items() if not math.isfinite(value)}
    if bad:
        found = ", ".join(f"{name} = {value}" for name, value in bad.items())
        raise ScoreNotFiniteError(f"{found} on {len(y)} test rows; a score must be finite")
    return scores


def fold_seed(seed: int, fold: Fold) -> int:
    """Seed of a fit: a matter of the fold and the search, not of when or where it runs."""
    text = json.dumps([seed, fold.outer_fold, fold.inner_fold])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def features(
    family: Family,
    prepare: dict[str, Any],
    rows: Rows,
    fold: Fold,
    *,
    seed: int,
    cache: FeatureCache,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Preprocess an inner fold, or find it preprocessed: (train, test), (n, n_features) each.

    Parameters
    ----------
    prepare
        The preprocessing parameters of a configuration.
    """

    def make() -> tuple[NDArray[Any], NDArray[Any]]:
        transformer = preprocessing.build(prepare, rows.profile, seed=fold_seed(seed, fold))
        train = quietly(transformer.fit_transform, rows.X[fold.train], rows.y[fold.train])
        test = quietly(transformer.transform, rows.X[fold.test])
        return to_features(train, family.dtype), to_features(test, family.dtype)

    key = (fold.outer_fold, fold.inner_fold, family.dtype, json.dumps(prepare, sort_keys=True))
    return cache.get(key, make)


def quietly(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call without warnings: a search makes thousands of fits, and what matters is in the score."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **named)
