import itertools

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.columns import Shape
from search_spaces.networks.beginning import seeded
from search_spaces.networks.images import CNN, WIDEST

SHAPE = Shape("image", (2, 9, 12))
BASE = {
    "n_outputs": 3,
    "blocks": 2,
    "channels": 6,
    "kernel": 3,
    "convolutions": 2,
    "normalise": "batch",
    "activate": "relu",
    "pooling": "max",
    "residual": False,
    "head": "flatten",
    "dropout": 0.0,
}


def make(shape=SHAPE, **changes):
    with seeded(1):
        return CNN(shape, **(BASE | changes))


def images(n=8, shape=SHAPE):
    return np.random.default_rng(0).normal(3, 2, size=(n, shape.n_columns)).astype(np.float32)


def test_a_plain_network_is_pytorchs_layers_in_order():
    module, X = make().eval(), torch.from_numpy(images())
    first, second = (block.inner for block in module.blocks)
    theirs = nn.Sequential(
        *(*first, nn.ReLU(), nn.MaxPool2d(2)),
        *(*second, nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        module.head,
    )

    torch.testing.assert_close(module(X), theirs(X.reshape(8, 2, 9, 12)))


def test_the_way_around_a_block_is_added():
    module, X = make(residual=True, blocks=1).eval(), torch.from_numpy(images())
    (block,) = module.blocks
    image = X.reshape(8, 2, 9, 12)

    seen = nn.functional.relu(block.inner(image) + block.around(image))

    torch.testing.assert_close(block(image), nn.functional.max_pool2d(seen, 2))


def test_blocks_halve_the_sides_and_double_the_channels():
    module = make(blocks=3)
    widths = [block.inner[0].out_channels for block in module.blocks]

    assert widths == [6, 12, 24]
    assert module.head.in_features == 24 * 1 * 1


def test_channels_stop_doubling():
    widths = [block.inner[0].out_channels for block in make(channels=100, blocks=4).blocks]

    assert widths == [100, 200, WIDEST, WIDEST]


@pytest.mark.parametrize("shape", [(1, 1, 9), (3, 2, 40), (1, 1, 1), (4, 5, 5)])
def test_narrow_images_are_halved_where_they_can_be(shape):
    shape = Shape("image", shape)
    module = make(shape, blocks=4).eval()

    assert module(torch.from_numpy(images(3, shape))).shape == (3, 3)


CHOICES = {
    "kernel": (3, 5),
    "convolutions": (1, 2),
    "normalise": ("batch", "group", "none"),
    "pooling": ("max", "average"),
    "residual": (False, True),
    "head": ("flatten", "average"),
}


@pytest.mark.parametrize("chosen", list(itertools.product(*CHOICES.values())))
def test_every_choice_trains_every_weight(chosen):
    module = make(**dict(zip(CHOICES, chosen, strict=True)), activate="gelu")

    module(torch.from_numpy(images())).square().sum().backward()

    assert all(weight.grad.abs().sum() > 0 for weight in module.parameters())


def test_groups_do_not_look_at_other_rows():
    module, X = make(normalise="group"), torch.from_numpy(images())

    torch.testing.assert_close(module(X)[:1], module(X[:1]), rtol=1e-5, atol=1e-5)


def test_a_missing_pixel_is_a_mean_one():
    X, module = images(), make().eval()
    module.adapt(X)
    gap, mean = X.copy(), X.copy()
    gap[0, 5], mean[0, 5] = np.nan, module.channels.mean[0].item()

    torch.testing.assert_close(module(torch.from_numpy(gap)), module(torch.from_numpy(mean)))


def test_channels_are_standardised_one_by_one():
    X, module = images(), make().eval()
    module.adapt(X)
    before = module(torch.from_numpy(X))

    moved = X.reshape(8, 2, -1) * np.array([[[4.0], [0.5]]], dtype=np.float32)
    module.adapt(moved.reshape(8, -1))

    after = module(torch.from_numpy(moved.reshape(8, -1)))
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def test_values_come_as_one_dimension():
    assert make(n_outputs=0)(torch.from_numpy(images())).shape == (8,)
