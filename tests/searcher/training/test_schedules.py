"""Learning rates against PyTorch's schedulers."""

import warnings
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from search_spaces.networks import TrainingSettings
from searcher.training.schedules import Schedule

EPOCHS, STEPS = 8, 5


def rates(schedule: Schedule, n_steps: int = EPOCHS * STEPS) -> list[float]:
    return [schedule.rate(step) for step in range(n_steps)]


def schedule(hold_after: int = EPOCHS, **settings: Any) -> Schedule:
    given = {"learning_rate": 0.4, "epochs": EPOCHS, **settings}
    return Schedule(TrainingSettings(**given), STEPS, hold_after)


def pytorchs(make: Any) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    found = []
    scheduler = make(optimizer)
    for _ in range(EPOCHS * STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step()
    return found


def test_cosine_is_pytorchs() -> None:
    wanted = pytorchs(lambda it: lr_scheduler.CosineAnnealingLR(it, T_max=EPOCHS * STEPS))

    assert rates(schedule(schedule="cosine")) == pytest.approx(wanted)


def test_step_is_pytorchs_with_two_milestones() -> None:
    wanted = pytorchs(lambda it: lr_scheduler.MultiStepLR(it, milestones=[20, 30]))

    assert rates(schedule(schedule="step")) == pytest.approx(wanted)


@pytest.mark.parametrize("warmup", [0.0, 0.2])
def test_one_cycle_is_pytorchs(warmup: float) -> None:
    wanted = pytorchs(
        lambda it: lr_scheduler.OneCycleLR(
            it, max_lr=0.4, total_steps=EPOCHS * STEPS + 1, pct_start=warmup or 0.3
        )
    )
    found = Schedule(
        TrainingSettings(
            learning_rate=0.4, epochs=EPOCHS * STEPS + 1, schedule="one_cycle", warmup=warmup
        ),
        1,
        EPOCHS * STEPS + 1,
    )

    assert rates(found) == pytest.approx(wanted)


def test_warmup_rises_in_a_line_to_the_largest_rate_and_goes_on_from_there() -> None:
    found = rates(schedule(schedule="cosine", warmup=0.25))

    assert found[:10] == pytest.approx([0.4 * (step + 1) / 10 for step in range(10)])
    assert found[10] == pytest.approx(0.4)
    assert found[25] == pytest.approx(0.2)
    assert found == sorted(found[:10]) + sorted(found[10:], reverse=True)


@pytest.mark.parametrize("kind", ["constant", "step", "cosine", "one_cycle", "plateau"])
@pytest.mark.parametrize("warmup", [0.0, 0.5])
def test_a_training_of_a_single_step_has_a_rate(kind: str, warmup: float) -> None:
    only = Schedule(TrainingSettings(epochs=1, schedule=kind, warmup=warmup), 1, 1)

    assert 0 < only.rate(0) <= TrainingSettings().learning_rate


def test_the_rate_stays_where_averaging_begins() -> None:
    found = rates(schedule(hold_after=6, schedule="cosine"))

    assert len(set(found[:31])) == 31
    assert set(found[30:]) == {found[30]}


def test_plateau_drops_as_pytorchs_does() -> None:
    losses = [5.0, 4.0, 4.0, 4.1, 3.99999, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0, 2.0]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    found = Schedule(TrainingSettings(learning_rate=0.4, epochs=20, schedule="plateau"), 1, 20)

    for epoch, loss in enumerate(losses):
        scheduler.step(loss)
        found.see(loss)

        assert found.rate(epoch) == pytest.approx(optimizer.param_groups[0]["lr"])
    assert found.rate(0) < 0.4


def test_a_plateau_is_remembered() -> None:
    one, other = schedule(schedule="plateau"), schedule(schedule="plateau")
    for loss in (1.0, 1.0, 1.0):
        one.see(loss)

    other.load_state(one.state())

    assert other.state() == one.state()
    assert other.rate(0) == pytest.approx(0.04)
