"""Trials in epochs or rounds: scores by unit, lineage, checkpoints, on both databases."""

import json
from dataclasses import replace

import numpy as np
import pytest

from searcher.errors import StoreError
from searcher.records import (
    FINAL,
    CheckpointSaved,
    Fold,
    FoldScore,
    InnerSearchEnded,
    Record,
    Replaced,
    SearchStarted,
    TrialAgain,
    TrialEnded,
    TrialStarted,
    UnitScore,
)
from searcher.store import Store, Writer

EPOCHS = 3
NOTHING = np.arange(0)
STARTED = SearchStarted(
    search_id="s",
    name="s",
    spec={},
    metric="r2",
    task="regression",
    fingerprint="f",
    data={},
    environment={},
    folds=tuple(Fold(FINAL, fold, NOTHING, NOTHING) for fold in (None, 0, 1)),
)


def trial(number: int, **changes: object) -> TrialStarted:
    usual = {
        "trial_id": f"s.{FINAL}.{number}",
        "search_id": "s",
        "outer_fold": FINAL,
        "number": number,
        "family": "mlp",
        "configuration": {"learning_rate": 0.1},
        "origin": "strategy",
        "unit": "epochs",
    }
    return TrialStarted(**(usual | changes))


def unit(number: int, resource: int, **changes: object) -> UnitScore:
    trial_id, score = f"s.{FINAL}.{number}", 0.1 * resource + number
    folds = tuple(
        FoldScore(trial_id, fold + 1, fold, {"r2": score + (-0.1, 0.1)[fold]}, 1.0, 0.5, 1.25)
        for fold in (0, 1)
    )
    usual = {"is_last": resource == EPOCHS, "fit_s": 0.5, "score_s": 0.25, "cpu_s": 1.5}
    return UnitScore(trial_id, resource, score, folds, **(usual | changes))


def whole(number: int) -> list[Record]:
    units = [unit(number, resource) for resource in range(1, EPOCHS + 1)]
    return [*units, TrialEnded(f"s.{FINAL}.{number}", "completed", units[-1].score, EPOCHS)]


def write(url: str, *records: Record) -> None:
    with Writer(url) as writer:
        for record in records:
            writer.add(record)


def test_units_come_back_and_the_last_one_gives_the_trial_its_fold_scores(url: str) -> None:
    write(url, STARTED, trial(0), *whole(0))
    with Store(url) as store:
        found, folds = store.units("s"), store.fold_scores("s")
        stored = store.trial(f"s.{FINAL}.0")
    assert [(u.resource, u.is_last) for u in found] == [(1, False), (2, False), (3, True)]
    assert [u.scores["r2"] for u in found] == [
        [fold.scores["r2"] for fold in unit(0, resource).folds] for resource in (1, 2, 3)
    ]
    assert [u.sequence for u in found] == sorted(u.sequence or 0 for u in found)
    assert [fold.scores for fold in folds] == [fold.scores for fold in unit(0, EPOCHS).folds]
    assert (stored.unit, stored.resource, stored.state) == ("epochs", EPOCHS, "completed")


def test_seconds_are_those_of_the_units_whether_or_not_the_trial_came_to_its_end(url: str) -> None:
    stopped = TrialEnded(f"s.{FINAL}.1", "stopped", 1.2, 2, reason="at a rung")
    write(url, STARTED, trial(0), *whole(0), trial(1), unit(1, 1), unit(1, 2), stopped)
    with Store(url) as store:
        seconds = {t.number: (t.fit_s, t.cpu_s) for t in store.trials("s")}
        total, costs = store.search("s").cpu_s, store.costs("s")
    assert seconds == {0: (1.5, 4.5), 1: (1.0, 3.0)}
    assert total == 7.5
    assert (costs.useful_s, costs.stopped_s) == (4.5, 3.0)


def test_a_unit_told_twice_counts_once_also_by_a_writer_that_knows_nothing(url: str) -> None:
    records = [STARTED, trial(0), unit(0, 1), unit(0, 1), unit(0, 2)]
    write(url, *records)
    write(url, *records, *whole(0))
    with Store(url) as store:
        assert [u.resource for u in store.units("s")] == [1, 2, 3]
        assert store.search("s").cpu_s == 4.5


def test_a_trial_takes_scores_of_its_own_unit_only(url: str) -> None:
    with pytest.raises(StoreError, match="counts in epochs and takes no score of inner fold 0"):
        write(url, STARTED, trial(0), unit(0, 1).folds[0])
    with pytest.raises(StoreError, match="counts in inner_folds and takes no score of resource 1"):
        write(url, STARTED, trial(1, unit="inner_folds"), unit(1, 1))


def test_a_trial_that_has_ended_takes_no_more_units(url: str) -> None:
    write(url, STARTED, trial(0), *whole(0))
    with pytest.raises(StoreError, match=r"has ended \(completed\) and takes no more scores"):
        write(url, unit(0, EPOCHS + 1))


def test_curves_go_from_unit_to_unit_in_python_and_in_sql(url: str) -> None:
    write(url, STARTED, trial(0), *whole(0))
    expected = [(resource, unit(0, resource).score) for resource in (1, 2, 3)]
    with Store(url) as store:
        curves = store.learning_curves("s")
        named = store.learning_curves("s", trials=[f"s.{FINAL}.0"])
        rows = store.query("select resource, score from v_learning_curves order by resource").rows
    assert [(point.resource, point.score) for point in curves] == expected
    assert list(named) == list(curves)
    assert [tuple(row) for row in rows] == expected


def test_a_resumed_search_reads_what_its_trials_had_finished(url: str) -> None:
    again = TrialAgain(f"s.{FINAL}.0", 2, "its driver was lost", 0.0)
    write(url, STARTED, trial(0), unit(0, 1), again, unit(0, 2, attempt=2))
    with Store(url) as store:
        (past,) = store.past("s")[FINAL]
    assert (past.unit, past.attempt, past.folds) == ("epochs", 2, ())
    assert [(u.resource, u.attempt) for u in past.units] == [(1, 1), (2, 2)]
    assert past.busy_since == past.units[-1].at


def test_lineage_is_kept_once_and_never_changed(url: str) -> None:
    replaced = Replaced(f"s.{FINAL}.1", 2, f"s.{FINAL}.0", {"learning_rate": 0.12})
    members = [trial(0), trial(1), unit(0, 1), unit(0, 2), unit(1, 1), unit(1, 2)]
    write(url, STARTED, *members, replaced, replaced)
    write(url, replaced)
    with Store(url) as store:
        assert store.lineage("s") == (replaced,)
        rows = store.query("select number, resource, source_trial_id from v_lineage").rows
    assert [tuple(row) for row in rows] == [(1, 2, f"s.{FINAL}.0")]
    with pytest.raises(StoreError, match=r"was replaced at resource 2 by s\.final\.0"):
        write(url, replace(replaced, configuration={"learning_rate": 0.2}))


def test_the_leaderboard_and_the_choice_have_what_a_member_ended_with(url: str) -> None:
    rates = [{"learning_rate": rate} for rate in (0.12, 0.15)]
    first, second = (
        Replaced(f"s.{FINAL}.1", resource, f"s.{FINAL}.0", configuration)
        for resource, configuration in zip((1, 2), rates, strict=True)
    )
    between = [unit(0, 2), unit(1, 2), second, unit(0, 3), unit(1, 3)]
    members = [trial(0), trial(1), unit(0, 1), unit(1, 1), first, *between]
    ends = [
        TrialEnded(f"s.{FINAL}.{i}", "completed", unit(i, EPOCHS).score, EPOCHS) for i in (0, 1)
    ]
    write(url, STARTED, *members, *ends, InnerSearchEnded("s", FINAL, f"s.{FINAL}.1", 1.3))

    with Store(url) as store:
        rows = store.query("select place, number, configuration from v_leaderboard").rows
        (winner,) = store.search("s").winners
        best = store.search("s").best_configuration
        began = store.trial(f"s.{FINAL}.1").configuration
    read = [(place, number, loaded(found)) for place, number, found in sorted(rows)]
    assert read == [(1, 1, rates[1]), (2, 0, {"learning_rate": 0.1})]
    assert (winner.configuration, best) == (rates[1], {"family": "mlp", **rates[1]})
    assert began == {"learning_rate": 0.1}


def loaded(found: object) -> object:
    """JSON is text on SQLite, and already read on PostgreSQL."""
    return json.loads(found) if isinstance(found, str) else found


def test_of_a_trials_checkpoints_those_are_known_that_are_there(url: str) -> None:
    def saved(resource: int, path: str, *removed: str) -> CheckpointSaved:
        return CheckpointSaved(f"s.{FINAL}.0", resource, path, "a" * 64, 7, 0.5, removed)

    write(url, STARTED, trial(0), saved(1, "one"), saved(2, "two"), saved(3, "three", "one"))
    write(url, saved(2, "two again"))
    with Store(url) as store:
        rows = store.query("select resource, path from checkpoints order by resource").rows
    assert [tuple(row) for row in rows] == [(2, "two again"), (3, "three")]
