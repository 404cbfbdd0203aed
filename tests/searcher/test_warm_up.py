"""What is imported before a trial's time begins."""

import json
import subprocess
import sys

import pytest

from searcher.evaluation import FeatureCache, evaluate, make_scorer
from searcher.plugins import load_family
from searcher.tuning.work import Work
from searcher.warm_up import warm_up
from tests.searcher.tuning.test_run import HERE, make_folds, make_rows

MOST = 10
"""Modules that a trial may still import: a few small ones, none of a library's own."""


def work_of(family: str) -> Work:
    rows = make_rows()
    return Work(rows, make_folds(rows, ("0",)), {"it": family}, metrics=("r2",), seed=0, cpus=1)


def count_imports(*families: str) -> None:
    """Print how many modules a trial of each imports in a process that has been warmed up."""
    counts = {family: imports_of(family) for family in families}
    print(json.dumps(counts))  # noqa: T201 - the other process reads it


def imports_of(family: str) -> int:
    work = work_of(family)
    make_scorer(work.metrics)
    given = load_family(family)
    warm_up(given, work.rows.profile, cpus=1)
    before = set(sys.modules)
    configuration = dict(given.default(work.rows.profile))
    if "epochs" in configuration:
        configuration["epochs"] = 1
    options = {"metrics": work.metrics, "seed": 0, "cpus": 1, "cache": FeatureCache()}
    list(evaluate(given, configuration, work.rows, work.folds["0"], **options))
    return len(set(sys.modules) - before)


@pytest.mark.slow
def test_a_trial_imports_no_library_in_a_process_that_is_warm() -> None:
    pytest.importorskip("torch")
    code = f"from {__name__} import count_imports; count_imports('ridge', 'xgboost', 'mlp')"

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    counts = json.loads(said.stdout.splitlines()[-1])
    assert max(counts.values()) < MOST, counts


def test_a_default_that_cannot_be_built_is_left_to_its_own_trial() -> None:
    rows = make_rows()

    warm_up(load_family(f"{HERE}:BadDefault"), rows.profile, cpus=1)
