import pytest
import torch

from searcher.preflight.training.modes import check_modes
from tests.searcher.preflight.training import broken
from tests.searcher.preflight.training.broken import subject


@pytest.mark.parametrize("module", [broken.Plain, broken.OwnDropout])
def test_dropout_and_normalisation_may_follow_the_mode(module: type[broken.Plain]) -> None:
    assert list(check_modes(subject(module))) == []


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (broken.DropoutStays, "dropout draws at random in evaluation mode"),
        (broken.AlwaysDrops, "the network draws at random in evaluation mode"),
        (broken.NeverDrops, "dropout drops nothing out in training mode"),
        (broken.NormStays, "norm.num_batches_tracked learns nothing in training mode"),
        (broken.Counting, "calls changes in evaluation mode"),
        (
            broken.OtherInTraining,
            "its outputs differ by the mode for another reason than dropout and normalisation",
        ),
    ],
)
def test_what_else_follows_the_mode_or_does_not_is_named(
    module: type[broken.Plain], said: str
) -> None:
    assert list(check_modes(subject(module))) == [said]


def test_nothing_is_left_changed() -> None:
    it = subject()
    before = {name: value.clone() for name, value in it.module.state_dict().items()}
    random = torch.random.get_rng_state()

    list(check_modes(it))

    assert torch.equal(torch.random.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in it.module.state_dict().items())
