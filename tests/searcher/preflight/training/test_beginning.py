import math

import pytest

from searcher.preflight.training.beginning import FAR, check_beginning, first_loss
from tests.searcher.preflight.training import broken
from tests.searcher.preflight.training.broken import VALUES, subject


def test_a_sound_network_begins_near_the_logarithm_of_the_number_of_classes() -> None:
    loss, nothing = first_loss(subject())

    assert nothing == pytest.approx(math.log(3), rel=1e-6)
    assert nothing / FAR < loss < nothing * FAR
    assert list(check_beginning(subject(), loss, nothing)) == []


def test_of_values_it_begins_near_their_variance_which_is_one() -> None:
    loss, nothing = first_loss(subject(rows=VALUES))

    assert nothing == pytest.approx(1.0, abs=0.4)  # of few of the rows
    assert nothing / FAR < loss < nothing * FAR


@pytest.mark.parametrize("loss", ["focal", "cross_entropy"])
def test_what_is_minimised_does_not_matter(loss: str) -> None:
    plain, changed = (
        first_loss(subject(**settings))
        for settings in ({}, {"loss": loss, "class_weight": "balanced", "label_smoothing": 0.1})
    )

    assert changed == plain


def test_an_exploding_beginning_is_named() -> None:
    it = subject(broken.Exploding)

    (said,) = check_beginning(it, *first_loss(it))

    assert said.startswith("its loss before training is ")
    assert said.endswith("not near 1.1 (ln 3), which is that of knowing nothing")


def test_a_loss_that_is_no_number_is_named() -> None:
    it = subject(broken.Infinite)

    (said,) = check_beginning(it, *first_loss(it))

    assert said == "its loss before training is nan"
