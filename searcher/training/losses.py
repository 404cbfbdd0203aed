"""What is minimised: weighted sums of the losses of rows, so that shares of a batch add up."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torch.nn import functional

from search_spaces.networks import TrainingSettings
from searcher.errors import TrialError

SURE = 1e-8  # doubt below which a row is as good as certain: the power has no slope at 0

OfRows = Callable[[Tensor, Tensor], Tensor]
"""From outputs and coded targets (n,) to losses (n,)."""

Weighted = tuple[Tensor, Tensor]
"""Coded targets (n,) and what they count (n,)."""


def make_loss(settings: TrainingSettings, n_classes: int) -> OfRows:
    """Choose the losses of rows that the settings ask for.

    Raises
    ------
    TrialError
        If the loss is for classes and the targets are values, or the other way round.
    """
    gamma = {"cross_entropy": 0.0, "focal": settings.focal_gamma}
    if (settings.loss in gamma) is not bool(n_classes):
        kind = f"{n_classes} classes" if n_classes else "values"
        raise TrialError(f"loss {settings.loss!r} is not for {kind}")
    if not n_classes:
        return OF_VALUES[settings.loss]
    smoothing, focus = settings.label_smoothing, gamma[settings.loss]

    def of_classes(outputs: Tensor, codes: Tensor) -> Tensor:
        return focal(outputs, codes, smoothing=smoothing, gamma=focus)

    return of_classes


def focal(logits: Tensor, codes: Tensor, *, smoothing: float, gamma: float) -> Tensor:
    """Compute the cross-entropy that looks away from what is easy, shape (n,).

    Lin et al. 2017 (arXiv:1708.02002), eq. 4, for several classes; ``gamma`` 0 is the plain one.
    ``smoothing`` spreads a share of the wanted probability evenly over all classes (Szegedy et al.
    2016, arXiv:1512.00567), as in ``torch.nn.CrossEntropyLoss``.
    """
    log_p = functional.log_softmax(logits, dim=1)
    wanted = functional.one_hot(codes, logits.shape[1]).to(log_p.dtype)
    wanted = wanted * (1 - smoothing) + smoothing / logits.shape[1]
    if gamma:
        wanted = wanted * (-log_p.expm1()).clamp(min=SURE) ** gamma
    return -(wanted * log_p).sum(dim=1)


def _squared(outputs: Tensor, y: Tensor) -> Tensor:
    return functional.mse_loss(outputs, y, reduction="none")


def _absolute(outputs: Tensor, y: Tensor) -> Tensor:
    return functional.l1_loss(outputs, y, reduction="none")


def _huber(outputs: Tensor, y: Tensor) -> Tensor:
    """Huber 1964 (doi:10.1214/aoms/1177703732); it bends one standard deviation off."""
    return functional.huber_loss(outputs, y, reduction="none", delta=1.0)


OF_VALUES: dict[str, OfRows] = {"mse": _squared, "l1": _absolute, "huber": _huber}


def total(loss: OfRows, outputs: Tensor, targets: Sequence[Weighted], n_classes: int) -> Tensor:
    """Add up the weighted losses of rows, in float32; a row may have several targets.

    Raises
    ------
    TrialError
        If the outputs have another shape than (n, n_classes), or (n,) for values.
    """
    wanted = (len(targets[0][0]), n_classes) if n_classes else (len(targets[0][0]),)
    if outputs.shape != wanted:
        raise TrialError(f"the network's outputs have shape {tuple(outputs.shape)}, not {wanted}")
    outputs = outputs.float()
    sums = [(weight * loss(outputs, y)).sum() for y, weight in targets]
    return sums[0] if len(sums) == 1 else sums[0] + sums[1]
