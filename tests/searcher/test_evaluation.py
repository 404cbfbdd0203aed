"""A generator of fold scores that spends nothing nobody asked for and leaks nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search_spaces.columns import Column, Profile
from search_spaces.families.ridge import Ridge
from searcher.errors import ScoreNotFiniteError
from searcher.evaluation import FeatureCache, Rows, evaluate, fold_seed, make_scorer, score
from searcher.records import Fold

COLUMNS = (Column("a", "numeric"), Column("b", "numeric", has_missing=True))
CONFIGURATION = {"impute": "mean", "scale": "standard", "encode": "onehot", "alpha": 1.0}


def make_rows(n: int = 60, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    X[::7, 1] = np.nan
    y = X[:, 0] * 3 + rng.normal(size=n)
    return Rows(X, y, Profile("regression", COLUMNS, n), "y", ())


def make_folds(n: int = 60, k: int = 3) -> list[Fold]:
    parts = np.array_split(np.arange(n), k)
    return [
        Fold("0", i, np.setdiff1d(np.arange(n), part), part.astype(np.int64))
        for i, part in enumerate(parts)
    ]


class CountingRidge(Ridge):
    """Counts the models it was asked for."""

    built = 0

    def build(self, *arguments: Any, **options: Any) -> Any:
        type(self).built += 1
        return super().build(*arguments, **options)


def run(rows: Rows, folds: list[Fold], **changes: Any) -> Any:
    usual = {"metrics": ["r2"], "seed": 1, "cpus": 1, "cache": FeatureCache()}
    return evaluate(Ridge(), CONFIGURATION, rows, folds, **(usual | changes))


def test_a_fold_that_nobody_pulls_is_not_fitted() -> None:
    CountingRidge.built = 0
    usual = {"metrics": ["r2"], "seed": 1, "cpus": 1, "cache": FeatureCache()}

    results = evaluate(CountingRidge(), CONFIGURATION, make_rows(), make_folds(), **usual)
    next(results)
    next(results)

    assert CountingRidge.built == 2


def test_scores_equal_those_of_a_scikit_learn_pipeline_fitted_by_hand() -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge as SklearnRidge
    from sklearn.metrics import r2_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, folds = make_rows(), make_folds()

    results = list(run(rows, folds))

    for fold, result in zip(folds, results, strict=True):
        prepare = make_pipeline(SimpleImputer(strategy="mean"), StandardScaler())
        train = prepare.fit_transform(rows.X[fold.train]).astype(np.float32).astype(np.float64)
        test = prepare.transform(rows.X[fold.test]).astype(np.float32).astype(np.float64)
        model = SklearnRidge(alpha=1.0).fit(train, rows.y[fold.train])
        assert result.scores["r2"] == pytest.approx(
            r2_score(rows.y[fold.test], model.predict(test)), abs=1e-12
        )


def test_test_rows_reach_neither_preprocessing_nor_model() -> None:
    rows, (fold, *_) = make_rows(), make_folds()
    other = rows.X.copy()
    other[fold.test] *= 1e6  # would ruin any mean or scale that saw it

    cache, other_cache = FeatureCache(), FeatureCache()
    next(run(rows, [fold], cache=cache))
    next(run(replace(rows, X=other), [fold], cache=other_cache))

    ((train, _),) = cache._kept.values()
    ((other_train, _),) = other_cache._kept.values()
    assert np.array_equal(train, other_train)


def test_the_same_preprocessing_of_the_same_fold_is_computed_once() -> None:
    rows, folds, cache = make_rows(), make_folds(), FeatureCache()
    list(run(rows, folds, cache=cache))
    kept = dict(cache._kept)

    list(run(rows, folds, cache=cache))

    assert all(cache._kept[key] is value for key, value in kept.items())
    assert len(cache._kept) == 3


def test_the_cache_forgets_the_least_recently_used_above_its_limit() -> None:
    def pair() -> Any:
        return np.zeros(100), np.zeros(25)

    cache = FeatureCache(limit_bytes=2500)
    cache.get("a", pair)
    cache.get("b", pair)
    cache.get("a", pair)

    cache.get("c", pair)

    assert list(cache._kept) == ["a", "c"]
    assert cache.size_bytes == 2000


def test_a_score_that_is_not_finite_is_an_error_that_names_the_metric() -> None:
    class Constant:
        """Scores NaN."""

        def predict(self, X: Any) -> Any:
            return np.zeros(len(X))

    def scorer(estimator: Any, X: Any, y: Any) -> dict[str, float]:
        return {"r2": float("nan"), "other": 1.0}

    with pytest.raises(ScoreNotFiniteError, match="r2 = nan on 3 test rows"):
        score(Constant(), np.zeros((3, 1)), np.zeros(3), scorer=scorer)


def test_several_metrics_are_computed_from_one_scorer() -> None:
    (result, *_) = list(run(make_rows(), make_folds(), metrics=["r2", "neg_mean_squared_error"]))

    assert set(result.scores) == {"r2", "neg_mean_squared_error"}
    assert callable(make_scorer(["r2"]))


def test_a_fits_seed_is_a_matter_of_search_and_fold_alone() -> None:
    first, second = make_folds()[:2]

    assert fold_seed(1, first) == fold_seed(1, first)
    assert len({fold_seed(1, first), fold_seed(1, second), fold_seed(2, first)}) == 3
    assert 0 <= fold_seed(2**32 - 1, first) < 2**31
