"""Inner folds in lockstep: fits as one after the other, kept and gone on with bit by bit."""

from typing import Any

import numpy as np
import pytest

from search_spaces.columns import Column, Profile
from searcher.errors import StoreError
from searcher.evaluation import FeatureCache, Rows, evaluate
from searcher.lockstep import Lockstep, Task
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.stepwise import Place

torch = pytest.importorskip("torch")

EPOCHS = 4


def make_rows(n: int = 96) -> Rows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    X[:, 3] = rng.integers(0, 3, size=n)
    y = (X[:, 0] - X[:, 1] + (X[:, 3] == 1) > 0).astype(np.int64)
    columns = (
        *(Column(f"x{i}", "numeric") for i in range(3)),
        Column("kind", "categorical", categories=("a", "b", "c")),
    )
    profile = Profile("binary", columns, n, n_classes=2)
    return Rows(X, y, profile, "y", ("no", "yes"))


ROWS = make_rows()
FOLDS = tuple(
    Fold("0", i, np.setdiff1d(np.arange(len(ROWS.y)), part), part)
    for i, part in enumerate(np.array_split(np.arange(len(ROWS.y)), 3))
)
FAMILY = load_family("search_spaces.families.mlp:MLP")


def configuration(**changes: Any) -> dict[str, Any]:
    found = {**FAMILY.default(ROWS.profile), "width": 32, "epochs": EPOCHS, **changes}
    space = FAMILY.space(ROWS.profile).override({"epochs": EPOCHS})
    space.validate_configuration(found)
    return found


def task(*schedule: tuple[int, dict[str, Any]]) -> Task:
    return Task(
        FAMILY,
        schedule or ((0, configuration()),),
        ROWS,
        FOLDS,
        ("roc_auc", "neg_log_loss"),
        seed=3,
        cpus=1,
    )


def train(trial: Lockstep, units: int) -> list[dict[str, float]]:
    results = []
    for _ in range(units):
        results = trial.advance()
    return [result.scores for result in results]


def fresh(*schedule: tuple[int, dict[str, Any]], **changes: Any) -> Lockstep:
    return Lockstep(task(*schedule), cache=FeatureCache(), **changes)


def test_at_its_end_a_trial_has_the_scores_of_its_folds_fitted_one_by_one() -> None:
    trial = fresh()
    in_lockstep = train(trial, EPOCHS)
    usual = {"metrics": ("roc_auc", "neg_log_loss"), "seed": 3, "cpus": 1, "cache": FeatureCache()}
    one_by_one = [r.scores for r in evaluate(FAMILY, configuration(), ROWS, FOLDS, **usual)]
    assert trial.done
    assert in_lockstep == one_by_one


@pytest.mark.parametrize("kept", [1, 3])
def test_a_trial_that_is_loaded_goes_on_bit_by_bit(kept: int) -> None:
    undisturbed = train(fresh(), EPOCHS)
    first, second = fresh(), fresh()
    train(first, kept)
    second.load_state(kept, first.state())
    assert second.resource == kept
    assert train(second, EPOCHS - kept) == undisturbed


def test_units_that_are_known_are_trained_again_without_being_scored() -> None:
    trial = fresh()
    assert [trial.advance(judge=False) for _ in range(EPOCHS - 1)] == [[]] * (EPOCHS - 1)
    assert [result.scores for result in trial.advance()] == train(fresh(), EPOCHS)


def test_seconds_add_up_over_units_and_over_a_load() -> None:
    first, second = fresh(), fresh()
    (before, *_) = first.advance()
    second.load_state(1, first.state())
    (after, *_) = second.advance()
    assert after.fit_s > before.fit_s > 0
    assert after.score_s > before.score_s > 0


def test_a_change_of_configuration_keeps_the_weights_and_takes_the_new_settings() -> None:
    slow = configuration(learning_rate=1e-4)
    fast = configuration(learning_rate=3e-2)
    changed = train(fresh((0, slow), (2, fast)), EPOCHS)
    first, second = fresh((0, slow)), fresh((0, slow), (2, fast))
    train(first, 2)
    second.load_state(2, first.state())
    assert train(second, 2) == changed
    assert changed not in (train(fresh((0, slow)), EPOCHS), train(fresh((0, fast)), EPOCHS))


def test_processes_that_share_folds_have_all_of_them_together() -> None:
    alone = {result.inner_fold: result.scores for result in fresh().advance()}
    ranks = [fresh(place=Place(rank, 2), share="folds") for rank in range(2)]
    together = {r.inner_fold: r.scores for rank in ranks for r in rank.advance()}
    assert together == alone
    parts = {name: part for rank in ranks for name, part in rank.state().items()}
    assert {name for name in parts if name.startswith("fold-")} == {"fold-0", "fold-1", "fold-2"}


def test_a_checkpoint_that_lacks_a_fold_is_refused() -> None:
    first, second = fresh(), fresh()
    train(first, 1)
    parts = first.state()
    parts.pop("fold-1")
    with pytest.raises(StoreError, match="lacks what it should have: KeyError"):
        second.load_state(1, parts)
