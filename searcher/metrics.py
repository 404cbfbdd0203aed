"""Which metrics there are, scikit-learn's and those of clusterings, and which can judge a task."""

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Task
from searcher.clustering import SCORERS
from searcher.errors import SpecError, UnknownNameError, near

AUTO = "auto"

AUTO_METRIC: dict[Task, str] = {
    "binary": "roc_auc",
    # Bounded, so that one row can't dominate the mean of a small fold (log loss of a forest that
    # gave a true class probability 0 is 36), every class counts the same, and chance is known.
    "multiclass": "balanced_accuracy",
    "regression": "neg_root_mean_squared_error",
    "clustering": "silhouette",
}

REGRESSION = frozenset(
    {
        "d2_absolute_error_score",
        "explained_variance",
        "neg_max_error",
        "neg_mean_absolute_error",
        "neg_mean_absolute_percentage_error",
        "neg_mean_gamma_deviance",
        "neg_mean_poisson_deviance",
        "neg_mean_squared_error",
        "neg_mean_squared_log_error",
        "neg_median_absolute_error",
        "neg_root_mean_squared_error",
        "neg_root_mean_squared_log_error",
        "r2",
    }
)
CLUSTERING = frozenset(
    {
        "adjusted_mutual_info_score",
        "adjusted_rand_score",
        "completeness_score",
        "fowlkes_mallows_score",
        "homogeneity_score",
        "mutual_info_score",
        "normalized_mutual_info_score",
        "rand_score",
        "v_measure_score",
    }
)
_MEANT = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "average_precision_score": "average_precision",
    "brier": "neg_brier_score",
    "logloss": "neg_log_loss",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "mcc": "matthews_corrcoef",
    "mse": "neg_mean_squared_error",
    "msle": "neg_mean_squared_log_error",
    "pr_auc": "average_precision",
    "rmse": "neg_root_mean_squared_error",
    "rmsle": "neg_root_mean_squared_log_error",
    "rsquared": "r2",
}  # what people write who do not know scikit-learn's names


def metric_names() -> list[str]:
    """Names of scikit-learn's scorers and of ours, sorted; larger is better for all of them."""
    from sklearn.metrics import get_scorer_names

    return sorted({*get_scorer_names(), *SCORERS})


def check_metric_name(name: str) -> None:
    """Refuse a name that scikit-learn has no scorer for.

    Raises
    ------
    SpecError
        With the scorer that is probably meant.
    UnknownNameError
        With all scorers, if none is near.
    """
    known = metric_names()
    if name in known or name == AUTO:
        return
    meant = _MEANT.get(name.lower())
    hint = f" Did you mean {meant!r}?" if meant else near(name, known)
    if hint:
        raise SpecError(f"scikit-learn has no scorer of that name.{hint}")
    raise UnknownNameError("metric", name, known)


def resolve_metrics(metrics: Sequence[str], task: Task) -> tuple[str, ...]:
    """Scorer names with "auto" replaced; the first is the one to optimise."""
    return tuple(AUTO_METRIC[task] if name == AUTO else name for name in metrics)


def explain_misfit(name: str, *, task: Task, n_classes: int) -> str | None:
    """Why a metric can't judge this task, with the nearest that can; None if it can.

    For classification the metric is tried on a tiny problem of that many classes: what
    scikit-learn refuses there (an average over two classes asked of seven) it would refuse in
    every trial.
    """
    if task == "clustering":
        fitting = sorted(SCORERS)
        return None if name in SCORERS else _say(name, task, "it needs known answers", fitting)
    if name in SCORERS:
        return _say(name, task, "it judges clusterings", [AUTO_METRIC[task]])
    if task == "regression":
        fitting = sorted(REGRESSION)
        return None if name in REGRESSION else _say(name, task, "it judges classes", fitting)
    if name in CLUSTERING:
        reason = "it compares clusterings, whatever their labels"
    elif name in REGRESSION:
        reason = "it judges numbers"
    else:
        failure = _try_on_classes(name, n_classes)
        if failure is None:
            return None
        reason = f"with {n_classes} classes scikit-learn says: {failure}"
    others = REGRESSION | CLUSTERING | SCORERS.keys()
    names = [other for other in metric_names() if other not in others]
    fitting = [other for other in names if _try_on_classes(other, n_classes) is None]
    return _say(name, task, reason, fitting)


def explain_refusal(name: str, y: NDArray[np.float64]) -> str | None:
    """Why a regression metric can't be computed on these targets (n_samples,); None if it can.

    Tried with the mean as prediction: a logarithmic metric refuses targets below -1, say.
    """
    return failure_on(name, y, y)


def failure_on(name: str, learnt: NDArray[Any], truth: NDArray[Any]) -> str | None:
    """Say what goes wrong when a model that always says the same is scored on ``truth``.

    ``learnt`` (n_train,) is what it was trained on: float64 values, or class codes like ``truth``
    (n_test,). An undefined part of an average counts as 0, as it will in a search.
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor

    made = DummyRegressor() if learnt.dtype.kind == "f" else DummyClassifier(strategy="prior")
    model = made.fit(np.zeros((len(learnt), 1)), learnt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _failure(name, model, np.zeros((len(truth), 1)), truth)


def _say(name: str, task: Task, reason: str, fitting: Sequence[str]) -> str:
    near_names = [
        f"{name}{suffix}" for suffix in ("_ovr", "_macro") if f"{name}{suffix}" in fitting
    ]
    hint = f" Did you mean {near_names[0]!r}?" if near_names else near(name, fitting)
    hint = hint or f" Those that fit: {', '.join(fitting)}"
    return f"does not fit a {task} task: {reason}.{hint}"


@cache
def _try_on_classes(name: str, n_classes: int) -> str | None:
    """First line of what goes wrong with a model that is right on three rows in four."""
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.tree import DecisionTreeClassifier

    learnt = np.repeat(np.arange(n_classes), 4)
    truth = learnt.copy()
    truth[::4] = (truth[::4] + 1) % n_classes
    X = learnt[:, None].astype(np.float64)
    model = DecisionTreeClassifier(random_state=0).fit(X, learnt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # No metric is undefined on such a problem, unless it can't tell models apart.
        warnings.simplefilter("error", UndefinedMetricWarning)
        return _failure(name, model, X, truth)


def _failure(name: str, model: Any, X: NDArray[Any], y: NDArray[Any]) -> str | None:
    from sklearn.metrics import check_scoring

    try:
        score = check_scoring(scoring=[name], raise_exc=True)(model, X, y)[name]
    except (ValueError, TypeError, UserWarning) as error:
        return str(error).strip().splitlines()[0].rstrip(".")
    return None if np.isfinite(score) else f"the score is {score}"
