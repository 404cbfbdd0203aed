"""scikit-learn's nested search over our folds and our configurations."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import BaseCrossValidator

from search_spaces import preprocessing
from search_spaces.columns import Profile
from search_spaces.space import join_family
from searcher.candidates import joint_space, resolve_candidates
from searcher.data import Dataset
from searcher.evaluation import fold_seed
from searcher.model import to_features
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.spec import Spec
from searcher.strategies.base import Problem


class Configured(ClassifierMixin, BaseEstimator):
    """One family behind its preprocessing, as ``RandomizedSearchCV`` wants it: one parameter."""

    def __init__(self, profile: Profile, configuration: dict[str, Any] | None = None) -> None:
        self.profile, self.configuration = profile, configuration

    def fit(self, X: NDArray[np.float64], y: NDArray[Any]) -> Self:
        """Fit on X (n_samples, n_columns)."""
        chosen = dict(self.configuration or {})
        self.family_ = load_family(chosen.pop("family"))
        prepare, rest = preprocessing.split(chosen)
        self.preprocessing_ = preprocessing.build(prepare, self.profile, seed=0)
        features = to_features(self.preprocessing_.fit_transform(X, y), self.family_.dtype)
        self.model_ = self.family_.build(rest, self.profile, seed=0, cpus=1)
        self.model_.fit(features, y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[Any]:
        """Class codes, shape (n_samples,)."""
        return np.asarray(self.model_.predict(self._features(X)))

    def predict_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, shape (n_samples, n_classes)."""
        return np.asarray(self.model_.predict_proba(self._features(X)))

    def _features(self, X: NDArray[np.float64]) -> NDArray[Any]:
        return to_features(self.preprocessing_.transform(X), self.family_.dtype)


class RecordedFolds(BaseCrossValidator):
    """The inner folds that we made for whichever outer fold's training rows it is given."""

    def __init__(self, X: NDArray[np.float64], folds: Sequence[Fold]) -> None:
        self._splits: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = {}
        for outer in (fold for fold in folds if fold.inner_fold is None and len(fold.test)):
            place = np.full(len(X), -1)
            place[outer.train] = np.arange(len(outer.train))
            self._splits[_key(X[outer.train])] = [
                (place[fold.train], place[fold.test])
                for fold in folds
                if fold.outer_fold == outer.outer_fold and fold.inner_fold is not None
            ]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many inner folds there are."""
        return len(next(iter(self._splits.values())))

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:
        """Inner folds as positions in ``X``."""
        yield from self._splits[_key(np.asarray(X))]


def configurations_of(spec: Spec, data: Dataset, *, n: int, outer: Fold) -> list[dict[str, Any]]:
    """List the configurations that our search of outer fold ``outer`` tries, beside the dummy."""
    from ray.tune.search import Searcher

    candidates = resolve_candidates(spec, data.profile)
    initial = tuple(join_family(c.name, c.default) for c in candidates)
    problem = Problem(
        space=joint_space(candidates),
        initial=initial,
        trials=n,
        max_resource=spec.validation.inner,
        seed=fold_seed(spec.seed, outer),
    )
    searcher = spec.strategy.build(problem).searcher
    found = []
    for number in range(n):
        joint = searcher.suggest(trial_id=str(number))
        if joint == Searcher.FINISHED:
            break
        family = joint["family"]
        found.append(
            {"family": family}
            | {k.removeprefix(f"{family}."): v for k, v in joint.items() if k != "family"}
        )
    return found


def _key(X: NDArray[np.float64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(X).tobytes()).hexdigest()
