"""Which rows make a step, in which order, and which of them are a rank's.

The batches of an epoch follow from the seed and the epoch alone: how many ranks share them, where
a training was saved and what trained before have no say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search_spaces.networks import TrainingSettings
from searcher.errors import TrialError
from searcher.training.alterations import Alterations, View
from searcher.training.losses import Weighted
from searcher.training.ranks import Ranks
from searcher.training.targets import Targets


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows on the device that trains."""

    X: Tensor  # float32 (n, n_features)
    y: Tensor  # (n,), coded
    weight: Tensor  # float32 (n,)

    @classmethod
    def of(cls, X: NDArray[Any], y: NDArray[Any], targets: Targets, device: torch.device) -> Self:
        """Copy features (n, n_features) and class codes or values (n,) there."""
        features = torch.tensor(np.asarray(X, dtype=np.float32))
        coded = targets.code(y), targets.weigh(y)
        return cls(features.to(device), *(part.to(device) for part in coded))

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A rank's share of a global batch."""

    X: Tensor  # float32 (n, n_features)
    targets: tuple[Weighted, ...]  # one, or two where rows are mixed


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one change of the weights is made from."""

    batches: list[Batch]
    weight: Tensor  # of all rows, over all batches and ranks; a scalar, float64


class Batches:
    """The steps of an epoch.

    The rows are cut into steps, and the steps into batches, as evenly as can be: no batch is
    larger than asked for, and none is a remnant of a row or two, which batch normalisation could
    not take.

    Raises
    ------
    TrialError
        If a batch would have fewer rows than there are ranks.
    """

    def __init__(
        self,
        rows: Rows,
        settings: TrainingSettings,
        alterations: Alterations,
        *,
        seed: int,
        ranks: Ranks,
    ) -> None:
        self._rows, self._alterations, self._seed, self._ranks = rows, alterations, seed, ranks
        self._size, self._accumulate = settings.batch_size, settings.accumulate
        self._refuse_too_small()

    @property
    def n_rows(self) -> int:
        """Of an epoch, over all ranks."""
        return len(self._rows)

    @property
    def weight(self) -> Tensor:
        """Of all rows; a scalar, float64."""
        return self._rows.weight.double().sum()

    @property
    def n_steps(self) -> int:
        """Of an epoch."""
        return _parts(len(self._rows), self._size * self._accumulate)

    def _refuse_too_small(self) -> None:
        sizes = [len(batch) for step in self._cut(np.arange(len(self._rows))) for batch in step]
        if min(sizes, default=0) < self._ranks.world:
            raise TrialError(
                f"{len(self._rows)} training rows in batches of {self._size} leave a batch of "
                f"{min(sizes, default=0)}: fewer than one for each of {self._ranks.world} ranks"
            )

    def _cut(self, order: NDArray[np.int64]) -> Iterator[list[NDArray[np.int64]]]:
        for step in np.array_split(order, max(self.n_steps, 1)):
            yield np.array_split(step, max(_parts(len(step), self._size), 1))

    def _order(self, epoch: int) -> tuple[NDArray[np.int64], np.random.Generator]:
        rng = np.random.default_rng([self._seed, epoch])
        return rng.permutation(len(self._rows)), rng

    def of_epoch(self, epoch: int) -> Iterator[Step]:
        """Yield the steps of an epoch, in another order each time."""
        order, rng = self._order(epoch)
        for parts in self._cut(order):
            rows = torch.from_numpy(np.concatenate(parts))
            weight = self._rows.weight[rows].double().sum()
            yield Step([self._batch(part, rng) for part in parts], weight)

    def _batch(self, part: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        # What is drawn is drawn for the whole batch: each rank draws the same.
        view = self._alterations.draw(len(part), rng)
        mine = self._ranks.share(np.arange(len(part)))
        X = self._seen(part, mine, view)
        y, weight = self._wanted(part[mine])
        if view.partner is None:
            return Batch(X, ((y, weight),))
        others = view.partner[mine]
        mixed = self._alterations.mix(X, self._seen(part, others, view), view, mine)
        other_y, other_weight = self._wanted(part[others])
        share = view.share
        return Batch(mixed, ((y, weight * share), (other_y, other_weight * (1 - share))))

    def _seen(self, part: NDArray[np.int64], which: NDArray[np.int64], view: View) -> Tensor:
        return self._alterations.move(self._rows.X[torch.from_numpy(part[which])], view, which)

    def _wanted(self, rows: NDArray[np.int64]) -> Weighted:
        found = torch.from_numpy(rows)
        return self._rows.y[found], self._rows.weight[found]

    def plain(self, epoch: int) -> Iterator[Tensor]:
        """Yield an epoch's features as they are, in a rank's shares of the batches."""
        for parts in self._cut(self._order(epoch)[0]):
            for part in parts:
                yield self._rows.X[torch.from_numpy(self._ranks.share(part))]


def _parts(n_rows: int, size: int) -> int:
    return -(-n_rows // size)
