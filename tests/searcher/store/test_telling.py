"""How a search went, asked on both databases and counted once more from its records."""

from dataclasses import replace

import numpy as np
import pytest

from searcher.errors import NotFoundError
from searcher.records import (
    FINAL,
    Decision,
    FoldScore,
    OuterScore,
    TrialAgain,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Store, leases
from searcher.store.engine import open_for_writing, parse_url
from searcher.store.histories import RIVALS
from tests.searcher.store.records_factory import START, fill, make_records

COMPLETED = "20260131-120000-a1b2c3"
RUNNING = "20260131-130000-b2"


def of_type(kind, records):
    return [record for record in records if isinstance(record, kind)]


def cpu_by_state(records):
    spent = {}
    for ended in of_type(TrialEnded, records):
        of = [fold.cpu_s for fold in of_type(FoldScore, records) if fold.trial_id == ended.trial_id]
        spent[ended.state] = spent.get(ended.state, 0.0) + sum(of)
    return spent


def test_costs_are_cpu_seconds_by_the_fate_of_the_trials(store):
    spent = cpu_by_state(make_records(COMPLETED))

    costs = store.costs(COMPLETED)

    assert costs.useful_s == pytest.approx(spent["completed"])
    assert costs.stopped_s == pytest.approx(spent["stopped"])
    assert costs.failed_s == pytest.approx(spent["failed"])
    assert costs.cpu_s == pytest.approx(store.search(COMPLETED).cpu_s)
    assert (costs.unfinished_s, costs.repeats, costs.repeated_s, costs.reused) == (0, 0, 0, 0)


def test_a_trial_that_has_not_ended_counts_as_far_as_it_is(store):
    costs = store.costs(RUNNING)

    assert costs.unfinished_s == pytest.approx(0.25)  # one inner fold of one of the two
    assert costs.cpu_s > store.search(RUNNING).cpu_s


def test_a_refit_in_two_roles_with_two_metrics_counts_once(url):
    records = make_records(COMPLETED)
    winners = {s.outer_fold: s.trial_id for s in of_type(OuterScore, records) if s.role == "winner"}
    both = [
        replace(r, trial_id=winners[r.outer_fold])
        if isinstance(r, OuterScore) and r.role == "default"
        else r
        for r in records
    ]
    fill(url, both)

    costs = Store(url).costs(COMPLETED)

    assert costs.refits == 2 * 3  # winner and dummy of three outer folds
    assert costs.refits_s == pytest.approx(6 * 0.3)


def test_lost_work_is_told_in_wall_seconds_and_times(url):
    records = make_records(COMPLETED, state="running")
    trial = of_type(TrialStarted, records)[-1]
    lost = [
        TrialAgain(trial.trial_id, attempt, "its worker died", 2.5, at=START) for attempt in (2, 3)
    ]
    fill(url, [*records, *lost])

    with Store(url) as store:
        costs = store.costs(COMPLETED)
        attempts = store.trial_history(trial.trial_id).attempts

    assert (costs.repeats, costs.repeated_s) == (2, 5.0)
    assert [(each.reason, each.lost_s) for each in attempts] == [("its worker died", 2.5)] * 2
    assert attempts[0].attempt < attempts[1].attempt


def test_what_was_copied_from_another_search_cost_nothing_here(url):
    other = make_records("other-1")
    records = [
        replace(r, origin="reused", source_trial_id=f"other-1.{r.outer_fold}.{r.number}")
        if isinstance(r, TrialStarted) and r.origin == "strategy"
        else r
        for r in make_records(COMPLETED)
    ]
    fill(url, other, records)

    costs = Store(url).costs(COMPLETED)

    assert costs.reused == 4 * 4  # proposals 4 to 7 of four inner searches
    assert costs.cpu_s < Store(url).costs("other-1").cpu_s


def test_incumbents_are_the_running_maximum_of_each_inner_search(store):
    records = make_records(COMPLETED)
    folds = {trial.trial_id: trial.outer_fold for trial in of_type(TrialStarted, records)}
    expected, best = [], {}
    for ended in of_type(TrialEnded, records):
        fold = folds[ended.trial_id]
        if ended.state == "completed" and ended.score > best.get(fold, -np.inf):
            best[fold] = ended.score
            expected.append((fold, ended.trial_id, ended.score))

    found = store.incumbents(COMPLETED)

    assert [(each.outer_fold, each.trial_id, each.score) for each in found] == expected
    assert {each.outer_fold for each in found} == {"0", "1", "2", FINAL}
    assert next(each.completed for each in found if each.outer_fold == "0") == 1


def test_an_equal_score_is_no_new_incumbent(url):
    records = [
        replace(r, score=0.5) if isinstance(r, TrialEnded) and r.score is not None else r
        for r in make_records(COMPLETED)
    ]
    fill(url, records)

    found = Store(url).incumbents(COMPLETED)

    assert [each.trial_id.rsplit(".", 1)[1] for each in found] == ["0"] * 4


def test_splits_are_equal_exactly_where_the_rows_are(url):
    fill(url, make_records("a"), make_records("b"), make_records("c", seed=8))

    with Store(url) as store:
        a, b, c = (store.splits(search_id) for search_id in "abc")
        folds = store.folds("a")

    assert [split.rows for split in a] == [split.rows for split in b]
    # the outer split of the final search has all rows, whatever the seed
    assert {s.rows for s in a} & {s.rows for s in c} == {
        s.rows for s in a if s.outer_fold == FINAL and s.inner_fold is None
    }
    assert [(s.outer_fold, s.inner_fold) for s in a] == [
        (f.outer_fold, f.inner_fold) for f in folds
    ]
    assert [(s.n_train, s.n_test) for s in a] == [(len(f.train), len(f.test)) for f in folds]


def test_a_trial_has_its_folds_and_decisions_in_their_order(store):
    records = make_records(COMPLETED)
    decided = next(d for d in of_type(Decision, records) if d.decision == "continue")
    told = [fold for fold in of_type(FoldScore, records) if fold.trial_id == decided.trial_id]

    history = store.trial_history(decided.trial_id)

    assert [fold.scores for fold in history.folds] == [fold.scores for fold in told]
    assert [fold.resource for fold in history.folds] == [1, 2, 3]
    (judgement,) = history.judgements
    assert judgement.decision == decided
    assert history.attempts == ()


def test_rivals_are_those_that_had_reached_the_rung_before_the_nearest_in_score(url):
    records = make_records(COMPLETED, trials=4 + 30, inner=3)
    fill(url, records)
    final = [d for d in of_type(Decision, records) if ".final." in d.trial_id]
    judged = final[20]
    before = sorted(final[:20], key=lambda d: -d.score)
    above = [d for d in before if d.score >= judged.score][-RIVALS:]
    below = [d for d in before if d.score < judged.score][:RIVALS]

    (judgement,) = Store(url).trial_history(judged.trial_id).judgements

    told = [(rival.trial_id, rival.score) for rival in judgement.rivals]
    assert told == [(d.trial_id, d.score) for d in (*above, judged, *below)]


def test_a_trial_that_nothing_happened_to_has_an_empty_history(store):
    history = store.trial_history(f"{RUNNING}.final.2")

    assert (history.folds, history.judgements, history.attempts) == ((), (), ())


def test_the_driver_is_who_holds_the_lease(url):
    fill(url, make_records(COMPLETED, state="interrupted"))
    engine = open_for_writing(parse_url(url))
    with Store(url) as store:
        with engine.begin() as connection:
            lease = leases.acquire(connection, COMPLETED)
        driving = store.driver(COMPLETED)
        with engine.begin() as connection:
            leases.release(connection, lease)
        released = store.driver(COMPLETED)
    engine.dispose()

    assert driving is not None
    assert driving.live
    assert "process" in driving.owner
    assert driving.since.utcoffset() is not None
    assert released is None or not released.live


@pytest.mark.parametrize("what", ["costs", "driver", "incumbents", "splits"])
def test_the_beginning_of_an_id_is_enough_and_an_unknown_one_is_said(store, what):
    assert getattr(store, what)("20260131-12") == getattr(store, what)(COMPLETED)
    with pytest.raises(NotFoundError):
        getattr(store, what)("nobody")
