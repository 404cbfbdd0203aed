from searcher.candidates import Candidate
from searcher.preflight.choices import SMALL, Choice, structural_choices
from tests.searcher.checks.cases import dataset, numbers
from tests.searcher.preflight.families import Nested, Steps

PROFILE = dataset(numbers()).profile


def choices(family, **changes) -> list[Choice]:
    space = family.space(PROFILE).override(changes)
    default = space.nearest(family.default(PROFILE))
    return list(structural_choices(Candidate(family.name, "mine:Own", family, space, default)))


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
