"""What was chosen, trained once more: by one process, or by several that share its rows."""

from typing import Any

import numpy as np
import pytest

from cluster.ranks.tasks import run_on_ranks
from cluster.session import Session
from search_spaces.columns import Column, Profile
from searcher.evaluation import Rows
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.refit import Refit, RefitJob, RefitWork, refit, refit_on_rank

HAS_GPU = pytest.importorskip("torch").cuda.is_available()

MLP = "search_spaces.families.mlp:MLP"
N_ROWS = 120


def make_rows() -> Rows:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4))
    y = (X @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=N_ROWS) > 0).astype(np.int64)
    columns = tuple(Column(f"x{i}", "numeric") for i in range(4))
    return Rows(X, y, Profile("binary", columns, N_ROWS, n_classes=2), "y", ("no", "yes"))


ROWS = make_rows()
FOLD = Fold("0", None, np.arange(80), np.arange(80, N_ROWS))


def work(**changes: Any) -> RefitWork:
    families = {"mlp": MLP, "dummy": "dummy"}
    return RefitWork(ROWS, {"0": FOLD}, families, ("neg_log_loss",), seed=0, cpus=1, **changes)


def job(family: str = "mlp", **changes: Any) -> RefitJob:
    reference = MLP if family == "mlp" else family
    given = load_family(reference).default(ROWS.profile)
    if family == "mlp":
        small = {"epochs": 3, "width": 32, "dropout": 0.0, "learning_rate": 1e-3}
        given = {**given, **small, "normalisation": "none"}
    return RefitJob("0", ("winner",), "t", family, given, keep_model=True, **changes)


@pytest.mark.ray
def test_two_processes_refit_the_network_that_one_does(ray_session: Session) -> None:
    assert ray_session.cpus == 2
    alone = refit(work(), job())

    ((_, together),) = run_on_ranks(refit_on_rank, [job()], shared=work(), ranks=2, cpus=1)

    assert isinstance(together, Refit)
    assert together.scores["neg_log_loss"] == pytest.approx(alone.scores["neg_log_loss"], abs=2e-3)
    assert together.model is not None
    assert alone.model is not None
    ours, theirs = (m.predict_proba(ROWS.X) for m in (together.model, alone.model))
    assert ours == pytest.approx(theirs, abs=2e-3)


@pytest.mark.ray
def test_a_schedule_is_replayed_by_two_processes_as_by_one(ray_session: Session) -> None:
    assert ray_session.cpus == 2
    changed = {**job().configuration, "learning_rate": 5e-4, "batch_size": 32}
    given = work(generation=2)
    member = job(way=((0, job().configuration), (2, changed)))

    alone = refit(given, member)
    ((_, together),) = run_on_ranks(refit_on_rank, [member], shared=given, ranks=2, cpus=1)

    assert together.scores["neg_log_loss"] == pytest.approx(alone.scores["neg_log_loss"], abs=2e-3)


@pytest.mark.ray
@pytest.mark.gpu
@pytest.mark.skipif(not HAS_GPU, reason="there is no GPU")
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_gpu_refits_the_network_that_a_cpu_does(ray_session: Session, ranks: int) -> None:
    assert ray_session.gpus
    alone = refit(work(), job())

    given = {"ranks": ranks, "cpus": 1, "gpus": 1 / ranks}
    ((_, found),) = run_on_ranks(refit_on_rank, [job()], shared=work(), **given)

    assert found.scores["neg_log_loss"] == pytest.approx(alone.scores["neg_log_loss"], abs=1e-2)
    assert found.model.predict_proba(ROWS.X).shape == (N_ROWS, 2)
