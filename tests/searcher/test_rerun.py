"""A configuration in a process of its own: what it prints and how it ends harm nobody."""

from pathlib import Path
from typing import Any

import pytest

from searcher.rerun import Rerun, rerun
from tests.searcher.test_reproduction import Kept

pytestmark = pytest.mark.slow  # each starts a process

ODD = "tests.searcher.odd_families"


@pytest.fixture
def work(tmp_path: Path) -> Any:
    """Make what a process is given to do, for one inner fold."""
    plan = Kept(tmp_path).plan

    def make(family: str, **changes: Any) -> Rerun:
        usual = {
            "family": family,
            "configuration": {"alpha": 1.0},
            "rows": plan.rows,
            "folds": plan.inner_folds("final")[:1],
            "metrics": plan.metrics,
            "seed": 11,
            "cpus": 1,
        }
        return Rerun(**(usual | changes))

    return make


def test_what_a_fit_prints_is_not_taken_for_an_answer(work: Any) -> None:
    printed, failed = rerun(work(f"{ODD}:Prints"))
    plain, _ = rerun(work("ridge"))

    assert failed is None
    assert [result.scores for result in printed] == [result.scores for result in plain]


@pytest.mark.parametrize("cpus", [1, 2])
def test_it_has_as_many_threads_as_the_trial_had(work: Any, cpus: int) -> None:
    _, failed = rerun(work(f"{ODD}:Tells", cpus=cpus))

    assert failed is not None
    assert failed.reason == f"RuntimeError: {cpus} [{cpus}]"
    assert "Traceback" in (failed.traceback or "")


def test_folds_that_were_finished_before_a_death_are_kept(work: Any, tmp_path: Path) -> None:
    folds = Kept(tmp_path).plan.inner_folds("final")

    results, failed = rerun(work(f"{ODD}:DiesLater", folds=folds))

    assert [result.inner_fold for result in results] == [0]
    assert failed is not None
    assert failed.reason == "the worker process died (signal SIGKILL)"


def test_a_family_that_is_not_there_is_a_failure_with_its_reason(work: Any) -> None:
    results, failed = rerun(work("nobody"))

    assert results == []
    assert failed is not None
    assert failed.reason.startswith("UnknownNameError: no family named 'nobody'")
