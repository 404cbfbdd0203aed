"""Which trials' scores compare with each other, though many were stopped early.

A mean over fewer inner folds is a mean over other rows. But all trials of an inner search see the
same inner folds in the same order, so their means after the same number of folds do compare.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from searcher.report.material import Material
from searcher.report.sampling import completed
from searcher.store import StoredTrial

ENOUGH = 20
"""Trials that a comparison of parameters takes: Optuna's evaluator of importance looks at the best
tenth of them, and one trial is no group."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Trials that were scored on the same inner folds; the dummy is not among them.

    Among trials that count in epochs, or rounds, those with as many of them.
    """

    trials: list[StoredTrial]  # with their mean score over ``resource`` inner folds as the score
    resource: int
    full: int  # units of a trial that is not stopped
    finished: int  # how many trials saw them all

    @property
    def families(self) -> list[str]:
        """Families of the trials, that of the best trial first."""
        ranked = sorted(self.trials, key=lambda trial: -(trial.score or 0.0))
        return list(dict.fromkeys(trial.family for trial in ranked))


def compare(material: Material) -> Compared:
    """Trials of the inner search that is shown, after as many inner folds as enough of them saw.

    Where no number of folds has enough trials, those that finished.
    """
    trials = [trial for trial in material.shown if trial.origin != "dummy"]
    finished = completed(trials)
    full = max((trial.resource for trial in finished), default=0)
    if len(material.units) > 1:  # as many epochs are not as many inner folds
        return Compared(finished, full, full, len(finished))
    for resource in range(full, 0, -1):
        found = finished if resource == full else list(_after(trials, resource, material))
        if len(found) >= ENOUGH:
            return Compared(found, resource, full, len(finished))
    return Compared(finished, full, full, len(finished))


def _after(trials: list[StoredTrial], resource: int, material: Material) -> Iterator[StoredTrial]:
    for trial in trials:
        mean = dict(material.curves.get(trial.trial_id, ())).get(resource)
        if mean is not None and trial.state != "failed":
            yield replace(trial, score=mean, state="completed")
