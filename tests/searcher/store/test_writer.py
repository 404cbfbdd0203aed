import math
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from traceback import format_exception

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, event, func, select

from searcher.errors import StoreError
from searcher.records import (
    FINAL,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterScore,
    SearchEnded,
    SearchExtended,
    SearchResumed,
    TrialAgain,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Store, Writer, check
from searcher.store.schema import metadata
from searcher.store.writer import INTERVAL_S
from tests.searcher.store.raw import change, locked
from tests.searcher.store.records_factory import START, make_records

STARTED = make_records("s", outer=2, inner=3)[0]
REPOSITORY = Path(__file__).parents[3]


def trial(number=0, *, outer_fold="0", configuration=None):
    return TrialStarted(
        trial_id=f"s.{outer_fold}.{number}",
        search_id="s",
        outer_fold=outer_fold,
        number=number,
        family="ridge",
        configuration=configuration or {"alpha": 0.1},
        origin="strategy",
        at=START,
    )


def fold_score(inner_fold=0, *, trial_id="s.0.0", **scores):
    scores = scores or {"roc_auc": 0.5}
    return FoldScore(trial_id, inner_fold + 1, inner_fold, scores, 0.2, 0.1, 0.3, at=START)


def ended(state="completed", score=0.5, *, trial_id="s.0.0", resource=1):
    return TrialEnded(trial_id, state, score, resource, at=START)


def write(url, *records):
    with Writer(url) as writer:
        for record in records:
            writer.add(record)


def test_what_was_flushed_can_be_read(url, writer):
    writer.add(STARTED)
    writer.add(trial())

    writer.flush()

    assert Store(url).trial("s.0.0").state == "running"


def test_closing_commits_what_was_added(url):
    write(url, STARTED, trial(), fold_score(), ended())

    assert Store(url).trial("s.0.0").state == "completed"


def test_many_records_share_a_commit(writer):
    commits = []
    note = commits.append
    event.listen(Engine, "commit", note)

    try:
        writer.add(STARTED)
        for number in range(500):
            writer.add(trial(number))
        writer.flush()
    finally:
        event.remove(Engine, "commit", note)

    assert 1 <= len(commits) <= 50


def test_records_that_trickle_in_wait_for_each_other(writer):
    commits = []
    note = commits.append
    event.listen(Engine, "commit", note)
    began = monotonic()

    try:
        writer.add(STARTED)
        for number in range(60):
            writer.add(trial(number))
            sleep(0.001)
        writer.flush()
    finally:
        event.remove(Engine, "commit", note)

    assert len(commits) <= 2 + (monotonic() - began) / INTERVAL_S


def count_rows(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        counts = {
            name: connection.scalar(select(func.count()).select_from(table))
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return counts


def test_a_search_told_twice_counts_once(url):
    records = make_records("s")
    write(url, *records)
    once = count_rows(url)

    write(url, *records, *records)  # a new writer, which has seen nothing of it

    assert count_rows(url) == once
    empty = {"leases", "attempts", "checkpoints", "unit_scores", "lineage"}
    assert {name for name, n in once.items() if not n} == empty


def test_a_search_told_twice_in_one_go_counts_once(url):
    records = make_records("s")

    write(url, *records, *records)

    trials = {"running": 0, "paused": 0, "completed": 24, "stopped": 4, "failed": 4}
    assert Store(url).search("s").trials == trials
    assert len(Store(url).fold_scores("s")) == 24 * 3 + 4


def test_a_fold_score_told_twice_is_added_up_once(url):
    write(url, STARTED, trial(), fold_score(), fold_score(), ended(), fold_score(), ended())

    stored = Store(url).trial("s.0.0")

    assert (stored.fit_s, stored.cpu_s) == (0.2, 0.3)


def test_totals_and_wall_seconds_are_of_the_whole_trial(url):
    late = replace(ended(resource=2), at=START.replace(minute=1))
    write(url, STARTED, trial(), fold_score(0), fold_score(1), late)

    stored = Store(url).trial("s.0.0")

    assert (stored.fit_s, stored.cpu_s, stored.seconds) == (0.4, 0.6, 60.0)


def test_a_clock_that_was_set_back_gives_no_negative_seconds(url):
    write(url, STARTED, trial(), replace(ended("failed"), at=START.replace(hour=1)))

    assert Store(url).trial("s.0.0").seconds == 0.0


def test_equal_index_arrays_are_stored_once(url):
    write(url, STARTED, replace(STARTED, search_id="t"))

    store = Store(url)
    (kept,) = store.query("SELECT count(*) FROM index_arrays").rows
    used = store.query("SELECT train_sha256 FROM folds UNION SELECT test_sha256 FROM folds").rows

    assert kept == (len(used),)


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([trial()], "search s, which has not started"),
        ([STARTED, fold_score()], "trial s.0.0, which has not started"),
        ([STARTED, ended()], "trial s.0.0, which has not started"),
        ([STARTED, Decision("s.0.0", 1, 0.5, "stop", "low", at=START)], "has not started"),
        ([STARTED, Note("t", "data", {}, at=START)], "search t, which has not started"),
        ([STARTED, trial(outer_fold="9")], "no outer fold '9'; known: 0, 1, final"),
        ([STARTED, trial(), trial(configuration={"alpha": 2})], "with another configuration"),
        ([STARTED, trial(), ended(), ended("failed")], r"ended \(completed\) and can't be failed"),
        ([STARTED, trial(), ended(), fold_score()], "takes no more scores; got one of inner fold"),
        (
            [STARTED, trial(), SearchEnded("s", "interrupted", at=START), fold_score()],
            r"is paused and takes no more scores",
        ),
        ([STARTED, replace(STARTED, spec={"seed": 8})], "exists already, with another spec"),
        ([STARTED, SearchEnded("s", "failed", at=START), trial()], r"ended \(failed\) and takes"),
        (
            [STARTED, SearchEnded("s", "failed", at=START), SearchEnded("s", "completed")],
            r"ended \(failed\) and can't be completed",
        ),
        (
            [STARTED, trial(), InnerSearchEnded("s", "1", "s.0.0", 0.5, at=START)],
            "trial s.0.0 belongs to search s, outer fold 0",
        ),
        (
            [STARTED, trial(), OuterScore("s", "1", "winner", "s.0.0", {"roc_auc": 0.5}, 1.0)],
            "trial s.0.0 belongs to search s, outer fold 0",
        ),
        (
            [
                *(STARTED, trial(0), trial(1)),
                InnerSearchEnded("s", "0", "s.0.0", 0.5, at=START),
                InnerSearchEnded("s", "0", "s.0.1", 0.5, at=START),
            ],
            "s.0.0 has won already",
        ),
    ],
)
@pytest.mark.parametrize("apart", [False, True], ids=["one commit", "a commit each"])
def test_a_record_that_contradicts_the_others_is_refused(url, records, said, apart):
    def tell():
        with Writer(url) as writer:
            for record in records:
                writer.add(record)
                if apart:
                    writer.flush()

    with pytest.raises(StoreError, match=said):
        tell()


def test_a_terminal_trial_does_not_run_again(url):
    write(url, STARTED, trial(), fold_score(), ended())

    write(url, trial())

    assert Store(url).trial("s.0.0").state == "completed"


def test_a_new_writer_knows_what_has_ended(url):
    write(url, STARTED, trial(), ended("failed"))

    with pytest.raises(StoreError, match=r"ended \(failed\)"):
        write(url, fold_score())


def test_what_came_before_a_bad_record_is_kept_and_what_came_after_is_not(url):
    writer = Writer(url)
    for record in (STARTED, trial(0), fold_score(trial_id="s.0.7"), trial(1)):
        writer.add(record)

    with pytest.raises(StoreError, match=r"s\.0\.7"):
        writer.close()

    assert [stored.trial_id for stored in Store(url).trials("s")] == ["s.0.0"]


def test_after_a_failure_every_call_says_so(url):
    writer = Writer(url)
    writer.add(fold_score())

    with pytest.raises(StoreError, match="has not started"):
        writer.flush()
    with pytest.raises(StoreError, match="has not started"):
        writer.add(STARTED)
    with pytest.raises(StoreError, match="has not started"):
        writer.close()


def test_a_closed_writer_takes_nothing(url):
    writer = Writer(url)
    writer.close()
    writer.close()

    with pytest.raises(StoreError, match="the writer is closed"):
        writer.add(STARTED)


def test_a_bad_record_refused_at_once_does_not_break_the_writer(url):
    with Writer(url) as writer:
        writer.add(STARTED)
        with pytest.raises(StoreError, match="no JSON form"):
            writer.add(trial(configuration={"alpha": object()}))
        writer.add(trial())

    assert Store(url).trial("s.0.0").state == "running"


def write_and_stop(url, record):
    with Writer(url) as writer:
        writer.add(record)
        raise KeyboardInterrupt


def test_leaving_with_an_exception_still_commits_and_keeps_the_exception(url):
    with pytest.raises(KeyboardInterrupt):
        write_and_stop(url, STARTED)

    assert Store(url).search("s").state == "running"


def test_leaving_with_an_exception_notes_the_stores_own_failure(url):
    with pytest.raises(KeyboardInterrupt) as left:
        write_and_stop(url, trial())

    assert "has not started" in left.value.__notes__[0]


@pytest.mark.parametrize("state", ["interrupted", "failed"])
def test_a_search_that_ends_early_pauses_what_runs(url, state):
    scored = [fold_score(0, roc_auc=0.5, accuracy=0.1), fold_score(1, roc_auc=0.7, accuracy=0.1)]
    write(url, STARTED, trial(0), trial(1), *scored, SearchEnded("s", state, at=START))

    with Store(url) as store:
        first, second = store.trials("s", sort="number")
        found = store.search("s")

    assert found.trials == {"running": 0, "paused": 2, "completed": 0, "stopped": 0, "failed": 0}
    assert set(found.outer_folds.values()) == {state}
    assert (first.state, first.ended_at, second.state) == ("paused", None, "paused")


def test_a_resumed_search_goes_on_where_it_was(url):
    write(url, STARTED, trial(0), fold_score(0), SearchEnded("s", "interrupted", at=START))

    write(
        url,
        SearchResumed("s", at=START),
        TrialAgain("s.0.0", 2, "paused with its search", 0.5, at=START),
        fold_score(1),
        ended(),
    )

    with Store(url) as store:
        found, (only,) = store.search("s"), store.trials("s")
        _, attempts = store.query("SELECT trial_id, attempt, reason, lost_s FROM attempts")
    assert (found.state, found.ended_at, found.error) == ("running", None, None)
    assert set(found.outer_folds.values()) == {"running"}
    assert found.trials["completed"] == 1
    assert sum(found.trials.values()) == 1
    assert (only.state, only.cpu_s, found.cpu_s) == ("completed", 0.6, 0.6)
    assert attempts == [("s.0.0", 1, "paused with its search", 0.5)]


def test_an_extended_search_chooses_anew(url):
    records = make_records("s")
    write(url, *records)

    budget = {"trials": 99}
    write(url, SearchExtended("s", before={"trials": 9}, budget=budget, at=START))

    with Store(url) as store:
        found = store.search("s")
        assert not store.outer_predictions("s")
    assert (found.state, found.outer_mean, found.winners, found.outer_scores_of) == (
        "running",
        None,
        (),
        (),
    )
    assert found.spec["budget"] == budget
    assert found.trials["completed"] == 24


def test_the_counters_are_what_the_trials_say(url):
    records = make_records("s")
    for part in (records[: len(records) // 2], records):
        write(url, *part)
        with Store(url) as store:
            _, counted = store.query(
                "SELECT state, count(*), sum(cpu_s) FROM trials GROUP BY state"
            )
            found = store.search("s")
        assert {state: n for state, n in found.trials.items() if n} == {
            state: n for state, n, _ in counted
        }
        assert found.cpu_s == pytest.approx(sum(cpu_s or 0 for _, _, cpu_s in counted))


def test_events_keep_their_order_whatever_the_clock_says(url):
    before = replace(fold_score(0), at=START - timedelta(days=1))
    write(url, STARTED, trial(0), before, trial(1), ended())

    with Store(url) as store:
        first, second = store.past("s")["0"]

    assert (first.sequence, first.folds[0].sequence, second.sequence, first.ended_sequence) == (
        0,
        1,
        2,
        3,
    )


def test_a_running_trial_is_busy_since_what_it_finished_last(url):
    begun, scored, lost = (START + timedelta(seconds=n) for n in (1, 5, 9))
    running = [replace(trial(n), at=begun) for n in range(3)]
    score, again = (
        replace(fold_score(0, trial_id="s.0.1"), at=scored),
        TrialAgain("s.0.2", 2, "its worker died", 3.0),
    )
    write(url, STARTED, *running, score, replace(again, at=lost))

    with Store(url) as store:
        past = store.past("s")["0"]

    assert [trial.busy_since for trial in past] == [begun, scored, lost]


def test_an_interrupted_search_leaves_other_searches_alone(url):
    other = replace(trial(), search_id="t", trial_id="t.0.0")
    write(
        url,
        *(STARTED, replace(STARTED, search_id="t"), trial(), other),
        SearchEnded("s", "interrupted", at=START),
    )

    assert Store(url).trial("t.0.0").state == "running"


def test_a_completed_search_does_not_hide_a_running_trial(url):
    write(url, STARTED, trial(), SearchEnded("s", "completed", at=START))

    assert Store(url).trial("s.0.0").state == "running"
    assert any("running though their search has ended" in problem for problem in check(url))


def test_a_report_may_come_after_the_end(url):
    end = SearchEnded("s", "completed", at=START)
    write(url, STARTED, end, Note("s", "export", {"ok": True}, at=START))

    assert Store(url).events("s")[0].payload == {"ok": True}


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_null_and_never_the_best(url, score):
    write(
        url,
        *(STARTED, trial(0), trial(1)),
        *(fold_score(roc_auc=score), fold_score(roc_auc=0.1, trial_id="s.0.1")),
        *(ended("completed", score), ended("completed", 0.1, trial_id="s.0.1")),
    )

    with Store(url) as store:
        best, other = store.trials("s", sort="score")
        scores = store.query("SELECT trial_id, score FROM fold_scores ORDER BY trial_id").rows

    assert (best.trial_id, best.state) == ("s.0.1", "completed")
    assert (other.state, other.score) == ("failed", None)
    assert scores == [("s.0.0", None), ("s.0.1", 0.1)]


@pytest.mark.parametrize("score", [1e308, -1e308, sys.float_info.max, 5e-324, 0.0, True])
def test_a_finite_score_comes_back_as_it_was(url, score):
    write(url, STARTED, trial(), fold_score(roc_auc=score), ended(score=score))

    with Store(url) as store:
        assert store.trial("s.0.0").score == score
        assert store.fold_scores("s")[0].scores == {"roc_auc": score}


def test_numpy_in_a_configuration_comes_back_as_plain_python(url):
    configuration = {"depth": np.int64(3), "rate": np.float32(0.5), "on": np.bool_(True)}
    write(url, STARTED, trial(configuration=configuration))

    with Store(url) as store:
        found = store.trial("s.0.0").configuration
        cells = store.query("SELECT name, number, text FROM trial_parameters ORDER BY name").rows

    assert found == {"depth": 3, "rate": 0.5, "on": True}
    assert [type(value) for value in found.values()] == [int, float, bool]
    assert cells == [("depth", 3.0, None), ("on", 1.0, "true"), ("rate", 0.5, None)]


def test_a_second_trial_of_the_same_number_is_refused(url):
    write(url, STARTED, trial())
    rename = "UPDATE trials SET trial_id = 'renamed'"
    change(url, "DELETE FROM trial_parameters", rename, foreign_keys=False)

    with pytest.raises(StoreError, match=r"UNIQUE constraint failed|duplicate key .*_number"):
        write(url, trial())


def test_a_locked_database_is_an_error_and_not_a_hang(url):
    writer = Writer(url, busy_timeout_s=0.05)

    with locked(url):
        writer.add(STARTED)
        with pytest.raises(StoreError, match="another process is writing"):
            writer.flush()

    with pytest.raises(StoreError):
        writer.close()


def test_waiting_too_long_says_how_many_records_wait(url):
    writer = Writer(url)

    with locked(url):
        writer.add(STARTED)
        with pytest.raises(StoreError, match=r"1 records are not committed after 0\.05 s"):
            writer.flush(timeout_s=0.05)

    writer.close()
    assert Store(url).search("s").state == "running"


def test_a_table_that_is_gone_is_an_error(url):
    writer = Writer(url)
    change(url, "DROP TABLE events")

    writer.add(STARTED)
    writer.add(Note("s", "data", {"text": "canary-7f3a"}, at=START))
    with pytest.raises(StoreError, match=r'no such table: events|"events" does') as failed:
        writer.close()

    assert "canary-7f3a" not in "".join(format_exception(failed.value))


class UnknownNote(Note):
    """Looks like a note to those who ask with isinstance."""


def test_a_writer_that_breaks_says_so_and_does_not_hang(url):
    writer = Writer(url)

    writer.add(UnknownNote("s", "data", {}, at=START))
    with pytest.raises(StoreError, match="the writer broke: KeyError"):
        writer.flush(timeout_s=20)

    with pytest.raises(StoreError, match="the writer broke"):
        writer.close()


def test_a_score_of_a_trial_that_another_process_deleted_is_refused(url):
    writer = Writer(url)
    writer.add(STARTED)
    writer.add(trial())
    writer.flush()
    change(url, "DELETE FROM trials")

    writer.add(fold_score())
    with pytest.raises(StoreError, match=r"FOREIGN KEY constraint failed|violates foreign key"):
        writer.close()


def test_a_trial_that_another_process_ended_is_not_overwritten(url):
    writer = Writer(url)
    writer.add(STARTED)
    writer.add(trial())
    writer.flush()
    change(url, "UPDATE trials SET state = 'stopped'")

    writer.add(ended())
    with pytest.raises(StoreError, match="another process is writing this search"):
        writer.close()

    assert Store(url).trial("s.0.0").state == "stopped"


FULL_DISK = """
import resource, sys
from searcher.errors import StoreError
from searcher.records import Note
from searcher.store import Writer
from tests.searcher.store.records_factory import make_records

url = sys.argv[1]
writer = Writer(url)
writer.add(make_records("s")[0])
writer.flush()
print("flushed", flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
try:
    for i in range(1000):
        writer.add(Note("s", "big", {"i": i, "text": "x" * 10_000}))
    writer.flush()
except StoreError as error:
    print("refused:", error)
"""


def test_a_full_disk_is_an_error_and_loses_nothing_committed(sqlite_url):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), sqlite_url],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert "flushed" in done.stdout
    assert "refused: " in done.stdout
    assert "disk" in done.stdout
    assert Store(sqlite_url).search("s").state == "running"
    assert check(sqlite_url) == []


def test_a_final_inner_search_is_told_like_the_others(url):
    write(url, STARTED, trial(outer_fold=FINAL), ended("stopped", trial_id="s.final.0"))

    assert Store(url).trials("s", outer_fold=FINAL)[0].trial_id == "s.final.0"
