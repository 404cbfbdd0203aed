"""Families of a search, with their spaces as the spec changes them."""

from typing import Any

from search_spaces.columns import Column, Profile
from searcher.candidates import joint_space, references, resolve_candidates
from searcher.spec import load_spec

PROFILE = Profile("binary", (Column("a", "numeric"),), 100, 2)


def resolve(families: Any, profile: Profile = PROFILE) -> Any:
    spec = {"name": "s", "data": {"path": "x.csv", "target": "y"}, "seed": 1}
    if families is not None:
        spec["families"] = families
    return resolve_candidates(load_spec(spec), profile)


def test_without_families_every_one_that_learns_the_target_is_searched_but_the_dummy() -> None:
    names = {candidate.name for candidate in resolve(None)}

    assert names >= {"logistic_regression", "random_forest", "xgboost"}
    assert not names & {"dummy", "ridge"}


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
