"""How what a family builds is fitted on rows that may lack a class, and predicts alike every time.

A fold of a rare class (groups, time, few rows) may have no training row of it. Estimators differ in
what they make of the gap in the class codes: some raise, some answer with fewer columns. So codes
are closed up before the fit, and answers widened again: a class never seen has probability 0.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from search_spaces.columns import Profile
from search_spaces.families.base import Family
from search_spaces.networks import Network
from search_spaces.space import Configuration
from searcher.stepwise import ALONE, Place, Stepwise, begin
from searcher.stepwise.widened import WidenedClassifier

NESTED = ("estimator", "estimator_", "estimators_", "final_estimator_", "calibrated_classifiers_")
"""Attributes under which scikit-learn's meta-estimators, and ours, keep what they have fitted."""


def untrained(
    family: Family, configuration: Configuration, profile: Profile, *, seed: int, cpus: int
) -> Any:
    """Return what a family makes of a configuration as an estimator that can be fitted.

    Parameters
    ----------
    configuration
        Without the preprocessing parameters.
    """
    made = family.build(configuration, profile, seed=seed, cpus=cpus)
    if not isinstance(made, Network):
        return made
    from searcher.training import NetworkEstimator  # torch, which not everybody has

    return NetworkEstimator(made, n_classes=profile.n_classes, seed=seed, cpus=cpus)


def fit_by_schedule(
    family: Family,
    schedule: Sequence[tuple[int, Configuration]],
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    profile: Profile,
    seed: int,
    cpus: int,
    generation: int | None = None,
    place: Place = ALONE,
) -> Any:
    """Fit as a member of a population was: by one configuration after the other.

    Parameters
    ----------
    generation
        Units after which members of that population could be replaced.
    place
        Among the processes that train a network together, all of which call this.
    schedule
        Configurations without the preprocessing parameters, each with the units of resource after
        which it holds; the first with 0.
    X : array of shape (n_samples, n_features)
        Features.
    y : array of shape (n_samples,)
        Class codes or values.

    Returns
    -------
    Fitted estimator of the last configuration.
    """
    fit: Stepwise | None = None
    ends = [since for since, _ in schedule[1:]]
    for (_, configuration), end in zip(schedule, [*ends, None], strict=True):
        estimator = untrained(family, configuration, profile, seed=seed, cpus=cpus)
        n_classes = profile.n_classes
        following = begin(
            estimator, X, y, n_classes=n_classes, place=place, restart_every=generation
        )
        if fit is not None:
            following.load_state(fit.state())
        fit = following
        while not fit.done and (end is None or fit.resource < end):
            fit.advance()
    if fit is None:
        raise ValueError("a schedule has a configuration from 0 on")
    fitted = fit.estimator()
    predict_on_one_thread(fitted)
    return fitted


def fit_estimator(estimator: Any, X: NDArray[Any], y: NDArray[Any], *, n_classes: int) -> Any:
    """Fit on features X (n_samples, n_features) and codes or values y (n_samples,); return it.

    Parameters
    ----------
    n_classes
        Of the task; 0 for regression. Where ``y`` has fewer, what comes back is a
        ``WidenedClassifier`` around the estimator, unless that was told how many there are.
    """
    told = getattr(estimator, "n_classes", None) == n_classes
    if n_classes and not told and len(np.unique(y)) < n_classes:
        estimator = WidenedClassifier(estimator, n_classes)
    estimator.fit(X, y)
    predict_on_one_thread(estimator)
    return estimator


def predict_on_one_thread(estimator: Any) -> None:
    """Make a fitted estimator's answers independent of how its threads are scheduled.

    A scikit-learn forest (1.9, ``ensemble/_forest.py``, ``_accumulate_prediction``) adds its
    trees in the order in which its threads finish, so the last bit of a probability may differ
    from one call to the next. Fitting keeps all its threads.
    """
    if hasattr(estimator, "n_jobs"):
        estimator.n_jobs = 1
    for inner in _inner(estimator):
        predict_on_one_thread(inner)


def _inner(estimator: Any) -> Iterator[Any]:
    for name in NESTED:
        found = getattr(estimator, name, None)
        parts = found if isinstance(found, list | tuple) else [found]
        yield from (part for part in parts if isinstance(part, BaseEstimator))
