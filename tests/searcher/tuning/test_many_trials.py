"""What the driver does for a trial, and keeps of it, does not grow with the trials before it."""

from typing import Any

from ray.tune.experiment import Trial

from searcher.tuning.recorder import Recorder
from searcher.tuning.scheduler import NestedScheduler


class Controller:
    """Counts how often it is asked for all trials."""

    asked = 0

    def get_trials(self) -> list[Trial]:
        self.asked += 1
        return []


def scheduler_of(trials: list[Trial]) -> NestedScheduler:
    scheduler = NestedScheduler({}, record=lambda record: None)
    for trial in trials:
        scheduler.on_trial_add(None, trial)
    return scheduler


def test_the_first_trial_that_waits_is_next() -> None:
    first, second, third = trials = [Trial("actor", stub=True) for _ in range(3)]
    scheduler, chosen = scheduler_of(trials), []

    for running in (None, first, third, second):
        if running is not None:
            running.set_status(Trial.RUNNING)
        chosen.append(scheduler.choose_trial_to_run(Controller()))

    assert chosen == [first, second, second, None]


def test_trials_that_have_ended_are_not_looked_at_again() -> None:
    controller, trials = Controller(), [Trial("actor", stub=True) for _ in range(50)]
    scheduler = scheduler_of(trials)
    for trial in trials[:-1]:
        trial.set_status(Trial.TERMINATED)

    assert scheduler.choose_trial_to_run(controller) is trials[-1]
    assert list(scheduler._added) == trials[-1:]
    assert controller.asked == 0


def test_nothing_is_kept_of_the_numbers_of_a_trial_that_has_ended() -> None:
    trial: Any = Trial("actor", stub=True, config={"trial_id": "s.0.1"})
    trial.update_last_result({"score": 0.5, "fold": {"fit_s": 0.1}})
    assert set(trial.metric_analysis) == {"score", "fold/fit_s"}

    Recorder(print, inner={}).on_trial_complete(1, [trial], trial)

    assert trial.metric_analysis == trial.metric_n_steps == {}
