from dataclasses import replace

from search_spaces.families.mlp import MLP
from searcher.candidates import Candidate
from searcher.preflight.choices import (
    SMALL,
    Choice,
    structural_choices,
    together,
    training_choices,
)
from searcher.preflight.networks import LOSS, OF_TRAINING, networks_among
from tests.searcher.checks.cases import dataset, numbers
from tests.searcher.preflight.families import Nested, Steps

PROFILE = dataset(numbers()).profile


def candidate(family, **changes) -> Candidate:
    space = family.space(PROFILE).override(changes)
    default = space.nearest(family.default(PROFILE))
    return Candidate(family.name, "mine:Own", family, space, default)


def choices(family, **changes) -> list[Choice]:
    return list(structural_choices(candidate(family, **changes)))


def test_the_default_comes_first_and_each_other_choice_once() -> None:
    found = choices(Steps())

    assert [(c.path, c.value) for c in found] == [
        ("families.mine:Own", None),
        ("families.mine:Own.step", "knn_imputer"),
        ("families.mine:Own.step", "spline"),
        ("families.mine:Own.step", "quantile"),
    ]
    assert found[0].configuration == {"scale": "none", "step": "standard"}


def test_a_choice_that_applies_beside_another_is_tried_beside_it() -> None:
    limited = next(c for c in choices(Nested()) if c.value == "limited")

    assert limited.configuration == {
        "kind": "forest",
        "n_estimators": 5,
        "depth": "limited",
        "max_depth": 2,
        "alpha": 0.1,
    }


def test_of_choices_that_are_numbers_the_ends_are_tried_and_of_ranges_none() -> None:
    found = choices(Nested())

    assert [c.value for c in found if c.parameter == "alpha"] == [0.0, 10.0]
    assert not [c for c in found if c.parameter in {"C", "n_estimators", "max_depth"}]


def test_every_configuration_is_in_the_space_and_small() -> None:
    family = Nested()
    found = choices(family, kind=["forest"], n_estimators={"low": 10, "high": 500})

    assert found
    for choice in found:
        family.space(PROFILE).validate_configuration(choice.configuration)
        assert choice.configuration["n_estimators"] <= SMALL


def test_what_a_spec_leaves_out_is_not_tried() -> None:
    assert [c.value for c in choices(Steps(), step=["standard", "spline"])] == [None, "spline"]


def test_how_a_network_is_trained_is_no_choice_of_what_it_is_made_of() -> None:
    found = list(structural_choices(candidate(MLP()), is_network=True))

    names = {choice.parameter for choice in found}
    assert {"scale", "quantities", "residual", "normalisation", "activation"} <= names
    assert not names & OF_TRAINING
    assert {choice.configuration["epochs"] for choice in found} == {1}


def test_choices_of_module_and_loss_are_tried_in_training_and_the_ends_of_whole_numbers() -> None:
    found = list(training_choices(candidate(MLP())))

    names = {choice.parameter for choice in found if choice.parameter}
    assert {"depth", "width", "bins", "activation", *LOSS - {"focal_gamma"}} <= names
    assert not names & (OF_TRAINING - LOSS)
    assert [c.value for c in found if c.parameter == "depth"] == [1, 6]
    assert found[0].configuration == candidate(MLP()).default
    for choice in found:
        candidate(MLP()).space.validate_configuration(choice.configuration)


def test_choices_share_as_many_configurations_as_the_longest_parameter_needs() -> None:
    it = candidate(MLP())
    _, *rest = structural_choices(it, is_network=True)

    groups = list(together(it, rest))

    shared = [(c.parameter, str(c.value)) for _, group in groups for c in group]
    assert sorted(shared) == sorted((c.parameter, str(c.value)) for c in rest)
    assert len(groups) < len(rest) / 2
    for configuration, group in groups:
        it.space.validate_configuration({**configuration, "epochs": it.default["epochs"]})
        assert all(configuration[choice.parameter] == choice.value for choice in group)


def test_what_applies_beside_a_choice_only_is_put_beside_it() -> None:
    it = candidate(Nested())
    _, *rest = structural_choices(it)

    groups = list(together(it, rest))

    (limited,) = [made for made, group in groups if any(c.value == "limited" for c in group)]
    assert limited["kind"] == "forest"
    assert "max_depth" in limited


def test_a_network_is_known_by_what_its_family_builds() -> None:
    both = [replace(candidate(MLP()), reference="net"), candidate(Steps())]

    assert networks_among(both, PROFILE, seed=0) == {"net"}
