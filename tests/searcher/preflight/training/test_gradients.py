import numpy as np
import pytest

from searcher.preflight.training.gradients import check_gradients
from tests.searcher.checks.cases import category, dataset
from tests.searcher.preflight.training import broken
from tests.searcher.preflight.training.broken import subject


def test_a_sound_network_learns_everywhere() -> None:
    assert list(check_gradients(subject())) == []


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (broken.Frozen, "first.weight can't learn: requires_grad is False"),
        (broken.Unused, "extra.weight, extra.bias can't learn: the loss does not depend on it"),
        (
            broken.Detached,
            "first.weight, first.bias, norm.weight and 1 more can't learn: "
            "the loss does not depend on it",
        ),
        (broken.NotANumber, "the first gradient of first.bias is infinite or NaN"),
        (broken.Vanishing, "no gradient reaches first, norm"),
    ],
)
def test_a_layer_without_a_gradient_is_named(module: type[broken.Plain], said: str) -> None:
    assert list(check_gradients(subject(module))) == [said]


def test_vectors_of_categories_that_no_row_has_are_nobodys_fault() -> None:
    from search_spaces.families.mlp import MLP
    from searcher.preflight.sample import draw
    from searcher.preflight.training.subject import Subject

    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=400), "rare": np.zeros(400)}  # 0 is missing
    rows = dataset(columns, kinds={"rare": category("rare", 3, missing=True)})
    family = MLP()
    found = Subject.of(family, family.default(rows.profile), draw(rows, seed=0))

    assert any("tables" in name for name, _ in found.module.named_parameters())
    assert list(check_gradients(found)) == []
