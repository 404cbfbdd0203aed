"""Families of a search, with their spaces as the spec changes them."""

from typing import Any

import pytest

from search_spaces.columns import Column, Profile
from searcher.candidates import joint_space, references, resolve_candidates
from searcher.spec import load_spec

PROFILE = Profile("binary", (Column("a", "numeric"),), 100, 2)


def resolve(families: Any, profile: Profile = PROFILE) -> Any:
    spec = {"name": "s", "data": {"path": "x.csv", "target": "y"}, "seed": 1}
    if families is not None:
        spec["families"] = families
    return resolve_candidates(load_spec(spec), profile)


@pytest.mark.parametrize(
    ("task", "linear"), [("binary", "logistic_regression"), ("regression", "ridge")]
)
def test_without_families_a_linear_model_a_forest_and_a_booster_are_searched(task, linear) -> None:
    profile = Profile(task, PROFILE.columns, 100, 2 if task == "binary" else 0)

    names = [candidate.name for candidate in resolve(None, profile)]

    assert names == [linear, "random_forest", "xgboost"]


def test_a_default_outside_a_narrowed_range_moves_to_its_edge() -> None:
    (candidate,) = resolve({"xgboost": {"max_depth": {"low": 1, "high": 3}}})

    assert candidate.default["max_depth"] == 3
    candidate.space.validate_configuration(candidate.default)


def test_the_joint_space_holds_every_family_under_its_own_name() -> None:
    candidates = resolve(["logistic_regression", "xgboost"])

    space = joint_space(candidates)

    assert space.parameters["family"].choices == ("logistic_regression", "xgboost")
    assert "xgboost.max_depth" in space.parameters


def test_a_family_by_module_and_class_goes_by_the_name_it_gives_itself() -> None:
    reference = "tests.flows.own_family:Median"
    profile = Profile("regression", (Column("a", "numeric"),), 100)

    candidates = resolve([reference], profile)

    assert candidates[0].name == "median"
    assert references(candidates) == {"dummy": "dummy", "median": reference}
