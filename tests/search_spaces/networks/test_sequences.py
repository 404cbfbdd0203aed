import numpy as np
import pytest
import torch

from search_spaces.columns import Shape
from search_spaces.networks.sequences import Steps, are_steps, backwards, last_step, pooled
from tests.search_spaces.networks.sequences import LENGTHS, SHAPE, STEPS, padded, sequences

NAN = np.nan


def lengths_of(rows, channels=1):
    X = torch.tensor(rows, dtype=torch.float32)
    return Steps(Shape("sequence", (X.shape[1] // channels, channels)))(X)[1].tolist()


def steps_of(found):
    return Steps(SHAPE)(torch.from_numpy(padded(found)))


def test_a_sequence_ends_with_its_last_value():
    assert lengths_of([[1, 2, 3], [1, 2, NAN], [1, NAN, NAN]]) == [3, 2, 1]


def test_a_gap_before_the_end_is_no_end():
    assert lengths_of([[1, NAN, 3, NAN], [NAN, NAN, 3, NAN]]) == [3, 3]


def test_a_step_with_any_channel_is_a_step():
    assert lengths_of([[1, 1, NAN, 5, NAN, NAN]], channels=2) == [2]


def test_a_sequence_without_any_value_is_one_step_of_means():
    values, lengths = steps_of([np.empty((0, 2), dtype=np.float32)])

    assert lengths.tolist() == [1]
    assert values.abs().max() == 0


def test_padding_and_gaps_are_means():
    steps = Steps(Shape("sequence", (3, 1)))
    steps.learn(np.array([[1.0, 3.0, NAN]], dtype=np.float32))

    values, _ = steps(torch.tensor([[1.0, NAN, 3.0], [1.0, NAN, NAN]]))

    assert values[..., 0].tolist() == [[-1, 0, 1], [-1, 0, 0]]


def test_padding_is_marked():
    values, lengths = steps_of(sequences())

    assert are_steps(values, lengths).sum(dim=1).tolist() == list(LENGTHS)
    assert are_steps(values, lengths)[:, 0].all()


def test_the_last_step_is_each_sequences_own():
    found = sequences()
    values, lengths = steps_of(found)

    np.testing.assert_array_equal(last_step(values, lengths), [one[-1] for one in found])


def test_a_sequence_is_turned_round_within_its_length():
    found = sequences()
    values, lengths = steps_of(found)

    turned = backwards(values, lengths)

    for row, one in zip(turned, found, strict=True):
        np.testing.assert_array_equal(row[: len(one)], one[::-1])
        assert row[len(one) :].abs().sum() == 0
    torch.testing.assert_close(backwards(turned, lengths), values, rtol=0, atol=0)


@pytest.mark.parametrize(("kind", "numpys"), [("mean", np.mean), ("max", np.max)])
def test_pooling_leaves_padding_out(kind, numpys):
    found = sequences()
    values, lengths = steps_of(found)
    behind = ~are_steps(values, lengths)
    values[behind] = 99.0

    kept = pooled(values, lengths, kind)

    expected = [numpys(one, axis=0) for one in found]
    np.testing.assert_allclose(kept, expected, rtol=1e-6, atol=1e-6)
    assert behind.sum() == len(found) * STEPS - sum(LENGTHS)
