import numpy as np
import torch

from search_spaces.columns import Shape
from search_spaces.networks.channels import FARTHEST, Channels

IMAGE, SEQUENCE = Shape("image", (2, 3, 4)), Shape("sequence", (5, 2))


def rows_of(shape, n=50):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n, *shape.sizes))
    channel = [1, 2, 1, 1] if shape.kind == "image" else [1, 1, 2]
    rows = rows * np.array([3.0, 0.1]).reshape(channel) + np.array([1000.0, -5.0]).reshape(channel)
    return rows.reshape(n, -1).astype(np.float32)


def of_channels(values, shape):
    """Arrange values (n, *sizes) as (channels, others)."""
    return values.movedim(1 if shape.kind == "image" else 2, 0).flatten(1)


def test_each_channel_has_mean_0_and_deviation_1_over_all_its_places():
    for shape in (IMAGE, SEQUENCE):
        X, channels = rows_of(shape), Channels(shape)

        channels.learn(X)
        values, present = channels(torch.from_numpy(X))

        assert values.shape == present.shape == (50, *shape.sizes)
        found = of_channels(values, shape).double()
        torch.testing.assert_close(found.mean(1), torch.zeros(2).double(), atol=1e-3, rtol=0)
        torch.testing.assert_close(
            found.std(1, correction=0), torch.ones(2).double(), rtol=1e-3, atol=0
        )


def test_statistics_are_numpys_without_what_is_missing():
    X = rows_of(SEQUENCE)
    X[::3, 4:] = np.nan

    channels = Channels(SEQUENCE)
    channels.learn(X)

    values = X.reshape(50, 5, 2).astype(np.float64)
    np.testing.assert_allclose(channels.mean, np.nanmean(values, axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(channels.scale, np.nanstd(values, axis=(0, 1)), rtol=1e-6)


def test_what_is_missing_is_a_mean_and_is_told():
    X, channels = rows_of(IMAGE), Channels(IMAGE)
    channels.learn(X)
    X[0, 3] = np.nan

    values, present = channels(torch.from_numpy(X))

    assert values[0, 0, 0, 3] == 0
    assert (~present).nonzero().tolist() == [[0, 0, 0, 3]]


def test_a_constant_channel_and_an_empty_one_stay_finite():
    X = rows_of(SEQUENCE).reshape(50, 5, 2)
    X[..., 0], X[..., 1] = 7, np.nan

    channels = Channels(SEQUENCE)
    channels.learn(X.reshape(50, 10))
    values, _ = channels(torch.from_numpy(X.reshape(50, 10)))

    assert values.abs().max() == 0
    assert channels.scale.tolist() == [1, 1]


def test_what_is_far_out_is_cut_off():
    X, channels = rows_of(IMAGE), Channels(IMAGE)
    channels.learn(X)
    X[0, 0], X[0, 1] = 1e30, -1e30

    values, _ = channels(torch.from_numpy(X))

    assert values[0, 0, 0, :2].tolist() == [FARTHEST, -FARTHEST]


def test_learning_anew_forgets_what_was_learnt_before():
    X, again, once = rows_of(IMAGE), Channels(IMAGE), Channels(IMAGE)
    again.learn(X * 5)

    again.learn(X)
    once.learn(X)

    torch.testing.assert_close(again.state_dict(), once.state_dict(), rtol=0, atol=0)
