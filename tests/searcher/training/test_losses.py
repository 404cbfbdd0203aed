"""Losses against PyTorch's own, and against closed forms."""

import pytest
import torch
from torch.nn import functional

from search_spaces.networks import TrainingSettings
from searcher.errors import TrialError
from searcher.training.losses import focal, make_loss, total

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-40.0, 50.0, 3.0], [1.0, 2.0, 3.0]])
CODES = torch.tensor([0, 2, 1, 0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_pytorchs(smoothing: float) -> None:
    settings = TrainingSettings(loss="cross_entropy", label_smoothing=smoothing)

    found = make_loss(settings, 3)(LOGITS, CODES)

    wanted = functional.cross_entropy(LOGITS, CODES, reduction="none", label_smoothing=smoothing)
    torch.testing.assert_close(found, wanted)


def test_focal_loss_is_that_of_lin_et_al() -> None:
    settings = TrainingSettings(loss="focal", focal_gamma=2.0)

    found = make_loss(settings, 3)(LOGITS, CODES)

    p = LOGITS.double().softmax(dim=1)[torch.arange(4), CODES]
    torch.testing.assert_close(found.double(), -((1 - p) ** 2) * p.log(), rtol=1e-5, atol=1e-7)


def test_focal_loss_of_certain_rows_has_finite_gradients() -> None:
    logits = torch.tensor([[90.0, -90.0], [0.0, 0.0]], requires_grad=True)

    focal(logits, torch.tensor([0, 1]), smoothing=0.0, gamma=0.5).sum().backward()

    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(("loss", "wanted"), [("mse", 9.0), ("l1", 3.0), ("huber", 2.5)])
def test_losses_of_values_have_their_closed_form(loss: str, wanted: float) -> None:
    settings = TrainingSettings(loss=loss)

    found = make_loss(settings, 0)(torch.tensor([4.0, 1.0]), torch.tensor([1.0, 1.0]))

    assert found.tolist() == [wanted, 0.0]


@pytest.mark.parametrize(("loss", "n_classes"), [("mse", 2), ("cross_entropy", 0), ("focal", 0)])
def test_a_loss_for_the_other_task_is_refused(loss: str, n_classes: int) -> None:
    with pytest.raises(TrialError, match=loss):
        make_loss(TrainingSettings(loss=loss), n_classes)


def test_outputs_with_a_dimension_too_many_are_refused() -> None:
    loss = make_loss(TrainingSettings(loss="mse"), 0)
    y, weight = torch.zeros(4), torch.ones(4)

    with pytest.raises(TrialError, match=r"\(4, 1\), not \(4,\)"):
        total(loss, torch.zeros(4, 1), ((y, weight),), 0)


def test_sums_of_shares_are_the_sum_of_the_batch() -> None:
    loss = make_loss(TrainingSettings(), 3)
    weight = torch.tensor([1.0, 0.5, 2.0, 3.0])

    whole = total(loss, LOGITS, ((CODES, weight),), 3)

    shares = [total(loss, LOGITS[i::3], ((CODES[i::3], weight[i::3]),), 3) for i in range(3)]
    torch.testing.assert_close(torch.stack(shares).sum(), whole)
