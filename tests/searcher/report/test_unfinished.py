"""What the report says of searches that have little to show: honestly, and without falling over."""

import math
from dataclasses import replace

import pytest

from searcher.records import (
    FINAL,
    FoldScore,
    Note,
    ParityChecked,
    SearchEnded,
    SearchState,
    TrialEnded,
    TrialStarted,
)
from tests.searcher.report.conftest import Report, report_of
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import SEARCH_ID, Story
from tests.searcher.store import records_factory
from tests.searcher.store.records_factory import make_records, make_verdict


def test_a_search_that_has_only_begun(report: Report) -> None:
    story = Story()
    story.start()

    page = Page(report(story.records))

    assert "The search is still running" in page.text
    assert "no honest estimate" in page.text
    assert "No trial was started" in page.text
    assert set(page.figures) == {"target"}


@pytest.mark.parametrize("state", ["running", "interrupted", "failed"])
def test_a_search_that_ended_in_its_final_inner_search(
    state: SearchState, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(state)

    path = report_of(make_records(state=state), folder, records_factory.SEARCH_ID)

    text = Page(path.read_text(encoding="utf-8")).text
    assert "mean of 3 of 3 outer folds so far" in text
    assert "There is no interval: the search did not end" in text
    said = {
        "running": "The search is still running",
        "interrupted": "The search was interrupted",
        "failed": "The search failed. MemoryError: the driver ran out of memory",
    }
    assert said[state] in text


def test_an_interrupted_search_shows_an_inner_search_that_has_trials(report: Report) -> None:
    story = Story(trials=30)
    story.start()
    story.inner_search("0")
    story.records.append(SearchEnded(SEARCH_ID, "interrupted", at=story.now))

    page = Page(report(story.records))

    assert "trials of the inner search of outer fold 0, by their score after" in page.text
    assert "1 of 5 inner searches had chosen by the end" in page.text
    assert len(page.figures["history"]) == 1


def test_a_search_whose_trials_all_failed(report: Report) -> None:
    story = Story(trials=8)
    story.start()
    for fold in ("0", FINAL):
        story.inner_search(fold, only="failed")
    error = "none of 8 trials completed"
    story.records.append(SearchEnded(SEARCH_ID, "failed", error=error, at=story.now))

    page = Page(report(story.records))

    assert set(page.figures) == {"target", "timeline"}
    assert "No trial completed in final (all rows), outer fold 0." in page.text
    assert "16 of 16 trials failed" in page.text
    assert error in page.text


def test_one_trial(report: Report) -> None:
    page = Page(report(Story(trials=1, outer=2).tell()))

    assert "The dummy model won" in page.text
    assert "No trial but the dummy completed" in page.text
    assert "importance" not in page.figures


def test_too_few_trials_for_importance_are_said_in_words(report: Report) -> None:
    page = Page(report(Story(trials=12, outer=2, stopping=False, failing=0).tell()))

    assert "importance" not in page.figures
    assert "only 11 trials can be compared, and it takes 20 to say what mattered" in page.text


def test_parameters_that_never_varied_are_said_in_words(report: Report) -> None:
    story = Story(trials=25, outer=2, families=["xgboost"], stopping=False, failing=0)
    same = story.spaces["xgboost"].sample(story.rng)
    records = [
        replace(r, configuration=same)
        if isinstance(r, TrialStarted) and r.family == "xgboost"
        else r
        for r in story.tell()
    ]

    page = Page(report(records))

    assert "xgboost: no parameter took two values" in page.text
    assert "parallel" not in page.figures


def test_equal_scores_are_said_in_words(report: Report) -> None:
    records = [
        replace(r, score=0.75)
        if isinstance(r, TrialEnded) and r.score is not None
        else replace(r, scores=dict.fromkeys(r.scores, 0.75))
        if isinstance(r, FoldScore)
        else r
        for r in Story(trials=30, outer=2, stopping=False, failing=0).tell()
    ]

    page = Page(report(records))

    assert "all trials have the same score" in page.text
    assert "history" in page.figures


def test_one_outer_fold_has_no_interval(report: Report) -> None:
    text = Page(report(Story(trials=10, outer=1).tell())).text

    assert "There is no interval: one outer fold has no spread" in text
    assert "Can't be said" in text
    assert "Only 1 outer fold: no interval can be given" in text


def test_scores_that_were_not_finite_are_left_out(report: Report) -> None:
    broken = f"{SEARCH_ID}.{FINAL}.5"
    records = [
        replace(r, scores={**r.scores, "roc_auc": math.nan})
        if isinstance(r, FoldScore) and r.trial_id == broken
        else replace(r, state="stopped", score=None)
        if isinstance(r, TrialEnded) and r.trial_id == broken
        else r
        for r in Story(trials=20, failing=0).tell()
    ]

    page = Page(report(records))

    final = page.figures["history"][0]["data"]
    drawn = {x for trace in final if trace.get("mode") == "markers" for x in trace["x"]}
    assert 5 not in drawn
    assert {4, 6} <= drawn


def test_errors_read_as_scores_below_zero(report: Report) -> None:
    text = Page(report(Story(trials=12, metrics=["neg_log_loss"]).tell())).text

    assert "the log loss with its sign turned, so that larger is better" in text
    assert "All metrics" not in text


def test_a_model_that_is_not_the_same_in_onnx_is_not_released(report: Report) -> None:
    story = Story(trials=10, outer=2)
    records = [
        replace(r, verdict=make_verdict(passed=False, worst=math.inf, failure="row 3 of random"))
        if isinstance(r, ParityChecked)
        else r
        for r in story.tell()
        if getattr(r, "kind", None) != "model"
    ]
    last = records[-1]
    assert isinstance(last, SearchEnded)
    records[-1] = replace(last, error="model.onnx is not released: row 3 of random")

    text = Page(report(records)).text

    assert "Same outputs in ONNX Runtime? No: not released row 3 of random" in text
    assert "There is no model. model.onnx is not released" in text
    assert "No file was released. This is the final inner search's winner." in text


def test_an_unknown_family_and_an_odd_description_do_no_harm(report: Report) -> None:
    """Another version's rows: a family that is not installed, a description in other forms."""
    story = Story(trials=30, outer=2, stopping=False)
    records = story.tell()
    started = records[0]
    odd = {"columns": "many", "classes": {"No": 3, "Yes": "?"}, "notices": None, "rows": "?"}
    records[0] = replace(started, data=odd, environment={}, spec={"seed": 1})  # type: ignore[type-var]
    records[1] = Note(SEARCH_ID, "x" * 60, {"list": [1, 2], "none": None}, at=story.now)
    records = [
        replace(r, family="their_forest") if getattr(r, "family", None) == "random_forest" else r
        for r in records
    ]

    page = Page(report(records))

    assert "their_forest" in page.text
    assert "parallel" in page.figures
