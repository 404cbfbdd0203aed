"""Which optimiser, with what."""

import pytest
import torch
from torch import nn

from search_spaces.networks import TrainingSettings
from searcher.training.optimizers import load_state, make_optimizer, state_of
from tests.searcher.training.networks import perceptron


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adamw", torch.optim.AdamW),
        ("adam", torch.optim.Adam),
        ("sgd", torch.optim.SGD),
        ("rmsprop", torch.optim.RMSprop),
    ],
)
def test_the_optimizer_is_pytorchs_and_only_matrices_decay(name: str, kind: type) -> None:
    settings = TrainingSettings(optimizer=name, weight_decay=0.3, momentum=0.7)

    found = make_optimizer(perceptron(), settings)

    assert type(found) is kind
    decays = {
        parameter.dim(): group["weight_decay"]
        for group in found.param_groups
        for parameter in group["params"]
    }
    assert decays == {1: 0.0, 2: 0.3}
    assert all(group.get("momentum", 0.7) == 0.7 for group in found.param_groups)


def test_frozen_parameters_are_left_out() -> None:
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(False)

    groups = make_optimizer(module, TrainingSettings()).param_groups

    assert [len(group["params"]) for group in groups] == [1]


def test_a_state_brings_memories_and_no_settings() -> None:
    module = nn.Linear(2, 2)
    one = make_optimizer(module, TrainingSettings(weight_decay=0.1))
    module(torch.ones(1, 2)).sum().backward()
    one.step()
    other = make_optimizer(module, TrainingSettings(weight_decay=0.5, learning_rate=0.7))

    load_state(other, state_of(one))

    assert other.param_groups[0]["weight_decay"] == 0.5
    assert other.param_groups[0]["lr"] == 0.7
    memory, original = other.state[module.weight], one.state[module.weight]
    assert torch.equal(memory["exp_avg"], original["exp_avg"])
    assert memory["exp_avg"] is not original["exp_avg"]


def test_another_kind_of_optimizer_begins_afresh() -> None:
    module = nn.Linear(2, 2)
    one = make_optimizer(module, TrainingSettings(optimizer="adam"))
    module(torch.ones(1, 2)).sum().backward()
    one.step()
    other = make_optimizer(module, TrainingSettings(optimizer="sgd"))

    load_state(other, state_of(one))

    assert not other.state
