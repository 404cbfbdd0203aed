"""What the page says of the outer test rows: right numbers, and honest where there are none."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)

from searcher.records import Note, OuterPredictions
from searcher.report.calibration import Bin, brier, expected_error, make_bins
from searcher.report.confusion import MAX_CLASSES, confusion_part, count_pairs
from searcher.report.curves import MAX_POINTS, curve_parts, thin
from searcher.report.judged import Judged
from searcher.report.residuals import residual_parts
from tests.searcher.report.conftest import Report
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import KINDS, SEARCH_ID, Story


def predictions(
    truth: NDArray[Any],
    predicted: NDArray[Any] | None = None,
    told: NDArray[Any] | None = None,
    *,
    fold: str = "0",
) -> OuterPredictions:
    """One outer fold."""
    if predicted is None:
        assert told is not None
        predicted = told.argmax(axis=1)
    return OuterPredictions(
        "s", fold, "winner", "s.0.1", np.arange(len(truth)), truth, predicted, told
    )


def judged(*folds: OuterPredictions, classes: Sequence[str] = ("no", "yes")) -> Judged:
    return Judged(tuple(folds), tuple(classes), n_left_out=0, sample=None)


def coin_flips(n: int = 400, seed: int = 3) -> tuple[NDArray[Any], NDArray[Any]]:
    """Truth (n,) that follows its probabilities (n, 2)."""
    rng = np.random.default_rng(seed)
    positive = rng.beta(0.6, 1.2, n)
    return (rng.random(n) < positive).astype(int), np.column_stack([1 - positive, positive])


def test_areas_are_those_of_scikit_learn_fold_by_fold() -> None:
    folds = [coin_flips(seed=seed) for seed in (1, 2, 3)]
    made = [predictions(truth, told=told, fold=str(i)) for i, (truth, told) in enumerate(folds)]

    roc, precision = curve_parts(judged(*made))

    areas = [roc_auc_score(truth, told[:, 1]) for truth, told in folds]
    averages = [average_precision_score(truth, told[:, 1]) for truth, told in folds]
    assert (
        f"{np.mean(areas):.4f} in the mean of 3 outer folds, from {min(areas):.4f}"
        in (roc.words[0])
    )
    assert f"{np.mean(averages):.4f} in the mean of 3 outer folds" in precision.words[0]


def test_a_curve_that_is_thinned_keeps_its_ends_and_its_area() -> None:
    x = np.sort(np.random.default_rng(0).random(5000))
    x[0], x[-1] = 0, 1
    y = np.sqrt(x)

    few_x, few_y = thin(x, y)

    assert len(few_x) <= MAX_POINTS + 2
    assert (few_x[0], few_x[-1], few_y[-1]) == (0, 1, 1)
    assert np.trapezoid(few_y, few_x) == pytest.approx(2 / 3, abs=1e-3)


def test_a_fold_without_one_of_the_classes_has_no_curve_and_that_is_said() -> None:
    truth, told = coin_flips()
    lacking = predictions(np.zeros(5, int), told=told[:5], fold="1")

    roc, _ = curve_parts(judged(predictions(truth, told=told), lacking))
    nothing, _ = curve_parts(judged(lacking))

    assert "1 outer fold without rows of both classes left out." in roc.words
    assert nothing.figure is None
    assert nothing.words == ("Every outer fold has rows of one class only.",)


def test_probabilities_that_come_true_are_calibrated() -> None:
    truth, told = coin_flips(20_000)

    bins = make_bins(told[:, 1], truth == 1)

    observed, predicted = calibration_curve(truth, told[:, 1], n_bins=10)
    assert [b.observed for b in bins] == pytest.approx(list(observed))
    assert [b.predicted for b in bins] == pytest.approx(list(predicted))
    assert sum(b.n for b in bins) == 20_000
    assert expected_error(bins) < 0.02
    assert expected_error(make_bins(told[:, 1], truth == 0)) > 0.3


def test_expected_error_is_the_mean_distance_weighted_by_rows() -> None:
    assert expected_error([Bin(30, 0.1, 0.2), Bin(10, 0.9, 0.5)]) == pytest.approx(
        0.75 * 0.1 + 0.25 * 0.4
    )


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (3, 10), (50, 50), (1, 2)])
def test_a_bins_interval_is_wilsons(successes: int, n: int) -> None:
    expected = binomtest(successes, n).proportion_ci(method="wilson")

    low, high = Bin(n, 0.5, successes / n).interval

    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert low <= successes / n <= high


def test_brier_scores_are_those_of_scikit_learn() -> None:
    truth, told = coin_flips()
    rng = np.random.default_rng(5)
    many = rng.dirichlet(np.ones(4), 300)
    codes = rng.integers(0, 4, 300)

    assert brier(told, truth) == pytest.approx(brier_score_loss(truth, told[:, 1]))
    expected = brier_score_loss(codes, many, labels=range(4), scale_by_half=False)
    assert brier(many, codes) == pytest.approx(expected)


def test_confusion_counts_rows_and_gives_recall_and_precision() -> None:
    rng = np.random.default_rng(2)
    truth, predicted = rng.integers(0, 3, 200), rng.integers(0, 3, 200)

    part, rows = confusion_part(judged(predictions(truth, predicted), classes=("a", "b", "c")))

    assert (count_pairs(truth, predicted, 3) == confusion_matrix(truth, predicted)).all()
    recalls = recall_score(truth, predicted, average=None)
    precisions = precision_score(truth, predicted, average=None)
    for row in rows:
        code = "abc".index(row.name)
        assert (row.recall, row.precision) == pytest.approx((recalls[code], precisions[code]))
    assert [row.rows for row in rows] == sorted((row.rows for row in rows), reverse=True)
    assert "200 rows" in part.words[0]


def test_a_class_that_is_never_met_or_never_predicted_has_no_share() -> None:
    made = judged(predictions(np.array([0, 0]), np.array([0, 2])), classes=("a", "b", "c"))

    _, rows = confusion_part(made)

    found = {row.name: (row.recall, row.precision, row.taken_for) for row in rows}
    assert found["b"] == (None, None, "")
    assert found["c"] == (None, 0.0, "")
    assert found["a"][2].startswith("c (50")


def test_many_classes_are_drawn_as_the_most_frequent_and_the_others() -> None:
    rng = np.random.default_rng(2)
    truth = np.concatenate([np.arange(60), rng.integers(0, 30, 2000)])
    made = judged(predictions(truth, truth), classes=[f"c{i}" for i in range(60)])

    part, rows = confusion_part(made)

    assert part.figure is not None
    (plot,) = part.figure.plots
    assert len(plot.data[0]["z"]) == MAX_CLASSES
    assert plot.layout["xaxis"]["ticktext"][-1] == "all others"
    assert sum(row.rows for row in rows) == len(truth)


def test_errors_of_a_regression_are_said_in_words() -> None:
    truth, predicted = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 6.0])

    first, *_ = residual_parts(judged(predictions(truth, predicted), classes=()), "price")

    assert (
        "root mean squared error 1, mean absolute error 0.5, mean residual -0.5" in (first.words[0])
    )
    assert "R² 0.2000" in first.words[0]


def test_values_that_are_all_right_have_no_distribution() -> None:
    values = np.arange(5.0)

    parts = list(residual_parts(judged(predictions(values, values), classes=()), "price"))

    assert [part.title for part in parts] == ["Observed against predicted", "Residuals"]


@pytest.mark.parametrize("task", KINDS)
def test_a_page_has_the_section_of_its_task(report: Report, task: str) -> None:
    page = Page(report(Story(trials=10, outer=2, task=task, **KINDS[task]).tell()))

    assert ("roc" in page.figures) == (task != "regression")
    assert ("residuals" in page.figures) == (task == "regression")
    assert "the same predictions that the outer scores were computed from" in page.text


def test_a_store_without_predictions_says_so(report: Report) -> None:
    records = Story(trials=6, outer=2).tell()

    page = Page(report([r for r in records if not isinstance(r, OuterPredictions)]))

    assert "The store has no predictions of this search: an older searcher" in page.text
    assert "roc" not in page.figures


def test_what_is_left_out_is_said(report: Report) -> None:
    story = Story(trials=6, outer=2, task="regression", **KINDS["regression"])
    records = [_broken(record) for record in story.tell()]
    note = Note(SEARCH_ID, "outer_predictions", {"rows": 9000, "kept": 900}, at=story.now)

    text = Page(report([*records, note])).text

    assert "From a sample: 900 of 9,000 outer test rows are in the store." in text
    assert "4 predictions that are not finite numbers are left out." in text
    assert "Over the 896 outer test rows together" in text


def _broken(record: Any) -> Any:
    if not isinstance(record, OuterPredictions):
        return record
    predicted = np.array(record.predicted)
    predicted[:2] = np.nan, np.inf
    return replace(record, predicted=predicted)
