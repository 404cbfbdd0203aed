import itertools
import math

import pytest
import torch

from search_spaces.columns import Shape
from search_spaces.networks.beginning import seeded
from search_spaces.networks.transformer import Transformer, waves
from tests.search_spaces.networks.sequences import CHANNELS, SHAPE, padded, sequences

VARIANTS = list(itertools.product(("sinusoidal", "learned"), ("mean", "token"), (True, False)))


def make(positions="sinusoidal", summary="mean", first=True, *, shape=SHAPE, n_outputs=3):
    with seeded(1):
        return Transformer(
            shape,
            n_outputs=n_outputs,
            layers=2,
            heads=2,
            head_size=4,
            feed_forward_factor=1.5,
            activate="gelu",
            normalise_first=first,
            positions=positions,
            summary=summary,
            dropout=0.5,
        ).eval()


def answers(module, found, steps=SHAPE.sizes[0]):
    with torch.no_grad():
        return module(torch.from_numpy(padded(found, steps)))


@pytest.mark.parametrize(("positions", "summary", "first"), VARIANTS)
def test_padding_does_not_change_the_answer(positions, summary, first):
    longer = make(positions, summary, first, shape=Shape("sequence", (14, CHANNELS)))
    shorter = make(positions, summary, first)
    weights = longer.state_dict()
    weights["places.vectors"] = weights["places.vectors"][: SHAPE.sizes[0]]
    shorter.load_state_dict(weights)
    found = sequences()

    by_longer = answers(longer, found, steps=14)
    by_shorter = answers(shorter, found)

    torch.testing.assert_close(by_longer, by_shorter, rtol=0, atol=1e-6)


@pytest.mark.parametrize("summary", ["mean", "token"])
def test_the_answer_is_that_of_pytorchs_encoder_without_any_padding(summary):
    module, found = make(summary=summary), sequences()

    def alone(one):
        sequence = module.enter(torch.from_numpy(one)) + module.places.vectors[: len(one)]
        if summary == "token":
            sequence = torch.cat([module.token[0], sequence])
        for layer in module.layers:
            sequence = layer(sequence[None])[0]
        kept = module.norm(sequence)
        return module.head(kept[0] if summary == "token" else kept.mean(dim=0))

    with torch.no_grad():
        expected = torch.stack([alone(one) for one in found])
    torch.testing.assert_close(answers(module, found), expected, rtol=1e-5, atol=1e-6)


def test_the_order_of_the_steps_matters():
    module, one = make(), sequences()[0]

    assert not torch.allclose(answers(module, [one]), answers(module, [one[::-1].copy()]))


def test_without_places_the_order_would_not_matter():
    module, one = make(), sequences()[0]
    module.places.vectors.zero_()

    torch.testing.assert_close(answers(module, [one]), answers(module, [one[::-1].copy()]))


def test_places_are_the_papers_waves():
    found = waves(50, 16)

    for place, i in ((0, 0), (7, 0), (7, 3), (49, 7)):
        angle = place / 10000 ** (2 * i / 16)
        assert found[place, 2 * i] == pytest.approx(math.sin(angle), abs=1e-5)
        assert found[place, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-5)


def test_an_odd_width_has_one_cosine_less():
    torch.testing.assert_close(waves(5, 7)[:, :2], waves(5, 7 + 1)[:, :2])
    assert waves(5, 7).shape == (5, 7)


def test_layers_begin_differently():
    one, other = make().layers

    assert not torch.equal(one.linear1.weight, other.linear1.weight)


def test_values_come_as_one_dimension():
    assert answers(make(n_outputs=0), sequences()).shape == (5,)


def test_an_empty_sequence_has_a_finite_answer():
    for variant in VARIANTS:
        X = torch.full((2, SHAPE.n_columns), torch.nan)

        assert make(*variant)(X).isfinite().all()


@pytest.mark.parametrize(("positions", "summary", "first"), VARIANTS)
def test_every_weight_gets_a_gradient(positions, summary, first):
    module = make(positions, summary, first).train()

    module(torch.from_numpy(padded(sequences()))).square().sum().backward()

    assert all(weight.grad.abs().sum() > 0 for weight in module.parameters())
