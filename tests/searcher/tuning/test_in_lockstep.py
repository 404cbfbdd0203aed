"""What a worker does about checkpoints of a trial that it goes on with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cluster.ranks import RankGroup
from search_spaces.columns import Column, Profile
from searcher.evaluation import Rows
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.tuning.in_lockstep import LockstepTrial
from searcher.tuning.trial import Proposal
from searcher.tuning.work import Work

pytest.importorskip("torch")

MLP = "search_spaces.families.mlp:MLP"
EPOCHS = 4


def make_work(folder: Path, **changes: Any) -> Work:
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(np.int64)
    columns = (Column("x0", "numeric"), Column("x1", "numeric"))
    rows = Rows(X, y, Profile("binary", columns, 60, n_classes=2), "y", ("no", "yes"))
    half = np.arange(30)
    folds = (Fold("0", 0, half + 30, half), Fold("0", 1, half, half + 30))
    usual = {"checkpoints": str(folder), "checkpoint_s": 0.0}
    families = {"mlp": MLP}
    return Work(rows, {"0": folds}, families, ("roc_auc",), seed=0, cpus=1, **(usual | changes))


def trial(work: Work, resource: int = 0) -> LockstepTrial:
    """The trial, in a worker that knows it as far as ``resource``."""
    family = load_family(MLP)
    space = family.space(work.rows.profile).override({"epochs": EPOCHS, "width": 32, "depth": 1})
    configuration = space.nearest(family.default(work.rows.profile))
    proposal = Proposal(
        "s.0.1", "0", 1, "mlp", configuration, "default", unit="epochs", resource=resource
    )
    return LockstepTrial(proposal, work, RankGroup(1), work)


def tear(saved: dict[str, Any] | None) -> None:
    """Leave half of a checkpoint's file."""
    assert saved is not None
    path = Path(saved["path"])
    path.write_bytes(path.read_bytes()[: saved["size_bytes"] // 2])


def test_a_torn_checkpoint_is_told_once_and_the_one_before_it_is_gone_on_from(
    tmp_path: Path,
) -> None:
    undisturbed, work = trial(make_work(tmp_path / "other")), make_work(tmp_path / "own")
    units = [undisturbed.step()[0] for _ in range(EPOCHS)]
    lost = trial(work)
    lost.step()
    tear(lost.step()[1])

    again = trial(work, resource=2)
    (third, told), (_, then) = again.step(), again.step()

    assert third.folds[0].scores == units[2].folds[0].scores
    assert told is not None
    assert told["resource"] == 3
    assert told["unusable"].startswith(
        "trial s.0.1 trains again what is lost: the checkpoint at resource 2 can't be used: "
    )
    assert then is not None
    assert "unusable" not in then


def test_the_last_checkpoint_of_a_trial_is_saved_whatever_there_is_to_tell(tmp_path: Path) -> None:
    work = make_work(tmp_path)
    lost = trial(work)
    steps = [lost.step() for _ in range(EPOCHS - 1)]
    tear(steps[-1][1])

    unit, saved = trial(work, resource=EPOCHS - 1).step()

    assert unit.is_last
    assert saved is not None
    assert saved["resource"] == EPOCHS
    assert "the checkpoint at resource 3 can't be used" in saved["unusable"]


def test_where_checkpoints_are_whole_there_is_nothing_to_tell(tmp_path: Path) -> None:
    work = make_work(tmp_path, checkpoint_s=3600.0)
    lost = trial(work)
    lost.step()

    _, told = trial(work, resource=1).step()

    assert told is None
