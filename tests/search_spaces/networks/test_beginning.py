import pickle
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from search_spaces.networks.beginning import Adaptive, seeded

X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def make(features, *, width):
    return nn.Linear(features.shape[1], width)


def adapted(seed=1, width=2):
    module = Adaptive(partial(make, width=width), seed=seed)
    module.adapt(X)
    return module


def weights(module):
    return [parameter.detach().numpy() for parameter in module.parameters()]


def test_drawing_leaves_the_global_generator_where_it_was():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()

    with seeded(7):
        torch.rand(3)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_global_generator_has_no_say():
    torch.manual_seed(5)
    first = adapted()
    torch.manual_seed(6)

    for one, other in zip(weights(first), weights(adapted()), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**63])
def test_the_seed_decides(seed):
    one, same, other = adapted(seed), adapted(seed), adapted(seed=12)

    np.testing.assert_array_equal(weights(one)[0], weights(same)[0])
    assert not np.array_equal(weights(one)[0], weights(other)[0])


def test_a_module_is_made_for_the_features_that_it_sees():
    assert adapted()(torch.from_numpy(X)).shape == (6, 2)


def test_adapting_again_begins_again():
    module = adapted()
    begun = weights(module)[0].copy()
    with torch.no_grad():
        next(module.parameters()).zero_()

    module.adapt(X)

    np.testing.assert_array_equal(weights(module)[0], begun)


def test_features_must_be_seen_first():
    with pytest.raises(RuntimeError, match=r"call adapt\(X\) first"):
        Adaptive(partial(make, width=2), seed=0)(torch.from_numpy(X))


@pytest.mark.parametrize("is_adapted", [False, True])
def test_a_module_travels(is_adapted):
    module = adapted() if is_adapted else Adaptive(partial(make, width=2), seed=1)

    arrived = pickle.loads(pickle.dumps(module))  # noqa: S301 - our own bytes

    if not is_adapted:
        arrived.adapt(X)
    np.testing.assert_array_equal(weights(arrived)[0], weights(adapted())[0])


def test_adapting_keeps_the_mode():
    module = Adaptive(partial(make, width=2), seed=1).eval()

    module.adapt(X)

    assert not module.body.training
