"""Progress: what the records of a search say, as lines and as a picture."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from searcher.cli.progress.lines import Lines
from searcher.cli.progress.live import Live
from searcher.cli.progress.state import Best, ProgressState
from searcher.cli.progress.words import milestones, status
from searcher.preflight import Step
from searcher.records import (
    FINAL,
    FoldScore,
    Note,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from tests.searcher.cli.conftest import records_of, without_model
from tests.searcher.store.records_factory import START

SEARCH = records_of("churn-1a2b3c")


def after(records, until=None):
    """State after the records up to (and with) the first that ``until`` holds for."""
    state = ProgressState()
    for record in records:
        state.update(record)
        if until is not None and until(record):
            break
    return state


def trial(number, outer_fold="0", **changes):
    started = TrialStarted(
        trial_id=f"s.{outer_fold}.{number}",
        search_id="s",
        outer_fold=outer_fold,
        number=number,
        family="ridge",
        configuration={},
        origin="strategy",
        at=START,
    )
    return replace(started, **changes)


def ended(number, state="completed", score=0.5, outer_fold="0", **why):
    return TrialEnded(f"s.{outer_fold}.{number}", state, score, 3, **why, at=START)


def started(trials=8, **budget):
    record = SEARCH[0]
    spec = {**record.spec, "budget": {"trials": trials, **budget}}
    return replace(record, search_id="s", spec=spec, at=START)


def test_counts_follow_trials_from_start_to_end():
    state = after([started(), trial(0), trial(1), trial(2), trial(3, FINAL)])
    assert [state.inner[fold].running for fold in ("0", "1", FINAL)] == [3, 0, 1]

    for record in (ended(0), ended(1, "stopped"), ended(2, "failed", None, reason="ValueError: x")):
        state.update(record)

    inner = state.inner["0"]
    assert (inner.running, inner.completed, inner.stopped, inner.failed) == (0, 1, 1, 1)
    assert (state.totals.over, state.totals.running, state.totals.trials) == (3, 1, 32)
    assert state.reasons == {"ValueError: x": 1}


def test_a_complete_search_is_told_to_its_end():
    state = after(SEARCH)

    assert state.phase == "ended"
    assert not state.live
    for inner in state.inner.values():
        assert (inner.over, inner.running, inner.trials, inner.chosen) == (8, 0, 8, True)
    assert list(state.inner) == ["0", "1", "2", FINAL]
    assert sorted(state.outer_scores) == ["0", "1", "2"]


def test_a_restarted_worker_does_not_count_twice():
    state = after([started(), trial(0), trial(0)])

    assert state.totals.running == 1


def test_the_incumbent_is_what_will_be_chosen():
    """Larger first, of equals the one proposed first; only complete trials compete."""
    records = [started(), *(trial(i) for i in range(4))]
    records += [ended(3, score=0.8), ended(2, "stopped", 0.9), ended(1, score=0.8), ended(0)]

    best = after(records).inner["0"].best

    assert best == Best(0.8, 1, "ridge", "s.0.1")


def test_the_incumbent_agrees_with_the_choice_of_a_whole_search():
    from searcher.records import InnerSearchEnded

    state = after(SEARCH)

    for record in SEARCH:
        if isinstance(record, InnerSearchEnded):
            best = state.inner[record.outer_fold].best
            assert (best.trial_id, best.score) == (record.trial_id, record.inner_score)


def test_time_left_is_a_trial_for_a_trial():
    state = after([started(trials=4), *(trial(i) for i in range(4)), ended(0), ended(1)])

    # 2 of 16 trials in 10 s leave 14 that take 5 s each
    assert state.left_s(START + timedelta(seconds=10)) == pytest.approx(70)


def test_time_left_ends_where_the_time_budget_does():
    scores = [
        FoldScore(f"s.{fold}.0", 1, 0, {"roc_auc": 0.5}, fit_s=4.5, score_s=0.5, cpu_s=9, at=START)
        for fold in ("0", "1", "2", FINAL)
    ]
    folds = ("0", "1", "2", FINAL)
    state = after([started(trials=1000, time_s=15), *(trial(0, fold) for fold in folds), *scores])
    state.inner["0"].completed = 500  # as many as it takes to guess

    # 20 s of trial time took 10 s, so the 40 s that are left take 20 s
    assert state.left_s(START + timedelta(seconds=10)) == pytest.approx(20)


def test_there_is_no_guess_before_a_tenth_is_done():
    state = after([started(trials=10), trial(0), ended(0), trial(1), ended(1), trial(2), ended(2)])

    assert state.left_s(START + timedelta(seconds=10)) is None


def test_status_says_how_far_it_is_and_that_the_incumbent_flatters():
    records = [started(trials=4), *(trial(i, FINAL) for i in range(5))]
    records += [ended(0, score=0.8412, outer_fold=FINAL), ended(1, "stopped", outer_fold=FINAL)]

    said = status(after(records), START + timedelta(seconds=10))

    assert said == (
        "trials 2/16 (3 running, 1 completed, 1 stopped); "
        "best on all rows 0.8412 ridge (inner score: optimistic); 10 s so far, about 1:10 min left"
    )


def test_status_says_when_the_winners_are_refitted():
    from searcher.records import InnerSearchEnded

    state = after(SEARCH, until=lambda record: isinstance(record, InnerSearchEnded))

    assert status(state, START).startswith("refitting the winners: 0 of 3 scored")


def test_a_reason_of_failures_is_told_once():
    records = [started(), *(trial(i) for i in range(4))]
    records += [ended(i, "failed", None, reason="ValueError: singular") for i in range(3)]
    state, said = ProgressState(), []

    for record in records:
        state.update(record)
        said += list(milestones(state, record))

    assert [line for line in said if "failed" in line] == [
        "a trial failed (s.0.0): ValueError: singular"
    ]


class Clock:
    """A clock that is as far as the last record."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


def lines_of(records, every=timedelta(seconds=5)):
    clock, stream = Clock(), io.StringIO()
    lines = Lines(stream, clock=clock, every=every)
    for record in records:
        clock.now = record.at
        lines(record)
    lines.close()
    return stream.getvalue().splitlines()


def test_lines_tell_data_plan_choices_scores_and_files():
    said = "\n".join(lines_of(SEARCH))

    for part in (
        "search churn-1a2b3c",
        "data: telco_churn: 90 rows, 2 columns (1 numeric, 1 categorical)",
        "data: target Churn: No 60, Yes 30",
        "notice: column 'id' is constant and was dropped",
        "plan: roc_auc; 3 outer x 3 inner folds; logistic_regression, random_forest, xgboost; ",
        "outer fold 0: chose ",
        "outer fold 2: outer roc_auc 0.8",
        "all rows: chose ",
        "parity passed: 118 rows compared",
        "model: searcher-output/churn-1a2b3c/model.onnx",
        "report: searcher-output/churn-1a2b3c/report.html",
    ):
        assert part in said
    assert all(re.match(r"\d\d:\d\d:\d\d  \S", line) for line in lines_of(SEARCH))


def test_the_status_is_told_every_few_seconds_at_most():
    every_five = [line for line in lines_of(SEARCH) if "so far" in line]
    never = [line for line in lines_of(SEARCH, every=timedelta(days=1)) if "so far" in line]

    lasted = (SEARCH[-1].at - SEARCH[0].at).total_seconds()
    assert 1 <= len(every_five) <= lasted / 5
    assert never == []


def test_how_fast_the_file_answers_is_told_beside_the_model():
    payload = {"batches": [1, 10_000], "onnx_ms": [0.0234, 41.0], "native_ms": [5.1, 52.0]}

    (line,) = milestones(ProgressState(), Note("s", "latency", payload | {"size_bytes": 9}))

    assert line == "latency: 1 rows 0.023 ms (model 5.1), 10,000 rows 41 ms (model 52); one thread"


def test_a_checkpoint_that_can_not_be_used_is_told():
    (line,) = milestones(ProgressState(), Note("s", "checkpoint", {"error": "it is\ntorn"}))

    assert line == "checkpoint: it is torn"


def steps_told(seconds):
    """What is said of steps that come so many seconds after the start."""
    clock, stream = Clock(), io.StringIO()
    lines = Lines(stream, clock=clock)
    for number, second in enumerate(seconds, start=1):
        clock.now = START + timedelta(seconds=second)
        lines.step(Step("training", f"families.mlp.depth: {number}", number, len(seconds)))
    return [line[10:] for line in stream.getvalue().splitlines()]


def test_what_is_tried_before_a_search_is_told_every_few_seconds_at_most():
    assert steps_told([0, 1, 4, 5, 6, 11]) == [
        "trying training, 1 of 6: families.mlp.depth: 1",
        "trying training, 4 of 6: families.mlp.depth: 4",
        "trying training, 6 of 6: families.mlp.depth: 6",
    ]


def test_the_first_of_each_kind_that_is_tried_is_told_at_once():
    stream = io.StringIO()
    lines = Lines(stream, clock=lambda: START)

    for doing in ("training", "training", "learning rates", "exports", "exports"):
        lines.step(Step(doing, "families.mlp", 1, 2))

    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "trying training, 1 of 2: families.mlp",
        "trying learning rates, 1 of 2: families.mlp",
        "trying exports, 1 of 2: families.mlp",
    ]


def test_a_refused_model_is_told():
    said = "\n".join(lines_of(list(without_model(SEARCH))))

    assert "parity failed, so no model was released (118 rows compared): row 3 differs" in said
    assert "model:" not in said


def test_a_model_that_can_not_be_converted_is_told():
    note = Note("s", "export", {"error": "no converter\nfor this"}, at=START)

    assert "export: no converter for this" in lines_of([started(), note])[-1]


class Broken(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe", text)


def test_a_search_does_not_die_of_progress_that_nobody_reads():
    lines = Lines(Broken(), clock=lambda: START)

    for record in SEARCH:
        lines(record)

    lines.close()


def test_progress_before_any_search_is_no_error():
    stranger = replace(SEARCH[0], spec={}, folds=(), data={})

    for record in (ended(0), trial(0), stranger):
        assert isinstance(ProgressState().update(record), type(None))
    assert any("search churn-1a2b3c" in line for line in lines_of([stranger]))


def drawn(live):
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(live.picture())
    return console.file.getvalue()


def test_the_picture_has_a_row_for_each_inner_search():
    live = Live(io.StringIO(), clock=lambda: START + timedelta(seconds=30))
    try:
        assert "starting" in drawn(live)
        live.step(Step("exports", "families.mlp", 3, 9))
        assert "trying exports, 3 of 9: families.mlp" in drawn(live)
        for record in SEARCH:
            if isinstance(record, TrialStarted) and record.trial_id.endswith(".final.6"):
                break
            live(record)
        picture = drawn(live)
    finally:
        live.close()

    rows = {line.split()[0]: line for line in picture.splitlines()}
    assert rows["0"].split()[1] == "8/8"
    assert rows["all"].split()[2] == "6/8"
    assert "30 s so far" in picture
    assert max(map(len, picture.splitlines())) <= 80


def test_many_outer_folds_do_not_fill_the_screen():
    live = Live(io.StringIO(), clock=lambda: START)
    try:
        live(records_of("s", outer=30)[0])
        picture = drawn(live)
    finally:
        live.close()

    assert len(picture.splitlines()) <= 3
    assert "trials 0/248" in picture


def test_the_first_record_decides_what_inner_searches_there_are():
    state = after([SEARCH[0]])

    assert isinstance(SEARCH[0], SearchStarted)
    assert state.phase == "searching"
    assert list(state.inner) == ["0", "1", "2", FINAL]
