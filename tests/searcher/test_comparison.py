"""Two searches, or trials, in a real store: the numbers are computed a second time by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from searcher.comparison import compare, compare_trials
from searcher.errors import NotFoundError, SpecError
from searcher.records import FINAL, OuterPredictions, OuterScore, Record, SearchStarted
from tests.searcher.report.evolving import Evolution
from tests.searcher.store.records_factory import fill, make_records

SHIFTS = (0.01, 0.03, 0.02)


def shifted(records: list[Record], by: dict[str, float], metric: str = "roc_auc") -> list[Record]:
    """Add to the winners' outer scores, fold by fold."""
    return [
        replace(r, scores={**r.scores, metric: r.scores[metric] + by.get(r.outer_fold, 0.0)})
        if isinstance(r, OuterScore) and r.role == "winner"
        else r
        for r in records
    ]


def started(records: list[Record], **changes: Any) -> list[Record]:
    return [replace(r, **changes) if isinstance(r, SearchStarted) else r for r in records]


def outer_scores(records: list[Record], metric: str = "roc_auc") -> np.ndarray[Any, Any]:
    return np.array(
        [r.scores[metric] for r in records if isinstance(r, OuterScore) and r.role == "winner"]
    )


@pytest.fixture
def pair() -> tuple[list[Record], list[Record]]:
    """Two searches over the same folds; B is better by 0.01, 0.03 and 0.02."""
    by = {str(i): shift for i, shift in enumerate(SHIFTS)}
    return make_records("left-1"), shifted(make_records("right-1"), by)


@pytest.fixture
def url(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path}/searcher.db"


def test_the_test_is_that_of_nadeau_and_bengio_on_the_differences_fold_by_fold(
    url: str, pair: Any
) -> None:
    fill(url, *pair)

    found = compare("left-1", "right-1", store=url)

    roc_auc = found.metrics[0]
    difference = outer_scores(pair[1]) - outer_scores(pair[0])
    error = np.sqrt(difference.var(ddof=1) * (1 / 3 + 30 / 60))  # 90 rows in 3 folds
    t = difference.mean() / error
    half = stats.t.ppf(0.975, 2) * error
    assert roc_auc.metric == "roc_auc"
    assert roc_auc.test is not None
    assert roc_auc.test.difference == pytest.approx(0.02)
    assert roc_auc.test.p_value == pytest.approx(2 * (1 - stats.t.cdf(t, 2)))
    assert roc_auc.test.interval == pytest.approx((0.02 - half, 0.02 + half))
    assert [fold.difference for fold in roc_auc.folds] == pytest.approx(list(SHIFTS))
    assert roc_auc.mean_b == pytest.approx(outer_scores(pair[1]).mean())
    assert found.obstacles == ()


def test_every_metric_of_both_is_compared_the_optimised_one_first(url: str, pair: Any) -> None:
    fill(url, *pair)

    found = compare("left-1", "right-1", store=url)

    assert [metric.metric for metric in found.metrics] == ["roc_auc", "accuracy"]
    assert found.metrics[1].test is not None
    assert found.metrics[1].test.p_value == 1.0  # their accuracy is the same


def test_exchanging_both_turns_the_sign_and_nothing_else(url: str, pair: Any) -> None:
    fill(url, *pair)

    there = compare("left-1", "right-1", store=url).metrics[0].test
    back = compare("right-1", "left-1", store=url).metrics[0].test

    assert there is not None
    assert back is not None
    assert back.difference == -there.difference
    assert back.interval == (-there.interval[1], -there.interval[0])
    assert back.p_value == there.p_value


def test_a_clear_difference_is_told_in_a_sentence(url: str) -> None:
    # t(0.975, 2) = 4.303 (any t table) times 0.001 sqrt(1/3 + 1/2) is 0.0039
    by = {"0": 0.020, "1": 0.021, "2": 0.022}
    fill(url, make_records("left-1"), shifted(make_records("right-1"), by))

    there, back = (compare(*ids, store=url) for ids in (("left", "right"), ("right", "left")))

    assert there.verdict.startswith("B is better by 0.021 [0.0171, 0.0249] in roc_auc on 3 outer")
    assert back.verdict.startswith("A is better by 0.021 [0.0171, 0.0249] in roc_auc on 3 outer")
    assert there.verdict.endswith("; p = 0.0019")


def test_an_unclear_difference_is_told_as_such(url: str) -> None:
    by = {"0": 0.05, "1": -0.04, "2": 0.01}
    fill(url, make_records("left-1"), shifted(make_records("right-1"), by))

    found = compare("left-1", "right-1", store=url)

    assert found.verdict.startswith("A and B can't be told apart: B minus A is +0.00667 [")


def test_equal_scores_are_told_as_equal(url: str) -> None:
    fill(url, make_records("left-1"), make_records("right-1"))

    found = compare("left-1", "right-1", store=url)

    assert found.verdict == "A and B have the same scores in roc_auc on 3 outer folds"


def test_other_rows_stand_side_by_side_without_a_test(url: str) -> None:
    fill(url, make_records("left-1"), make_records("right-1", name="telco", n_samples=120))

    found = compare("left-1", "right-1", store=url)

    assert found.obstacles == ("the rows are not the same: rows: 90 in A, 120 in B",)
    assert [metric.test for metric in found.metrics] == [None, None]
    assert found.metrics[0].mean_a == pytest.approx(outer_scores(make_records()).mean())
    assert found.verdict.startswith("no test: the rows are not the same")


def test_other_values_in_the_same_columns_are_other_rows(url: str) -> None:
    right = started(make_records("right-1"), fingerprint="f" * 64)
    fill(url, make_records("left-1"), right)

    found = compare("left-1", "right-1", store=url)

    assert "other values in the same columns" in found.obstacles[0]
    assert "ffffffffffff" in found.obstacles[0]


def test_other_folds_of_the_same_rows_are_no_pairs(url: str) -> None:
    right = make_records("right-1", outer=2, seed=8)
    spec = {**right[0].spec, "validation": {"outer": 2, "inner": 3, "splitter": "auto"}}
    fill(url, make_records("left-1"), started(right, spec=spec))

    found = compare("left-1", "right-1", store=url)

    (obstacle,) = found.obstacles
    assert "the rows are the same, but no outer fold is (3 in A, 2 in B)" in obstacle
    assert "seed is 7 in A and 8 in B" in obstacle
    assert "validation.outer is 3 in A and 2 in B" in obstacle
    assert all(metric.test is None for metric in found.metrics)


def test_folds_are_paired_by_their_rows_and_not_by_their_names(url: str, pair: Any) -> None:
    left, right = pair
    names = {"0": "2", "1": "0", "2": "1", FINAL: FINAL}
    folds = tuple(replace(fold, outer_fold=names[fold.outer_fold]) for fold in right[0].folds)
    others = [
        r for r in started(right, folds=folds) if not isinstance(r, OuterScore | OuterPredictions)
    ]
    renamed = [
        replace(r, outer_fold=names[r.outer_fold], trial_id=f"right-1.{names[r.outer_fold]}.0")
        for r in right
        if isinstance(r, OuterScore)
    ]
    fill(url, left, [*others[:-1], *renamed, others[-1]])

    found = compare("left-1", "right-1", store=url).metrics[0].folds

    assert [(fold.fold_a, fold.fold_b) for fold in found] == [("0", "2"), ("1", "0"), ("2", "1")]
    assert [fold.difference for fold in found] == pytest.approx(list(SHIFTS))


def test_where_some_folds_are_the_same_the_test_is_on_those(url: str, pair: Any) -> None:
    left, right = pair
    other = make_records("x", seed=99)[0].folds
    mixed = tuple(
        o if f.outer_fold == "2" else f for f, o in zip(right[0].folds, other, strict=True)
    )
    fill(url, left, started(right, folds=mixed))

    found = compare("left-1", "right-1", store=url)

    assert found.metrics[0].test is not None
    assert found.metrics[0].test.folds == 2
    assert "2 outer folds are the same in both, of 3 in A and 3 in B" in found.notes[0]


def test_a_search_without_outer_scores_is_named(url: str) -> None:
    told = make_records("right-1", state="running")
    running = [r for r in told if not isinstance(r, OuterScore | OuterPredictions)]
    fill(url, make_records("left-1"), running)

    found = compare("left-1", "right-1", store=url)

    assert found.obstacles == ("B (right-1) has no outer scores: it is running",)


def test_what_differs_in_the_specs_is_listed_by_path(url: str) -> None:
    right = make_records("right-1", name="churn")
    spec = {
        **right[0].spec,
        "name": "other",
        "strategy": {"kind": "random"},
        "families": {"xgboost": {"max_depth": {"high": 4}}, "ridge": None},
    }
    fill(url, make_records("left-1"), started(right, spec=spec))

    found = {d.what: (d.a, d.b) for d in compare("left-1", "right-1", store=url).differences}

    assert found["spec.strategy.kind"] == ("asha", "random")
    assert found["spec.strategy.searcher"] == ("tpe", None)
    assert found["spec.families.ridge"] == (None, "searched")
    assert found["spec.families.random_forest"] == ("searched", None)
    assert found["spec.families.xgboost.max_depth.high"] == (None, 4)
    assert "spec.name" not in found


def test_a_search_is_not_compared_with_itself(url: str) -> None:
    fill(url, make_records("left-1"))

    with pytest.raises(SpecError, match="are the same search, left-1"):
        compare("left-1", "left", store=url)
    with pytest.raises(NotFoundError):
        compare("left-1", "nobody", store=url)


def test_trials_are_paired_on_the_inner_folds_that_both_have_seen(url: str) -> None:
    records = make_records("left-1", trials=20, inner=4)
    fill(url, records)

    found = compare_trials("left-1.0.1", "left-1.0.2", store=url)

    metric = found.metrics[0]
    difference = np.array([fold.b - fold.a for fold in metric.folds])
    error = np.sqrt(difference.var(ddof=1) * (1 / 4 + 15 / 45))  # 60 rows in 4 folds
    assert len(metric.folds) == 4
    assert metric.test is not None
    t = abs(difference.mean()) / error
    assert metric.test.p_value == pytest.approx(2 * stats.t.sf(t, 3))
    assert "inner scores" in found.notes[0]
    assert found.differences[0].what == "family"


def test_trials_of_different_inner_searches_have_no_fold_in_common(url: str) -> None:
    fill(url, make_records("left-1"))

    found = compare_trials("left-1.0.1", "left-1.final.1", store=url)

    assert found.obstacles == (
        "the trials have no inner fold in common: their outer folds are 0 and final",
    )


def test_trials_of_two_searches_compare_if_their_folds_are_the_same(url: str) -> None:
    fill(url, make_records("left-1"), make_records("right-1"))

    found = compare_trials("left-1.0.1", "right-1.0.1", store=url)

    assert found.verdict == "A and B have the same scores in roc_auc on 3 inner folds"


def test_a_trial_without_scores_is_named(url: str) -> None:
    fill(url, make_records("left-1"))

    found = compare_trials("left-1.0.1", "left-1.0.7", store=url)

    assert found.obstacles == (
        "fewer than two inner folds are scored in both: A has 3 (completed), B 0 (failed)",
    )


@pytest.fixture
def evolved(url: str) -> Evolution:
    """A search by ``pbt``, told, and in the store."""
    story = Evolution(outer=2)
    fill(url, story.tell())
    return story


def test_members_of_populations_differ_in_what_they_ended_with(url: str, evolved: Any) -> None:
    default = f"{evolved.search_id}.final.1"  # it is never replaced
    member = evolved.replaced(FINAL)[0].trial_id
    last = evolved.ways(FINAL)[member][-1][1]

    found = compare_trials(default, member, store=url)

    (rate,) = (d for d in found.differences if d.what == "learning_rate")
    assert found.configuration_b == last != found.b.configuration
    assert (rate.a, rate.b) == (found.a.configuration["learning_rate"], last["learning_rate"])
    assert [note for note in found.notes if "what it ended with" in note] == [
        "B is described by what it ended with, not by what it began with; "
        f"`searcher show {member}` tells its way"
    ]


def test_members_that_never_changed_are_what_they_began_with(url: str, evolved: Any) -> None:
    replaced = {record.trial_id for record in evolved.replaced(FINAL)}
    a, b = [trial_id for trial_id in evolved.ways(FINAL) if trial_id not in replaced][1:3]

    found = compare_trials(a, b, store=url)

    assert (found.configuration_a, found.configuration_b) == (
        found.a.configuration,
        found.b.configuration,
    )
    assert found.notes == ("inner scores: what is chosen by them looks better than it is",)
