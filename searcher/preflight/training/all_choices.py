"""Which choices of a search's networks can be trained: each is put through four checks."""

import math
import time
from collections.abc import Sequence
from typing import Any

from searcher.candidates import Candidate
from searcher.preflight.alarm import TooSlowError, at_most
from searcher.preflight.choices import Choice, training_choices
from searcher.preflight.sample import Sample
from searcher.preflight.steps import OnStep, Steps
from searcher.preflight.trained import Trained
from searcher.preflight.training.beginning import check_beginning, first_loss
from searcher.preflight.training.gradients import check_gradients
from searcher.preflight.training.modes import check_modes
from searcher.preflight.training.overfitting import learn_by_heart
from searcher.preflight.training.subject import Subject, one_thread

LIMIT_S = 60.0
EACH_S = 10.0


def try_trainings(
    candidates: Sequence[Candidate],
    sample: Sample,
    *,
    limit_s: float = LIMIT_S,
    each_s: float = EACH_S,
    on_step: OnStep | None = None,
) -> tuple[Trained, ...]:
    """Check every choice that a network's module or loss is made of, the defaults first.

    Parameters
    ----------
    candidates
        Families that build networks.
    limit_s
        When so many seconds of CPU are spent, what is left is "not tried".
    each_s
        The same for one choice; in the main thread only.
    on_step
        Told each choice before it is tried.
    """
    choices = [(c, choice) for c in candidates for choice in training_choices(c)]
    choices.sort(key=lambda pair: pair[1].parameter is not None)
    until, found = time.process_time() + limit_s, []
    steps = Steps("training", len(choices), on_step)
    with one_thread():
        for candidate, choice in choices:
            steps.begin(choice.name)
            outcome = _try(choice, sample, until=until, each_s=each_s)
            default = candidate.default.get(choice.parameter or "")
            where = choice.path, choice.reference, choice.parameter
            found.append(Trained(*where, choice.value, default, **outcome))
    return tuple(found)


def check(subject: Subject) -> dict[str, Any]:
    """Put a network through the checks, until one of them has something to say."""
    loss, expected = first_loss(subject)
    found: dict[str, Any] = {"loss": loss if math.isfinite(loss) else None, "expected": expected}
    problems = list(check_beginning(subject, loss, expected))
    for one in (check_gradients, check_modes):
        problems = problems or list(one(subject))
    learnt = None if problems else learn_by_heart(subject)
    if learnt is not None:
        found["steps"] = learnt.steps
        problems += [learnt.problem] if learnt.problem else []
    reason = "; ".join(problems)
    return found | ({"outcome": "failed", "reason": reason} if reason else {"outcome": "passed"})


def _try(choice: Choice, sample: Sample, *, until: float, each_s: float) -> dict[str, Any]:
    started, left_s = time.perf_counter(), until - time.process_time()
    if left_s <= 0:
        return {"outcome": "not tried", "reason": "no time was left"}
    try:
        with at_most(min(left_s, each_s)):
            found = check(Subject.of(choice.family, choice.configuration, sample))
    except TooSlowError as error:
        found = {"outcome": "not tried", "reason": str(error)}
    except Exception as error:  # noqa: BLE001 - as in a trial: a module may raise anything
        found = {"outcome": "not built", "reason": f"{type(error).__name__}: {error}"}
    return found | {"seconds": time.perf_counter() - started}
