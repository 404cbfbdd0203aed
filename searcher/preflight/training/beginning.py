"""Whether a network begins knowing nothing: its first loss."""

import math
from collections.abc import Iterator

import torch

from searcher.preflight.training.subject import Subject, drawing

FAR = 2.0
"""How many times the loss of knowing nothing is no longer near it (ours): the families here begin
at 0.99 to 1.15 times."""


def first_loss(subject: Subject) -> tuple[float, float]:
    """Return the loss before training, and that of a network that knows nothing.

    Cross-entropy and ln(n_classes); or the mean squared error and the mean square of the values,
    which are standardised. In training mode: batch normalisation has seen nothing yet.
    """
    module, rows = subject.fresh().train(), subject.few
    with torch.no_grad(), drawing(subject.seed):
        outputs = module(rows.X)
        loss = subject.plain_loss(outputs, rows)
        return loss, subject.plain_loss(torch.zeros_like(outputs), rows)


def check_beginning(subject: Subject, loss: float, nothing: float) -> Iterator[str]:
    """Say what is wrong with the loss before training, given that of knowing nothing."""
    what = f"ln {subject.n_classes}" if subject.n_classes else "the target's variance"
    if not math.isfinite(loss):
        yield f"its loss before training is {loss}"
    elif not nothing / FAR <= loss <= nothing * FAR:
        yield (
            f"its loss before training is {loss:.3g}, not near {nothing:.3g} ({what}), "
            "which is that of knowing nothing"
        )
