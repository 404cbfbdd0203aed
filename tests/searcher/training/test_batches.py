"""Which rows make a step, and whose they are."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.networks import TrainingSettings
from searcher.errors import TrialError
from searcher.training.alterations import Alterations
from searcher.training.batches import Batches, Rows
from searcher.training.ranks import Ranks
from searcher.training.targets import Targets


class Together(Ranks):
    """A rank that needs no process group."""

    def __post_init__(self) -> None:
        pass


def batches(
    n_rows: int, *, size: int, accumulate: int = 1, ranks: Ranks | None = None, mixup: float = 0.0
) -> Batches:
    """Of rows whose only feature, and target, is their number."""
    numbers = np.arange(n_rows, dtype=np.float64)
    targets = Targets(0)
    rows = Rows.of(numbers[:, None], numbers, targets, torch.device("cpu"))
    settings = TrainingSettings(batch_size=size, accumulate=accumulate)
    alterations = Alterations(mixup=mixup)
    return Batches(rows, settings, alterations, seed=5, ranks=ranks or Ranks())


def order(found: Batches, epoch: int) -> list[float]:
    return [
        row
        for step in found.of_epoch(epoch)
        for batch in step.batches
        for row in batch.X[:, 0].tolist()
    ]


@given(st.integers(1, 200), st.integers(1, 64), st.integers(1, 5))
def test_each_row_is_seen_once_an_epoch_in_batches_of_nearly_the_same_size(
    n_rows: int, size: int, accumulate: int
) -> None:
    found = batches(n_rows, size=size, accumulate=accumulate)

    steps = list(found.of_epoch(0))

    assert sorted(order(found, 0)) == list(range(n_rows))
    assert len(steps) == found.n_steps == -(-n_rows // (size * accumulate))
    assert all(len(step.batches) <= accumulate for step in steps)
    sizes = [len(batch.X) for step in steps for batch in step.batches]
    assert size >= max(sizes)
    assert min(sizes) >= min(size, n_rows) // 2


def test_the_order_is_another_in_each_epoch_and_the_same_each_time() -> None:
    one, other = batches(50, size=8), batches(50, size=8)

    assert order(one, 3) == order(other, 3)
    assert order(one, 3) != order(one, 4)


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_the_shares_of_the_ranks_are_the_batch(world: int, mixup: float) -> None:
    alone = batches(54, size=16, accumulate=2, mixup=mixup)
    ranks = [Together(rank, world) for rank in range(world)]
    shared = [batches(54, size=16, accumulate=2, mixup=mixup, ranks=one) for one in ranks]

    for step, *parts in zip(alone.of_epoch(1), *(each.of_epoch(1) for each in shared), strict=True):
        assert all(part.weight == step.weight for part in parts)
        for i, batch in enumerate(step.batches):
            for rank in ranks:
                share = parts[rank.rank].batches[i]
                assert torch.equal(share.X, batch.X[rank.rank :: world])
                for mine, all_of_them in zip(share.targets, batch.targets, strict=True):
                    assert torch.equal(mine[0], all_of_them[0][rank.rank :: world])
                    assert torch.equal(mine[1], all_of_them[1][rank.rank :: world])


def test_the_weight_of_a_step_is_that_of_its_targets_mixed_or_not() -> None:
    for step in batches(40, size=8, accumulate=2, mixup=0.4).of_epoch(0):
        weights = [weight.sum() for batch in step.batches for _, weight in batch.targets]
        assert torch.stack(weights).sum().item() == pytest.approx(step.weight.item())


def test_a_batch_that_does_not_go_round_is_refused() -> None:
    with pytest.raises(TrialError, match="10 training rows in batches of 4 leave a batch of 3"):
        batches(10, size=4, ranks=Together(0, 4))


def test_no_rows_are_refused() -> None:
    with pytest.raises(TrialError, match="0 training rows"):
        batches(0, size=4)
