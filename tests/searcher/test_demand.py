"""A trial occupies several processes, and GPUs, only where its family can use them."""

from typing import Any

import pytest

from searcher.demand import Demand, demand_of, demand_of_refit
from searcher.plugins import load_family
from searcher.records import Unit
from searcher.spec.models import HardwareSpec

MLP = load_family("search_spaces.families.mlp:MLP")
XGBOOST = load_family("xgboost")
HARDWARE: dict[str, Any] = {"cpus": 3, "gpus": 1, "workers": 2}


class OnGpu(type(XGBOOST)):  # type: ignore[misc]
    """Trees that train on a GPU."""

    uses_gpus = True


@pytest.mark.parametrize(
    ("family", "unit", "parallel", "demand"),
    [
        (MLP, "epochs", "rows", Demand(2, 3, 1)),
        (MLP, "epochs", "folds", Demand(2, 3, 1)),
        (XGBOOST, "inner_folds", "rows", Demand(1, 3, 0)),
        (XGBOOST, "rounds", "rows", Demand(1, 3, 0)),
        (XGBOOST, "rounds", "folds", Demand(2, 3, 0)),
        (OnGpu(), "inner_folds", "rows", Demand(1, 3, 1)),
    ],
)
def test_a_trial_occupies_what_its_family_can_use(
    family: Any, unit: Unit, parallel: str, demand: Demand
) -> None:
    hardware = HardwareSpec.model_validate(HARDWARE | {"parallel": parallel})

    assert demand_of(family, unit, hardware) == demand


@pytest.mark.parametrize(
    ("family", "parallel", "demand"),
    [
        (MLP, "rows", Demand(2, 3, 1)),
        (MLP, "folds", Demand(1, 3, 1)),  # a refit has no folds to divide
        (XGBOOST, "folds", Demand(1, 3, 0)),
        (OnGpu(), "rows", Demand(1, 3, 1)),
    ],
)
def test_a_refit_occupies_what_one_fit_can_use(family: Any, parallel: str, demand: Demand) -> None:
    hardware = HardwareSpec.model_validate(HARDWARE | {"parallel": parallel})

    assert demand_of_refit(family, hardware) == demand
