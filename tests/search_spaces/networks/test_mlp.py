import itertools

import pytest
import torch
from torch import nn

from search_spaces.networks.beginning import seeded
from search_spaces.networks.blocks import ACTIVATIONS, NORMALISATIONS
from search_spaces.networks.mlp import MLP, Front, embedding_sizes
from tests.search_spaces.networks.rows import INPUTS, NO_CODES, ONLY_CODES, exported, rows

BASE = {
    "n_outputs": 3,
    "depth": 2,
    "width": 12,
    "normalise": "none",
    "activate": "relu",
    "dropout": 0.0,
}


def make_front(X, inputs=INPUTS, bins=0):
    return Front(X, inputs, embedding_size=50, bins=bins, token_size=4)


def make(X, *, inputs=INPUTS, bins=0, **changes):
    with seeded(0):
        return MLP(make_front(X, inputs, bins), **{**BASE, **changes})


@pytest.mark.parametrize(
    ("inputs", "bins", "width"),
    [
        (INPUTS, 0, 3 + 4 + 3 + 2),  # vectors of 3 and 4, quantities, others
        (INPUTS, 8, 3 + 4 + 3 * 4 + 2),
        (NO_CODES, 0, 3 + 2),
        (NO_CODES, 8, 3 * 4 + 2),
        (ONLY_CODES, 8, 3 + 4 + 2),
    ],
)
def test_the_front_is_as_wide_as_it_says(inputs, bins, width):
    X = rows(inputs=inputs)

    front = make_front(X, inputs, bins)

    assert front.width == width
    assert front(X).shape == (len(X), width)


def test_the_front_keeps_what_it_does_not_know():
    X = rows()

    torch.testing.assert_close(make_front(X, bins=8)(X)[:, -2:], X[:, -2:])
    torch.testing.assert_close(make_front(X)(X)[:, -5:], X[:, -5:])


def test_vectors_are_as_long_as_fastai_makes_them():
    # counts and sizes of adult in fastai's documentation of get_emb_sz (2.7, tabular.model)
    assert embedding_sizes((10, 17, 8, 16, 7, 6, 3), 600) == (6, 8, 5, 8, 5, 4, 3)
    assert embedding_sizes((1, 250), 20) == (2, 20)


def test_a_plain_network_is_pytorchs_layers_in_order():
    X = rows()
    module = make(X, normalise="layer", activate="gelu").eval()
    one, norm, _, _, two, other, *_, head = module.layers

    hidden = nn.functional.gelu(norm(one(module.front(X))))
    expected = head(nn.functional.gelu(other(two(hidden))))

    torch.testing.assert_close(module(X), expected)


def test_a_block_adds_what_came_in():
    X = rows()
    module = make(X, depth=1, normalise="batch", hidden_factor=1.5).eval()
    first, block, norm, _, head = module.layers
    _, widen, _, _, narrow = block.inner
    with torch.no_grad():
        narrow.weight.zero_()
        narrow.bias.fill_(0.5)

    expected = head(norm(first(module.front(X)) + 0.5).relu())

    assert widen.out_features == 18
    torch.testing.assert_close(module(X), expected)


@pytest.mark.parametrize("n_outputs", [0, 2, 5])
def test_outputs_are_logits_or_values(n_outputs):
    X = rows()

    outputs = make(X, n_outputs=n_outputs)(X)

    assert outputs.shape == ((len(X), n_outputs) if n_outputs else (len(X),))


CHOICES = {
    "hidden_factor": (None, 2.0),
    "normalise": tuple(NORMALISATIONS),
    "activate": tuple(ACTIVATIONS),
    "bins": (0, 6),
}


@pytest.mark.parametrize("chosen", list(itertools.product(*CHOICES.values())))
def test_every_choice_trains_every_weight(chosen):
    X = rows()
    module = make(X, **dict(zip(CHOICES, chosen, strict=True)))

    module(X).square().sum().backward()

    for name, parameter in module.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_dropout_is_for_training():
    X = rows()
    module = make(X, dropout=0.5)

    assert not torch.equal(module(X), module(X))
    module.eval()
    assert torch.equal(module(X), module(X))


@pytest.mark.parametrize(
    ("inputs", "others", "changes"),
    [
        (INPUTS, 2, {"bins": 6, "normalise": "layer", "activate": "gelu"}),
        (NO_CODES, 0, {"hidden_factor": 2.0, "normalise": "batch", "activate": "silu"}),
        (ONLY_CODES, 0, {"n_outputs": 0}),
    ],
)
def test_what_torch_exports_computes_the_same_for_any_number_of_rows(inputs, others, changes):
    X = rows(inputs=inputs, others=others)
    module = make(X, inputs=inputs, **changes)

    program = exported(module, X)

    for n in (1, 7, 40):
        torch.testing.assert_close(program(X[:n]), module(X[:n]), rtol=0, atol=1e-6)
