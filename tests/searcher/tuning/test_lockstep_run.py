"""Trials in epochs on a real Ray Tune: lockstep, rungs, lost workers, several ranks."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from search_spaces.columns import Column, Profile
from search_spaces.space import Space, join_family
from searcher.demand import Demand
from searcher.evaluation import FeatureCache, Rows, evaluate
from searcher.plugins import load_family, load_strategy
from searcher.records import (
    CheckpointSaved,
    Decision,
    Fold,
    Note,
    Record,
    TrialAgain,
    TrialEnded,
    TrialStarted,
    UnitScore,
)
from searcher.strategies.base import Problem
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.run import run_inner_searches
from searcher.tuning.work import Work
from tests.cluster.ranks import settles
from tests.searcher.tuning.rooms import room_for

pytest.importorskip("torch")
pytestmark = pytest.mark.ray

MLP = "search_spaces.families.mlp:MLP"
EPOCHS = 4
METRICS = ("roc_auc", "neg_log_loss")


def make_rows(n: int = 120) -> Rows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    y = (X @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=n) > 0).astype(np.int64)
    columns = tuple(Column(f"x{i}", "numeric") for i in range(4))
    return Rows(X, y, Profile("binary", columns, n, n_classes=2), "y", ("no", "yes"))


ROWS = make_rows()
FOLDS = tuple(
    Fold("0", i, np.setdiff1d(np.arange(len(ROWS.y)), part), part)
    for i, part in enumerate(np.array_split(np.arange(len(ROWS.y)), 2))
)
SPACE = (
    load_family(MLP)
    .space(ROWS.profile)
    .override(
        {
            "epochs": EPOCHS,
            "width": 32,
            "dropout": 0.0,
            "optimizer": "adamw",
            "learning_rate": {"high": 1e-3},  # at large ones rounding grows from step to step
        }
    )
)


def new(kind: str, trials: int, **settings: Any) -> InnerSearch:
    joint = Space.join({"mlp": SPACE})
    initial = (join_family("mlp", SPACE.nearest(load_family(MLP).default(ROWS.profile))),)
    problem = Problem(
        joint, initial, trials - 1, EPOCHS, 5, evolves={"mlp": ("learning_rate", "weight_decay")}
    )
    return make_inner_search(
        load_strategy(kind)(**settings).build(problem),
        search_id="s",
        outer_fold="0",
        trials=trials,
        initial=initial,
        longest={"inner_folds": len(FOLDS), "epochs": EPOCHS},
        units={"mlp": "epochs"},
        dummy=load_family("dummy").default(ROWS.profile),
        time_s=None,
    )


def run(
    inner: InnerSearch,
    *,
    slots: int = 2,
    workers: int = 1,
    react: Callable[[Record], None] = lambda record: None,
    **changes: Any,
) -> list[Record]:
    work = Work(
        rows=ROWS,
        folds={"0": FOLDS},
        families={"dummy": "dummy", "mlp": MLP},
        metrics=METRICS,
        seed=0,
        cpus=1,
        demands={"mlp": Demand(workers)},
        **changes,
    )
    room = room_for(slots, work.demands)
    records: list[Record] = []

    def emit(record: Record) -> None:
        records.append(record)
        react(record)

    assert run_inner_searches({"0": inner}, work, search_id="s", room=room, emit=emit)
    return records


def units(records: list[Record]) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        if isinstance(record, UnitScore):
            found.setdefault(record.trial_id, []).append((record.resource, record.score))
    return found


@pytest.fixture(scope="module")
def undisturbed(ray_session: object) -> list[Record]:
    return run(new("random", 4))


def test_a_trial_reports_the_mean_over_its_folds_once_an_epoch(undisturbed: list[Record]) -> None:
    started = {r.trial_id: r for r in undisturbed if isinstance(r, TrialStarted)}
    assert {started[trial_id].unit for trial_id in units(undisturbed)} == {"epochs"}
    for trial_id, curve in units(undisturbed).items():
        assert [resource for resource, _ in curve] == list(range(1, EPOCHS + 1)), trial_id
    for record in undisturbed:
        if isinstance(record, UnitScore):
            assert record.score == np.mean([fold.scores["roc_auc"] for fold in record.folds])
            assert record.is_last == (record.resource == EPOCHS)


def test_the_last_epoch_has_the_scores_of_folds_fitted_one_by_one(
    undisturbed: list[Record],
) -> None:
    started = next(r for r in undisturbed if isinstance(r, TrialStarted) and r.number == 2)
    last = [r for r in undisturbed if isinstance(r, UnitScore) and r.trial_id == started.trial_id]
    one_by_one = evaluate(
        load_family(MLP),
        started.configuration,
        ROWS,
        FOLDS,
        metrics=METRICS,
        seed=0,
        cpus=1,
        cache=FeatureCache(),
    )
    assert [fold.scores for fold in last[-1].folds] == [result.scores for result in one_by_one]


def test_trials_stop_at_rungs_of_epochs(ray_session: object) -> None:
    records = run(new("asha", 10, searcher="random", min_resource=1, reduction_factor=2))
    decisions = [r for r in records if isinstance(r, Decision)]
    ended = [r for r in records if isinstance(r, TrialEnded)]
    stopped = [r for r in ended if r.state == "stopped"]
    assert {d.resource for d in decisions} <= {1, 2}
    assert stopped
    assert all(r.reason == f"stopped after {r.resource} of {EPOCHS} epochs" for r in stopped)


def test_two_ranks_that_share_folds_find_what_one_finds(undisturbed: list[Record]) -> None:
    records = run(new("random", 4), slots=1, workers=2, share="folds")
    assert units(records) == units(undisturbed)


def test_two_ranks_that_share_rows_find_what_one_finds_up_to_rounding(
    undisturbed: list[Record],
) -> None:
    together = losses(run(new("random", 4), slots=1, workers=2))
    assert together == pytest.approx(losses(undisturbed), abs=2e-3)


def losses(records: list[Record]) -> dict[tuple[str, int, int], float]:
    return {
        (record.trial_id, record.resource, fold.inner_fold): fold.scores["neg_log_loss"]
        for record in records
        if isinstance(record, UnitScore)
        for fold in record.folds
    }


def test_a_lost_worker_costs_no_epoch_that_is_known(
    undisturbed: list[Record], tmp_path: Path
) -> None:
    killed: list[int] = []

    def react(record: Record) -> None:
        if isinstance(record, UnitScore) and record.resource == 2 and not killed:
            killed.append(kill_the_trial())

    records = run(
        new("random", 4), slots=1, react=react, checkpoints=str(tmp_path), checkpoint_s=0.0
    )
    again = [record for record in records if isinstance(record, TrialAgain)]
    assert [(record.attempt, record.reason) for record in again] == [(2, "its worker process died")]
    assert units(records) == units(undisturbed)
    assert any(isinstance(record, CheckpointSaved) for record in records)


def test_a_disk_that_takes_no_checkpoints_costs_no_trial(
    undisturbed: list[Record], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder can be made in here")
    records = run(
        new("random", 3), slots=1, checkpoints=str(tmp_path / "file" / "c"), checkpoint_s=0.0
    )
    notes = [record for record in records if isinstance(record, Note)]
    assert [note.kind for note in notes] == ["checkpoint"]
    assert "no checkpoint of trial" in notes[0].payload["error"]
    known = units(undisturbed)
    assert units(records) == {trial_id: known[trial_id] for trial_id in units(records)}


@pytest.mark.parametrize("lost", ["TrialActor", "Member"])
def test_a_lost_rank_ends_in_a_resume_from_the_last_checkpoint(
    undisturbed: list[Record], tmp_path: Path, lost: str
) -> None:
    """``TrialActor`` is rank 0, ``Member`` rank 1: the machine's failure, either way."""
    killed: list[int] = []

    def react(record: Record) -> None:
        if isinstance(record, UnitScore) and record.resource == 2 and not killed:
            killed.append(kill_the_trial(lost))

    records = run(
        new("random", 2),
        slots=1,
        react=react,
        workers=2,
        checkpoints=str(tmp_path),
        checkpoint_s=0.0,
    )
    again = [record.reason for record in records if isinstance(record, TrialAgain)]
    assert again == ["its worker process died"]
    assert all(r.state == "completed" for r in records if isinstance(r, TrialEnded))
    known = losses(undisturbed)
    found = losses(records)
    assert found == pytest.approx({key: known[key] for key in found}, abs=2e-3)
    # Tune gives a worker ten seconds to end its ranks; those it then leaves behind, Ray ends.
    assert settles(lambda: not processes("ray::Member"), within_s=30.0)


def kill_the_trial(name: str = "TrialActor") -> int:
    (worker,) = processes(f"ray::{name}")
    worker.kill()
    return worker.pid


def processes(name: str) -> list[psutil.Process]:
    """Those of this test's Ray whose title begins so."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.is_running() and " ".join(process.cmdline()).startswith(name):
                found.append(process)
    return found
