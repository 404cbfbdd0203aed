"""What the winners said of the outer test rows: kept row by row, with names and not twice."""

import math
from dataclasses import replace

import numpy as np
import pytest

from searcher.errors import StoreError
from searcher.records import OuterPredictions, OuterScore, SearchEnded, SearchStarted
from searcher.store import Store, Writer
from tests.searcher.store.raw import change
from tests.searcher.store.records_factory import START, fill, make_records

NAMES = ("low", "middle", "high")


def told(task, probabilities, predicted, truth):
    """One outer fold of a search of that task, with these predictions of rows 0, 1, ..."""
    records = make_records("s", outer=2, state="running")
    start = next(record for record in records if isinstance(record, SearchStarted))
    classes = [{"name": name, "rows": 1} for name in NAMES[: len(probabilities[0])]]
    data = start.data | {"classes": classes if task != "regression" else []}
    kept = [record for record in records if not isinstance(record, OuterPredictions)]
    kept[0] = replace(start, task=task, data=data)
    (score,) = (r for r in kept if isinstance(r, OuterScore) and (r.outer_fold, r.role) == FIRST)
    return [
        *kept,
        OuterPredictions(
            search_id="s",
            outer_fold="0",
            role="winner",
            trial_id=score.trial_id,
            rows=np.arange(len(truth)),
            truth=np.asarray(truth),
            predicted=np.asarray(predicted),
            probabilities=None if task == "regression" else np.asarray(probabilities),
            at=score.at,
        ),
    ]


FIRST = ("0", "winner")
TASKS = {
    "binary": ([[0.9, 0.1], [0.25, 0.75], [0.4, 0.6]], [0, 1, 1], [0, 1, 0]),
    "multiclass": ([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]], [0, 2, 1], [0, 1, 1]),
    "regression": ([[0.0]] * 3, [1.5, -2.0, 1e300], [1.0, -2.0, 1e300]),
}


@pytest.mark.parametrize("task", TASKS)
def test_predictions_come_back_as_they_were_told(url, task):
    records = told(task, *TASKS[task])
    given = records[-1]

    (found,) = Store(fill(url, records)).outer_predictions("s")

    assert (found.outer_fold, found.role, found.trial_id) == ("0", "winner", given.trial_id)
    assert found.at == given.at
    np.testing.assert_array_equal(found.rows, given.rows)
    np.testing.assert_array_equal(found.truth, given.truth)
    np.testing.assert_array_equal(found.predicted, given.predicted)
    if task == "regression":
        assert found.probabilities is None
    else:
        np.testing.assert_allclose(found.probabilities, given.probabilities, rtol=0, atol=1e-16)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            "binary",
            [("low", "low", 1, None), ("middle", "middle", 1, None), ("low", "middle", 0, None)],
        ),
        (
            "multiclass",
            [("low", "low", 1, None), ("middle", "high", 0, None), ("middle", "middle", 1, None)],
        ),
        ("regression", [(None, None, None, -0.5), (None, None, None, 0), (None, None, None, 0)]),
    ],
)
def test_the_view_names_the_classes_or_gives_the_residual(url, task, expected):
    fill(url, told(task, *TASKS[task]))

    answer = Store(url).query(
        "SELECT true_class, predicted_class, correct, residual FROM v_outer_predictions "
        "ORDER BY row_number"
    )

    assert answer.rows == expected


def test_one_probability_is_the_positive_class_or_the_predicted_one(url, other_url):
    sql = "SELECT probability, probabilities FROM outer_predictions ORDER BY row_number"

    two = Store(fill(url, told("binary", *TASKS["binary"]))).query(sql).rows
    three = Store(fill(other_url, told("multiclass", *TASKS["multiclass"]))).query(sql).rows

    assert two == [(0.1, None), (0.75, None), (0.6, None)]
    assert three == [(0.7, "[0.7, 0.2, 0.1]"), (0.8, "[0.1, 0.1, 0.8]"), (0.4, "[0.3, 0.4, 0.3]")]


def test_predictions_told_twice_count_once_before_and_after_the_end(url):
    records = told("binary", *TASKS["binary"])
    again = records[-1]

    fill(url, [*records, again], [again, SearchEnded("s", "interrupted", at=START)], [again])

    assert Store(url).query("SELECT count(*) FROM outer_predictions").rows == [(3,)]


def test_another_telling_of_a_folds_predictions_does_not_mix_with_the_first(url):
    *records, first = told("binary", *TASKS["binary"])
    other = replace(first, rows=first.rows + 2, truth=1 - first.truth)

    fill(url, [*records, first, other])

    (found,) = Store(url).outer_predictions("s")
    np.testing.assert_array_equal(found.rows, first.rows)
    np.testing.assert_array_equal(found.truth, first.truth)


def test_predictions_without_an_outer_score_are_refused(url):
    records = told("binary", *TASKS["binary"])
    orphan = replace(records[-1], role="dummy", trial_id=records[-1].trial_id)

    with pytest.raises(StoreError, match=r"predictions of the dummy, s\.0\.\d, which has no outer"):
        fill(url, [*records, orphan])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"rows": np.array([0, 1])},
            r"predicted has shape \(3,\).*allowed: shape \(2,\) of",
        ),
        ({"rows": np.array([0, 1, 1])}, "2 different ones of 3"),
        ({"rows": np.array([-1, 1, 2])}, "rows go from -1 to 2"),
        ({"rows": np.array([0.5, 1, 2])}, "one dimension of whole numbers"),
        ({"predicted": np.array(["a", "b", "c"])}, "predicted has shape .* type <U1"),
        ({"probabilities": np.zeros((2, 2))}, r"probabilities has shape \(2, 2\)"),
        ({"predicted": np.array([0, 1, 2])}, "predicted are 0, 1, 2 where .* from 0 to 1"),
        ({"predicted": np.array([0, math.nan, 1])}, "predicted are 0, 1, nan where"),
    ],
)
def test_predictions_that_do_not_fit_together_are_refused_where_they_are_added(url, changes, said):
    *records, last = told("binary", *TASKS["binary"])

    with Writer(url) as writer:
        for record in records:
            writer.add(record)
        with pytest.raises(StoreError, match=said):
            writer.add(replace(last, **changes))


def test_a_prediction_that_is_not_finite_is_null(url):
    *records, last = told("regression", *TASKS["regression"])
    broken = replace(last, predicted=np.array([math.nan, math.inf, 1.0]))

    fill(url, [*records, broken])

    sql = "SELECT predicted FROM outer_predictions ORDER BY row_number"
    assert Store(url).query(sql).rows == [(None,), (None,), (1.0,)]
    (found,) = Store(url).outer_predictions("s")
    assert np.isnan(found.predicted[:2]).all()


def test_later_changes_to_an_array_do_not_reach_the_store(url):
    *records, last = told("regression", *TASKS["regression"])

    with Writer(url) as writer:
        for record in (*records, last):
            writer.add(record)
        last.predicted[:] = 0
        writer.flush()

    (found,) = Store(url).outer_predictions("s")
    assert found.predicted[0] == 1.5


def test_predictions_go_with_their_search(url):
    fill(url, told("binary", *TASKS["binary"]))

    change(url, "DELETE FROM searches WHERE search_id = 's'")

    assert Store(url).query("SELECT count(*) FROM outer_predictions").rows == [(0,)]


@pytest.mark.slow
def test_fifty_thousand_rows_are_written_within_seconds(url):
    """Under a second on a free core; the limit is what a busy machine may take."""
    from time import process_time

    n = 48_842
    rng = np.random.default_rng(0)
    positive = rng.random(n)
    *records, last = told("binary", *TASKS["binary"])
    many = replace(
        last,
        rows=np.arange(n),
        truth=rng.integers(0, 2, n),
        predicted=(positive > 0.5).astype(int),
        probabilities=np.column_stack([1 - positive, positive]),
    )
    fill(url, records)

    began = process_time()
    fill(url, [many])

    assert process_time() - began < 2
    assert len(Store(url).outer_predictions("s")[0].rows) == n
