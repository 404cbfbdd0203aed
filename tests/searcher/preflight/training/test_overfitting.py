import numpy as np
import pytest

from searcher.preflight.training.overfitting import MOST_STEPS, N_ROWS, few_rows, learn_by_heart
from tests.searcher.checks.cases import dataset
from tests.searcher.preflight.training import broken
from tests.searcher.preflight.training.broken import ROWS, VALUES, subject


@pytest.mark.parametrize("rows", [ROWS, VALUES])
def test_a_sound_network_learns_few_rows_by_heart(rows) -> None:
    learnt = learn_by_heart(subject(rows=rows))

    assert learnt is not None
    assert learnt.problem is None
    assert 0 < learnt.steps < 3 * MOST_STEPS


def test_a_network_that_can_not_is_named() -> None:
    learnt = learn_by_heart(subject(broken.Bounded))

    assert learnt is not None
    assert learnt.steps == 3 * MOST_STEPS
    assert learnt.problem is not None
    assert learnt.problem.startswith("it can't learn 16 rows by heart: after 100 steps the loss is")


def test_the_rows_are_different_and_of_all_classes_alike() -> None:
    X = np.repeat(np.arange(200.0), 3)
    y = np.where(X < 6, 1, 0)

    found = few_rows(subject(rows=dataset({"a": X, "b": X, "c": X}, y.astype(np.int64))))

    assert len(np.unique(found.X.numpy(), axis=0)) == len(found) == N_ROWS
    assert np.bincount(found.y.numpy())[1] >= 4


def test_where_there_is_nothing_to_tell_apart_nothing_is_said() -> None:
    columns = dict.fromkeys("abc", np.zeros(100))
    it = subject(rows=dataset(columns, np.arange(100) % 2))

    assert learn_by_heart(it) is None
