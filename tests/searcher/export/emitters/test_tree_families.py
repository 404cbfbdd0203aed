"""Trees and boosters from raw cells to labels: with native categories, gaps, and on real rows."""

from dataclasses import replace

import numpy as np
import pytest

from search_spaces.families.decision_tree import DecisionTree
from search_spaces.families.extra_trees import ExtraTrees
from search_spaces.families.gradient_boosting import GradientBoosting
from search_spaces.families.hist_gradient_boosting import HistGradientBoosting
from search_spaces.families.lightgbm import LightGBM
from search_spaces.families.random_forest import RandomForest
from search_spaces.families.xgboost import XGBoost
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from searcher.export.gate.probes import make_probes
from searcher.model import fit_model
from tests.searcher.export.models import export, fit, make_data, probes_of
from tests.searcher.export.test_real_data import load

FAMILIES = {
    family.name: family
    for family in (
        *(DecisionTree(), RandomForest(), ExtraTrees(), GradientBoosting()),
        *(HistGradientBoosting(), LightGBM(), XGBoost()),
    )
}
TASKS = ("binary", "multiclass", "regression")
ROUNDS = 15

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


def cases():
    """Yield a family, and what is changed of its default."""
    for name in FAMILIES:
        yield name, {}
    for name in ("decision_tree", "random_forest", "extra_trees"):
        yield name, {"impute": "none", "class_weight": "balanced"}
    for name in ("hist_gradient_boosting", "lightgbm", "xgboost"):
        yield name, {"encode": "native", "early_stopping": True, "stop_after": 5}
    yield "gradient_boosting", {"early_stopping": True, "stop_after": 5, "subsample": 0.5}
    yield "xgboost", {"booster": "dart", "rate_drop": 0.3, "skip_drop": 0.2, "encode": "native"}
    for boosting in ("goss", "dart", "rf"):
        extra = {"drop_rate": 0.3, "skip_drop": 0.2, "bag": 0.6, "min_data_per_group": 5}
        yield "lightgbm", {"boosting": boosting, **extra}


def configure(family, profile, changes):
    """Change what the family has of it; few rounds, to be quick."""
    configuration = family.space(profile).nearest({**family.default(profile), **changes})
    rounds = {"n_estimators": ROUNDS, "max_iter": ROUNDS}
    return {name: rounds.get(name, value) for name, value in configuration.items()}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("name", "changes"), [*cases()], ids=str)
def test_a_family_passes_the_gate(name, changes, task):
    data = make_data(task)
    family = FAMILIES[name]

    model = fit(data, family, **configure(family, data.profile, changes))

    verdict = check_parity(serialise(export(model)), model, probes_of(data))
    assert verdict.passed, verdict.failure
    assert verdict.worst < 0.02, verdict.probes


BY_DATA = {
    "adult": ("hist_gradient_boosting", "lightgbm", "xgboost"),
    "telco_churn": ("lightgbm", "extra_trees", "gradient_boosting"),
    "soybean": ("lightgbm", "xgboost", "hist_gradient_boosting"),
    "hypothyroid": ("decision_tree", "random_forest", "hist_gradient_boosting"),
    "diamonds": ("lightgbm", "xgboost", "gradient_boosting"),
}


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "family"), [(d, f) for d, fs in BY_DATA.items() for f in fs])
def test_a_family_of_real_rows_passes_the_gate(shared_data, name, family):
    family = FAMILIES[family]
    dataset, _ = load(shared_data, name)
    rows = np.random.default_rng(0).permutation(dataset.n_samples)[:600]
    if dataset.classes:  # at least one row of each class
        rows = np.union1d(rows, np.unique(dataset.y, return_index=True)[1])
    profile = replace(dataset.profile, n_samples=len(rows))
    changes = {"encode": "native", "impute": "none", "min_data_per_group": 10}
    configuration = configure(family, profile, changes)
    model = fit_model(
        family, configuration, dataset.X[rows], dataset.y[rows],
        profile=profile, target=dataset.target, classes=dataset.classes, seed=0, cpus=1,
    )  # fmt: skip
    others = np.setdiff1d(np.arange(dataset.n_samples), rows)
    probes = make_probes(dataset.columns, dataset.X[rows], seed=0, held_out=dataset.X[others])

    verdict = check_parity(serialise(export(model)), model, probes)

    assert verdict.passed, verdict.failure
    assert verdict.worst < 0.02, verdict.probes
