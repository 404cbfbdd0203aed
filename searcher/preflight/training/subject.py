"""A network as it begins, with the rows that it is tried on."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

import search_spaces.preprocessing as preprocessing_steps
from search_spaces.families.base import Family
from search_spaces.networks import TrainingSettings
from search_spaces.space import Configuration
from searcher.model import to_features
from searcher.preflight.sample import Sample
from searcher.training.batches import Rows
from searcher.training.estimator import threads
from searcher.training.losses import OfRows, make_loss, total
from searcher.training.targets import Targets

CPU = torch.device("cpu")
N_FEW = 64  # rows of one look at a network: enough for a batch normalisation


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An untrained network; it is never changed, see ``fresh``."""

    module: nn.Module
    settings: TrainingSettings
    rows: Rows
    n_classes: int  # 0 for values
    seed: int

    @classmethod
    def of(cls, family: Family, configuration: Configuration, sample: Sample) -> Self:
        """Build what a family makes of a configuration; preprocessing sees the sample's rows alone.

        Whatever a family, its preprocessing or its module raise is raised.
        """
        data = sample.dataset
        taken = np.sort(np.concatenate([sample.rows, sample.held_out]))
        prepare, rest = preprocessing_steps.split(dict(configuration))
        transformer = preprocessing_steps.build(prepare, data.profile, seed=sample.seed)
        matrix = transformer.fit_transform(data.X[taken], data.y[taken])
        X = to_features(matrix, "float32")
        network: Any = family.build(rest, data.profile, seed=sample.seed, cpus=1)
        module, settings = copy.deepcopy(network.module), network.training
        if hasattr(module, "adapt"):
            module.adapt(X)
        n_classes = data.profile.n_classes
        targets = Targets.of(data.y[taken], n_classes, settings.class_weight)
        rows = Rows.of(X, data.y[taken], targets, CPU)
        # What a GPU or a compiler would do is not looked into.
        settings = replace(settings, precision="float32", compile=False)
        return cls(module, settings, rows, n_classes, sample.seed)

    def fresh(self) -> nn.Module:
        """Copy the module as it begins."""
        return copy.deepcopy(self.module)

    @property
    def loss(self) -> OfRows:
        """What is minimised."""
        return make_loss(self.settings, self.n_classes)

    def mean_loss(self, outputs: Tensor, rows: Rows) -> Tensor:
        """Mean of what is minimised, by the weights of the rows; a scalar."""
        summed = total(self.loss, outputs, ((rows.y, rows.weight),), self.n_classes)
        return summed / rows.weight.sum()

    def plain_loss(self, outputs: Tensor, rows: Rows) -> float:
        """Mean cross-entropy, or mean squared error, whatever is minimised."""
        targets = ((rows.y, torch.ones_like(rows.weight)),)
        return float(total(self._plain, outputs, targets, self.n_classes)) / len(rows)

    @property
    def _plain(self) -> OfRows:
        plain = TrainingSettings(loss="cross_entropy" if self.n_classes else "mse")
        return make_loss(plain, self.n_classes)

    @property
    def few(self) -> Rows:
        """Some of the rows, from all over."""
        last = len(self.rows) - 1
        return self.part(torch.linspace(0, last, min(N_FEW, last + 1)).round().long())

    def part(self, which: Tensor) -> Rows:
        """Take some of the rows, by position."""
        return Rows(self.rows.X[which], self.rows.y[which], self.rows.weight[which])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in this thread alone, and go on afterwards as before.

    Networks this small are no work for several, and where other programs have the cores, threads
    that wait for each other take several times as long.
    """
    with threadpool_limits(limits=1), threads(1):
        yield


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Let dropout draw by a seed, and go on afterwards as if nothing had been."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
