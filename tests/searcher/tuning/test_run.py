"""Inner searches on a real Ray Tune: budgets, failures, determinism."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from search_spaces.columns import Column, Profile
from search_spaces.space import Space, join_family
from searcher.evaluation import Rows
from searcher.plugins import load_family, load_strategy
from searcher.records import Decision, Fold, FoldScore, Record, TrialEnded, TrialStarted
from searcher.strategies.base import Problem
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.run import run_inner_searches
from searcher.tuning.work import Work
from tests.searcher.tuning.rooms import room_for
from tests.searcher.tuning.troubled_families import IMPORT_S

pytestmark = pytest.mark.ray

HERE = "tests.searcher.tuning.troubled_families"


def make_rows(n: int = 90) -> Rows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    y = X @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=n)
    columns = tuple(Column(f"x{i}", "numeric") for i in range(4))
    return Rows(X, y, Profile("regression", columns, n), "y", ())


def make_folds(rows: Rows, names: tuple[str, ...]) -> dict[str, tuple[Fold, ...]]:
    parts = np.array_split(np.arange(len(rows.y)), 3)
    everything = np.arange(len(rows.y))
    return {
        name: tuple(
            Fold(name, i, np.setdiff1d(everything, part), part) for i, part in enumerate(parts)
        )
        for name in names
    }


def run(
    families: dict[str, str], *, strategy: dict[str, Any], trials: int, **changes: Any
) -> list[Record]:
    rows = make_rows()
    spaces = {name: load_family(ref).space(rows.profile) for name, ref in families.items()}
    initial = tuple(
        join_family(name, load_family(ref).default(rows.profile)) for name, ref in families.items()
    )
    names = ("0", "final")
    inner: dict[str, InnerSearch] = {}
    for seed, name in enumerate(names):
        kind, settings = strategy["kind"], {k: v for k, v in strategy.items() if k != "kind"}
        problem = Problem(Space.join(spaces), initial, trials - 1, 3, seed)
        inner[name] = make_inner_search(
            load_strategy(kind)(**settings).build(problem),
            search_id="s",
            outer_fold=name,
            trials=trials,
            initial=initial,
            longest={"inner_folds": 3},
            dummy=load_family("dummy").default(rows.profile),
            time_s=None,
        )
    usual = {"metrics": ("r2", "neg_mean_absolute_error"), "seed": 0, "cpus": 1}
    work = Work(
        rows=rows,
        folds=make_folds(rows, names),
        families={"dummy": "dummy"} | families,
        **(usual | changes),
    )
    records: list[Record] = []
    assert run_inner_searches(inner, work, search_id="s", room=room_for(2), emit=records.append)
    return records


def ends(records: list[Record]) -> dict[str, TrialEnded]:
    return {r.trial_id: r for r in records if isinstance(r, TrialEnded)}


def test_every_trial_is_started_scored_and_ended_once(ray_session: object) -> None:
    records = run({"ridge": "ridge"}, strategy={"kind": "random"}, trials=5)

    started = [r.trial_id for r in records if isinstance(r, TrialStarted)]
    assert sorted(started) == sorted(f"s.{fold}.{i}" for fold in ("0", "final") for i in range(5))
    assert Counter(r.trial_id for r in records if isinstance(r, FoldScore)) == dict.fromkeys(
        started, 3
    )
    assert {e.state for e in ends(records).values()} == {"completed"}
    assert not [r for r in records if isinstance(r, Decision)]
    for trial_id, end in ends(records).items():
        mine = [r for r in records if isinstance(r, FoldScore) and r.trial_id == trial_id]
        assert [r.resource for r in mine] == [1, 2, 3]
        assert end.score == pytest.approx(np.mean([r.scores["r2"] for r in mine]))
        assert set(mine[0].scores) == {"r2", "neg_mean_absolute_error"}


def test_all_workers_work_even_when_trials_are_shorter_than_a_worker_takes_to_start(
    ray_session: object,
) -> None:
    records = run({"ridge": "ridge"}, strategy={"kind": "random"}, trials=6)

    running, most = 0, 0
    for record in records:
        running += isinstance(record, TrialStarted) - isinstance(record, TrialEnded)
        most = max(most, running)
    assert most == 2


def test_scores_depend_on_the_configuration_and_not_on_the_run(ray_session: object) -> None:
    def scores() -> dict[str, tuple[Any, ...]]:
        records = run({"ridge": "ridge"}, strategy={"kind": "random"}, trials=4)
        started = {r.trial_id: r for r in records if isinstance(r, TrialStarted)}
        return {
            i: (started[i].configuration, end.score, end.state) for i, end in ends(records).items()
        }

    assert scores() == scores()


def test_bad_configurations_stop_at_rungs_and_baselines_do_not(ray_session: object) -> None:
    records = run(
        {"ridge": "ridge"},
        strategy={"kind": "asha", "searcher": "random", "reduction_factor": 2},
        trials=16,
    )

    started = {r.trial_id: r for r in records if isinstance(r, TrialStarted)}
    states = Counter(end.state for end in ends(records).values())
    assert states["stopped"] > 0
    assert states["completed"] > 0
    for trial_id, end in ends(records).items():
        if started[trial_id].origin != "strategy":
            assert end.state == "completed"
        if end.state == "stopped":
            (last,) = [r for r in records if isinstance(r, Decision) and r.trial_id == trial_id][
                -1:
            ]
            assert last.decision == "stop"
            assert last.resource == end.resource < 3
            assert last.score < last.cutoff


@pytest.mark.parametrize(
    ("family", "reason", "changes"),
    [
        ("Raises", "RuntimeError: no luck today", {"trials": 6}),
        ("Nan", "contains NaN", {"trials": 6}),
        (
            "Sleeps",
            "took longer than budget.trial_time_s = 4 s",
            {"trials": 3, "trial_time_s": 4.0},  # the dummy and two defaults
        ),
        ("Crashes", "the worker process died", {"trials": 3}),  # three deaths a trial take long
    ],
)
def test_a_troubled_trial_fails_with_its_traceback_and_the_others_go_on(
    ray_session: object, family: str, reason: str, changes: dict[str, Any]
) -> None:
    families = {family.lower(): f"{HERE}:{family}", "ridge": "ridge"}

    records = run(families, strategy={"kind": "random"}, **changes)

    started = {r.trial_id: r for r in records if isinstance(r, TrialStarted)}
    assert len(ends(records)) == 2 * changes["trials"]
    for trial_id, end in ends(records).items():
        if started[trial_id].family == family.lower():
            assert (end.state, end.score) == ("failed", None)
            assert reason in end.reason
            assert end.traceback
        else:
            assert end.state == "completed"


def test_the_import_of_its_libraries_is_no_part_of_a_trials_time(ray_session: object) -> None:
    families = {"slow_to_import": f"{HERE}:SlowToImport"}

    records = run(families, strategy={"kind": "random"}, trials=2, trial_time_s=3.0)

    assert IMPORT_S > 3.0
    assert {end.state for end in ends(records).values()} == {"completed"}


def test_a_record_that_cannot_be_kept_ends_the_search_with_its_own_error(
    ray_session: object,
) -> None:
    from searcher.errors import StoreError

    kept: list[Record] = []

    def emit(record: Record) -> None:
        if len(kept) == 5:
            raise StoreError("disk full")
        kept.append(record)

    rows = make_rows()
    space = Space.join({"ridge": load_family("ridge").space(rows.profile)})
    initial = (join_family("ridge", load_family("ridge").default(rows.profile)),)
    parts = load_strategy("random")().build(Problem(space, initial, 9, 3, 0))
    inner = make_inner_search(
        parts,
        search_id="s",
        outer_fold="0",
        trials=10,
        initial=initial,
        longest={"inner_folds": 3},
        dummy=load_family("dummy").default(rows.profile),
        time_s=None,
    )
    work = Work(
        rows=rows,
        folds=make_folds(rows, ("0",)),
        families={"dummy": "dummy", "ridge": "ridge"},
        metrics=("r2",),
        seed=0,
        cpus=1,
    )

    with pytest.raises(StoreError, match="disk full"):
        run_inner_searches({"0": inner}, work, search_id="s", room=room_for(2), emit=emit)
