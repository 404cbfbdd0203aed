import numpy as np
import pytest

from search_spaces.columns import Task
from searcher.metrics import (
    AUTO_METRIC,
    CLUSTERING,
    REGRESSION,
    explain_misfit,
    explain_refusal,
    failure_on,
    metric_names,
    resolve_metrics,
)


def test_every_named_metric_exists_in_scikit_learn() -> None:
    assert set(metric_names()) >= REGRESSION | CLUSTERING


def test_every_metric_fits_exactly_one_sort_of_task_or_clusterings() -> None:
    for name in metric_names():
        fits_classes = any(
            explain_misfit(name, task="binary" if n == 2 else "multiclass", n_classes=n) is None
            for n in (2, 3)
        )
        fits_numbers = explain_misfit(name, task="regression", n_classes=0) is None

        fits_clusters = explain_misfit(name, task="clustering", n_classes=0) is None

        is_for_sets_of_labels = name.endswith("_samples")
        fits = fits_classes + fits_numbers + fits_clusters
        assert fits + (name in CLUSTERING) + is_for_sets_of_labels == 1, name


@pytest.mark.parametrize(
    ("task", "n_classes"), [("binary", 2), ("multiclass", 19), ("regression", 0), ("clustering", 0)]
)
def test_the_automatic_metric_fits_its_task(task: Task, n_classes: int) -> None:
    assert explain_misfit(AUTO_METRIC[task], task=task, n_classes=n_classes) is None


def test_auto_is_replaced_wherever_it_stands() -> None:
    assert resolve_metrics(("auto", "f1"), "binary") == ("roc_auc", "f1")


@pytest.mark.parametrize(
    ("name", "task", "n_classes", "meant"),
    [
        ("roc_auc", "multiclass", 7, "roc_auc_ovr"),
        ("f1", "multiclass", 3, "f1_macro"),
        ("precision", "multiclass", 19, "precision_macro"),
        ("neg_mean_squared_errors", "regression", 0, "neg_mean_squared_error"),
    ],
)
def test_a_metric_that_does_not_fit_has_a_near_one_that_does(
    name: str, task: Task, n_classes: int, meant: str
) -> None:
    why = explain_misfit(name, task=task, n_classes=n_classes)

    assert why is not None
    assert why.endswith(f"Did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("name", "task", "n_classes", "reason"),
    [
        ("r2", "binary", 2, "it judges numbers"),
        ("accuracy", "regression", 0, "it judges classes"),
        ("rand_score", "multiclass", 3, "it compares clusterings"),
        ("top_k_accuracy", "binary", 2, "perfect score"),
    ],
)
def test_a_metric_that_does_not_fit_says_why_and_what_does(
    name: str, task: Task, n_classes: int, reason: str
) -> None:
    why = explain_misfit(name, task=task, n_classes=n_classes)

    assert why is not None
    assert reason in why


def test_a_regression_metric_is_tried_on_the_targets() -> None:
    y = np.array([-2.0, 1.0, 3.0])

    assert explain_refusal("neg_mean_squared_error", y) is None
    assert "Logarithmic" in str(explain_refusal("neg_mean_squared_log_error", y))


def test_a_rank_metric_cannot_judge_one_class() -> None:
    learnt, truth = np.array([0, 1, 1]), np.array([1, 1])

    assert failure_on("roc_auc", learnt, truth) is not None
    assert failure_on("accuracy", learnt, truth) is None


def test_an_average_over_nothing_counts_as_zero_not_as_failure() -> None:
    assert failure_on("f1", np.array([0, 0, 1]), np.array([0, 0])) is None


def test_r2_cannot_judge_one_row() -> None:
    assert failure_on("r2", np.array([1.0, 2.0]), np.array([1.0])) is not None
