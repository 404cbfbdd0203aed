"""Whether a network can learn a few rows by heart: if not these, then none."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from searcher.preflight.training.subject import CPU, Subject, drawing
from searcher.training.batches import Batch, Rows, Step
from searcher.training.learner import Learner
from searcher.training.ranks import Ranks

N_ROWS = 16
MOST_STEPS = 100
ENOUGH = 0.25
"""Share of the loss of the best constant answer that must be reached (ours)."""

RATES = (1.0, 10.0, 0.1)
"""Times the configuration's learning rate: what is tried in turn."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """How a few rows were learnt."""

    n_rows: int
    loss: float  # plain, the least that was seen
    constant: float  # plain, of the best constant answer
    steps: int  # of all rates together

    @property
    def problem(self) -> str | None:
        """What is wrong, if they were not learnt by heart."""
        if self.loss <= ENOUGH * self.constant:
            return None
        return (
            f"it can't learn {self.n_rows} rows by heart: after {MOST_STEPS} steps the loss is "
            f"{self.loss:.3g} at best, and that of a constant is {self.constant:.3g}"
        )


def learn_by_heart(subject: Subject) -> Learnt | None:
    """Train on a few rows without dropout and decay, by Adam, at up to three learning rates.

    None if there are no two different rows with different answers.
    """
    rows = few_rows(subject)
    constant = _constant_loss(subject, rows)
    if not constant:
        return None
    best, steps = np.inf, 0
    for factor in RATES:
        for loss in _losses(subject, rows, subject.settings.learning_rate * factor):
            best, steps = min(best, loss), steps + 1
            if best <= ENOUGH * constant:
                return Learnt(len(rows), best, constant, steps)
    return Learnt(len(rows), best, constant, steps)


def few_rows(subject: Subject) -> Rows:
    """Take rows with different features, of each class as many as can be."""
    X = np.nan_to_num(subject.rows.X.numpy(), nan=np.inf)
    _, different = np.unique(X, axis=0, return_index=True)
    different = np.sort(different)
    if not subject.n_classes:
        return subject.part(torch.from_numpy(different[:N_ROWS]))
    y = subject.rows.y.numpy()[different]
    place = np.zeros(len(y), dtype=np.int64)  # of a row among those of its class
    for code in np.unique(y):
        place[y == code] = np.arange((y == code).sum())
    return subject.part(torch.from_numpy(different[np.argsort(place, kind="stable")][:N_ROWS]))


def _constant_loss(subject: Subject, rows: Rows) -> float:
    """Return the entropy of the classes, or the variance of the values."""
    if not subject.n_classes:
        return float(rows.y.var(correction=0)) if len(rows) else 0.0
    shares = np.bincount(rows.y.numpy()) / max(len(rows), 1)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def _losses(subject: Subject, rows: Rows, rate: float) -> Iterator[float]:
    module = subject.fresh()
    _switch_off_dropout(module)
    learner = Learner(
        module,
        replace(subject.settings, optimizer="adam", weight_decay=0.0),
        n_classes=subject.n_classes,
        ranks=Ranks(0, 1),
        device=CPU,
    )
    step = Step([Batch(rows.X, ((rows.y, rows.weight),))], rows.weight.double().sum())
    learner.begin()
    for _ in range(MOST_STEPS):
        with drawing(subject.seed):
            learner.take(step, rate)
            with torch.no_grad():
                loss = subject.plain_loss(module(rows.X), rows)
        if not np.isfinite(loss):
            return
        yield loss


def _switch_off_dropout(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, _DropoutNd):
            part.p = 0.0
        elif isinstance(part, nn.MultiheadAttention | nn.RNNBase):
            part.dropout = 0.0
