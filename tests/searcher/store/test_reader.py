import math
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from searcher.errors import NotFoundError, StoreError
from searcher.records import (
    FINAL,
    Artifact,
    Decision,
    FoldScore,
    Note,
    OuterScore,
    ParityChecked,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Store
from tests.searcher.store.raw import ask, change, connected
from tests.searcher.store.records_factory import START, fill, make_records, make_verdict

COMPLETED = "20260131-120000-a1b2c3"
RUNNING = "20260131-130000-b2"
RECORDS = make_records(COMPLETED)


def of_type(kind, records=RECORDS):
    return [record for record in records if isinstance(record, kind)]


def test_searches_come_newest_first(store):
    names = [summary.name for summary in store.searches()]

    assert names == ["failed", "interrupted", "running", "churn"]


def test_searches_can_be_limited(store):
    assert [summary.name for summary in store.searches(limit=2)] == ["failed", "interrupted"]


def test_the_order_of_searches_does_not_hang_on_the_clock(url):
    fill(url, make_records("first"), make_records("second", start=START.replace(year=2020)))

    assert [summary.search_id for summary in Store(url).searches()] == ["second", "first"]


def test_a_summary_has_the_numbers_of_the_end(store):
    (told,) = of_type(SearchEnded)

    summary = store.searches()[-1]

    assert summary.outer_mean == told.outer_mean
    assert summary.interval == told.interval
    assert summary.optimism == told.optimism
    assert summary.default_difference == told.default_difference
    assert summary.default_interval == told.default_interval
    assert (summary.started_at, summary.ended_at) == (START, told.at)
    assert summary.seconds == (told.at - START).total_seconds()
    assert summary.cpu_s == pytest.approx(sum(score.cpu_s for score in of_type(FoldScore)))


def test_a_search_that_did_not_get_there_has_no_numbers(store):
    failed = store.search("20260131-150000-d4")

    assert (failed.state, failed.outer_mean, failed.interval) == ("failed", None, None)
    assert failed.error == "MemoryError: the driver ran out of memory"
    assert (failed.best_configuration, failed.model_path, failed.parity) == (None, None, None)


def test_outer_scores_are_those_of_the_winners_by_fold(store):
    winners = [outer for outer in of_type(OuterScore) if outer.role == "winner"]

    found = store.search(COMPLETED)

    assert found.outer_scores == tuple(outer.scores["roc_auc"] for outer in winners)
    assert found.scores("winner", "accuracy") == {
        outer.outer_fold: outer.scores["accuracy"] for outer in winners
    }
    assert set(found.scores("dummy").values()) == {0.5}
    assert len(found.outer_scores_of) == 3 * 3 * 2


def test_outer_folds_are_in_the_order_of_numbers_with_final_last(url):
    fill(url, make_records("s", outer=12, inner=2, trials=4, n_samples=60))

    found = Store(url).search("s")

    order = [*(str(fold) for fold in range(12)), FINAL]
    assert list(found.outer_folds) == order
    assert [winner.outer_fold for winner in found.winners] == order
    assert list(found.scores("winner")) == order[:-1]
    trials = Store(url).trials("s", sort="number")
    assert list(dict.fromkeys(trial.outer_fold for trial in trials)) == order


def test_the_best_configuration_is_the_final_winner_with_its_family_first(store):
    found = store.search(COMPLETED)
    winner = store.trial(found.best_trial_id)

    assert winner.outer_fold == FINAL
    assert found.best_configuration == {"family": winner.family, **winner.configuration}
    assert next(iter(found.best_configuration)) == "family"
    assert list(found.best_configuration)[1:] == list(winner.configuration)


def test_what_a_search_was_told_comes_back_equal(store):
    (told,) = of_type(SearchStarted)

    found = store.search(COMPLETED)

    assert (found.spec, found.data, found.environment) == (told.spec, told.data, told.environment)
    assert (found.metric, found.task, found.fingerprint) == ("roc_auc", "binary", told.fingerprint)
    assert found.model_path == f"searcher-output/{COMPLETED}/model.onnx"
    assert found.report_path == f"searcher-output/{COMPLETED}/report.html"
    assert found.parity == make_verdict()
    assert found.parity_passed is True


def test_what_else_a_verdict_says_comes_back_equal(url):
    verdict = make_verdict(
        bound=1e-12,
        structure="thresholds and leaves of 3 trees",
        first_node="tree 2, node 7",
        worst_rows=({"set": "random", "row": 3, "share": math.inf},),
        repairs=({"name": "float64 graph", "result": "differs"},),
    )
    records = [
        replace(record, verdict=verdict) if isinstance(record, ParityChecked) else record
        for record in make_records("s")
    ]

    assert Store(fill(url, records)).search("s").parity == verdict


def test_records_come_back_equal_and_in_order(store):
    def by_trial(scores):
        return sorted(scores, key=lambda score: (score.trial_id, score.resource))

    assert by_trial(store.fold_scores(COMPLETED)) == by_trial(of_type(FoldScore))
    assert list(store.decisions(COMPLETED)) == of_type(Decision)
    assert list(store.events(COMPLETED)) == of_type(Note)
    assert list(store.artifacts(COMPLETED)) == of_type(Artifact)


def test_trials_come_back_as_they_were_told(store):
    told = {trial.trial_id: trial for trial in of_type(TrialStarted)}
    ends = {trial.trial_id: trial for trial in of_type(TrialEnded)}

    found = store.trials(COMPLETED)

    assert {trial.trial_id for trial in found} == set(told)
    for trial in found:
        assert trial.configuration == told[trial.trial_id].configuration
        assert list(trial.configuration) == list(told[trial.trial_id].configuration)
        assert (trial.state, trial.score) == (
            ends[trial.trial_id].state,
            ends[trial.trial_id].score,
        )
        assert (trial.reason, trial.traceback) == (
            ends[trial.trial_id].reason,
            ends[trial.trial_id].traceback,
        )
        assert trial.ended_at == ends[trial.trial_id].at


def test_folds_come_back_as_arrays_of_int64(store):
    (told,) = of_type(SearchStarted)

    found = store.folds(COMPLETED)

    assert [(fold.outer_fold, fold.inner_fold) for fold in found] == [
        (fold.outer_fold, fold.inner_fold) for fold in told.folds
    ]
    for given, read in zip(told.folds, found, strict=True):
        np.testing.assert_array_equal(read.train, given.train)
        np.testing.assert_array_equal(read.test, given.test)
        assert read.train.dtype == read.test.dtype == np.int64


def test_the_best_trial_comes_first_and_those_without_score_last(store):
    trials = store.trials(COMPLETED)

    completed = [trial.score for trial in trials if trial.state == "completed"]
    assert completed == sorted(completed, reverse=True)
    assert [trial.score for trial in trials[-4:]] == [None] * 4


def test_trials_can_be_had_in_the_order_of_proposal(store):
    found = store.trials(COMPLETED, sort="number", outer_fold="1")

    assert [trial.number for trial in found] == list(range(8))


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"outer_fold": "1"}, lambda trial: trial.outer_fold == "1"),
        ({"state": "stopped"}, lambda trial: trial.state == "stopped"),
        ({"family": "xgboost"}, lambda trial: trial.family == "xgboost"),
        (
            {"outer_fold": FINAL, "state": "completed", "family": "dummy"},
            lambda trial: (
                (trial.outer_fold, trial.state, trial.family) == (FINAL, "completed", "dummy")
            ),
        ),
    ],
)
def test_trials_can_be_filtered(store, wanted, kept):
    every = store.trials(COMPLETED)

    found = store.trials(COMPLETED, **wanted)

    assert found == tuple(trial for trial in every if kept(trial))
    assert 0 < len(found) < len(every)


def test_trials_can_be_limited_to_the_best(store):
    assert store.trials(COMPLETED, limit=3) == store.trials(COMPLETED)[:3]


def test_the_beginning_of_an_id_is_enough(store):
    assert store.search("20260131-12").search_id == COMPLETED
    assert store.trials("20260131-12") == store.trials(COMPLETED)


def test_a_whole_id_is_never_ambiguous(url):
    fill(url, make_records("ab"), make_records("abc"))

    assert Store(url).search("ab").search_id == "ab"


def test_the_beginning_of_several_ids_names_them(store):
    with pytest.raises(NotFoundError, match=r"4 searches begin with '2026': 20260131-150000-d4, "):
        store.search("2026")


@pytest.mark.parametrize(
    "method", ["search", "trials", "fold_scores", "decisions", "events", "artifacts", "folds"]
)
def test_an_unknown_search_names_the_near_and_the_newest(store, method):
    with pytest.raises(NotFoundError, match=f"newest searches are .*Did you mean '{COMPLETED}'"):
        getattr(store, method)("20260131-120000-a1b2c4")


@pytest.mark.parametrize("wanted", ["", "%", "_", "' OR 1=1 --"])
def test_an_id_is_no_pattern(store, wanted):
    with pytest.raises(NotFoundError, match="no search"):
        store.search(wanted)


def test_an_unknown_trial_names_those_there_are(store):
    with pytest.raises(NotFoundError, match=rf"{COMPLETED}\.final\.0 to \.7"):
        store.trial(f"{COMPLETED}.0.99")
    with pytest.raises(NotFoundError, match=f"Did you mean '{COMPLETED}'"):
        store.trial("20260131-120000-a1b2c4.0.0")


def test_an_empty_store_says_that_it_is_empty(url, writer):
    assert Store(url).searches() == ()
    with pytest.raises(NotFoundError, match="no searches yet"):
        Store(url).search("s")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"outer_fold": "9"}, "no outer fold '9'; known: 0, 1, 2, final"),
        ({"state": "stoped"}, "state is 'stoped'; allowed: .*Did you mean 'stopped'"),
        ({"sort": "scores"}, "no order 'scores'; columns: .*Did you mean 'score'"),
    ],
)
def test_a_filter_that_can_not_be_is_refused(store, wanted, said):
    with pytest.raises(StoreError, match=said):
        store.trials(COMPLETED, **wanted)


def test_times_come_back_in_utc_with_their_zone(store):
    trial = store.trials(COMPLETED, sort="number")[0]
    moments = [
        *(store.search(COMPLETED).started_at, store.search(COMPLETED).ended_at),
        *(trial.started_at, trial.ended_at, store.events(COMPLETED)[0].at),
        *(store.fold_scores(COMPLETED)[0].at, store.decisions(COMPLETED)[0].at),
        *(store.artifacts(COMPLETED)[0].at, store.search(COMPLETED).winners[0].ended_at),
    ]

    assert {moment.tzinfo for moment in moments} == {UTC}


def test_times_read_well_in_any_sqlite_shell(sqlite_url):
    fill(sqlite_url, RECORDS)

    (row,) = ask(sqlite_url, "SELECT started_at, datetime(started_at) FROM v_searches")

    assert row == ("2026-01-31 12:00:00.000000+00:00", "2026-01-31 12:00:00")


def test_times_are_utc_in_a_query_whatever_the_server_or_the_reader_thinks(postgres_url):
    fill(postgres_url, RECORDS)
    name = postgres_url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    change(postgres_url, f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")

    with Store(postgres_url) as store:
        answer = store.query("SELECT started_at, started_at::text FROM v_searches")

    assert answer.rows == [(START, "2026-01-31 12:00:00+00")]


def test_what_could_not_be_measured_comes_back_as_such(url):
    worst = make_verdict(
        passed=False,
        worst=math.inf,
        worst_absolute=math.nan,
        probes=({"name": "random", "rows": 3, "worst": math.inf, "worst_absolute": -math.inf},),
        failure="row 3: NaN",
    )
    records = make_records("s")
    records.insert(-1, ParityChecked("s", records[-2].trial_id or "s.0.0", worst, at=START))
    fill(url, records)

    found = Store(url).search("s").parity

    assert (found.passed, found.worst, found.worst_absolute) == (False, math.inf, math.inf)
    assert found.probes[0]["worst"] == math.inf
    assert found.probes[0]["worst_absolute"] == -math.inf


def test_the_newest_model_is_the_one_that_is_named(url):
    records = make_records("s")
    model = next(record for record in of_type(Artifact, records) if record.kind == "model")
    later = replace(model, path="elsewhere/model.onnx", sha256="0" * 64)

    fill(url, [*records, later, model])

    assert Store(url).search("s").model_path == "elsewhere/model.onnx"


def test_answers_can_not_be_changed(store):
    with pytest.raises(FrozenInstanceError):
        store.search(COMPLETED).state = "failed"


def test_a_running_search_can_be_asked(store):
    found = store.search(RUNNING)

    assert (found.state, found.ended_at, found.seconds) == ("running", None, None)
    assert found.outer_folds == {
        "0": "completed",
        "1": "completed",
        "2": "completed",
        FINAL: "running",
    }
    assert [trial.seconds for trial in store.trials(RUNNING, state="running")] == [None, None]


def test_the_leaderboard_ranks_completed_trials_within_each_inner_search(store):
    board = store.query(
        "SELECT outer_fold, place, trial_id, score, is_winner FROM v_leaderboard "
        "WHERE search_id = '20260131-120000-a1b2c3' ORDER BY outer_fold, place"
    ).rows

    for fold in ("0", "1", "2", FINAL):
        expected = store.trials(COMPLETED, outer_fold=fold, state="completed")
        assert [row[2] for row in board if row[0] == fold] == [trial.trial_id for trial in expected]
        assert [row[4] for row in board if row[0] == fold] == [1] + [0] * (len(expected) - 1)


def test_a_learning_curve_is_the_mean_over_the_folds_so_far(url):
    start, trial = make_records("s")[0], of_type(TrialStarted, make_records("s"))[0]
    scores = [0.2, 0.4, 0.9]
    told = [
        FoldScore(trial.trial_id, i + 1, 2 - i, {"roc_auc": s}, 0.1, 0.1, 0.1, at=START)
        for i, s in enumerate(scores)
    ]
    fill(url, [start, trial, *told])

    curve = Store(url).query("SELECT resource, score FROM v_learning_curves ORDER BY resource").rows

    assert [row[0] for row in curve] == [1, 2, 3]
    assert [row[1] for row in curve] == pytest.approx([0.2, 0.3, 0.5])


def test_a_learning_curve_ends_where_a_score_is_not_finite(url):
    start, trial = make_records("s")[0], of_type(TrialStarted, make_records("s"))[0]
    told = [
        FoldScore(trial.trial_id, i + 1, i, {"roc_auc": s}, 0.1, 0.1, 0.1, at=START)
        for i, s in enumerate([0.2, math.nan, 0.9])
    ]
    fill(url, [start, trial, *told])

    curve = Store(url).query("SELECT score FROM v_learning_curves ORDER BY resource").rows

    assert curve == [(0.2,), (None,), (None,)]
    assert math.isnan(Store(url).fold_scores("s")[1].scores["roc_auc"])


def test_the_views_have_the_promised_columns(store):
    promised = (
        "search_id outer_fold trial_id number state family configuration score resource "
        "origin started_at ended_at seconds"
    )

    assert set(promised.split()) <= set(store.query("SELECT * FROM v_trials LIMIT 1").columns)


LOW_RATES = """
SELECT t.trial_id, t.score FROM trial_parameters p JOIN v_trials t ON t.trial_id = p.trial_id
WHERE p.name = 'learning_rate' AND p.number < 0.01
"""
RIDGES = """
SELECT t.trial_id, t.score FROM trial_parameters p JOIN v_trials t ON t.trial_id = p.trial_id
WHERE p.name = 'penalty' AND p.text = 'l2'
"""


@pytest.mark.parametrize(
    ("sql", "index"),
    [(LOW_RATES, "ix_trial_parameters_name_number"), (RIDGES, "ix_trial_parameters_name_text")],
)
def test_a_condition_on_a_parameter_uses_an_index(filled_url, sql, index):
    with connected(filled_url) as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        else:  # with so few rows the server would rather read them all
            connection.exec_driver_sql("SET enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {sql}")
        said = " ".join(str(step[-1]) for step in plan)

    assert index in said
    assert not {"SCAN", "Seq"} & set(said.split())


def test_one_answer_is_of_one_moment_even_while_the_search_goes_on(url, writer):
    start, *rest = make_records("s")
    writer.add(start)
    writer.flush()
    store = Store(url)

    with store._asking() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM trials").scalar()
        for record in rest:
            writer.add(record)
        writer.flush()
        after = connection.exec_driver_sql("SELECT count(*) FROM trials").scalar()

    assert before == after == 0
    assert len(store.trials("s")) == 32


def test_python_reads_a_time_that_any_program_wrote(url):
    fill(url, make_records("s", start=datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)))

    assert Store(url).search("s").started_at.microsecond == 5


def test_a_stopped_trial_never_ranks_above_a_completed_one(url):
    store = Store(fill(url, make_records("s", trials=20)))

    states = [trial.state for trial in store.trials("s")]

    assert {"completed", "stopped"} <= set(states)
    assert states.index("stopped") >= states.count("completed")
