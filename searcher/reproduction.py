"""Whether a stored trial comes out the same when it is run once more."""

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from searcher.candidates import references
from searcher.differences import Difference, differences
from searcher.environment import describe_environment
from searcher.errors import SpecError
from searcher.evaluation import FoldResult
from searcher.plan import plan_again
from searcher.records import Fold, FoldScore
from searcher.rerun import DIED, Failed, Rerun, rerun
from searcher.store import DEFAULT_URL, Store, StoredSearch, StoredTrial

TOLERANCE = 1e-6
"""Largest difference of a score, as a share of it where it is larger than 1, that counts as
rounding: sums in another order move a score by some 1e-15, a row that is predicted otherwise moves
an accuracy by one over the rows."""

TOO_LONG = "took longer than budget.trial_time_s"

Agreement = Literal["bit-equal", "within tolerance", "different"]
ENVIRONMENT = ("python", "platform", "machine", "versions", "git_commit")


@dataclass(frozen=True, slots=True)
class ScoreAgain:
    """One metric on one inner fold, then and now."""

    inner_fold: int
    metric: str
    stored: float | None  # None: the trial has no such score, or it was not finite
    again: float | None  # None: this time there is none
    agreement: Agreement

    @property
    def difference(self) -> float | None:
        """Now minus then."""
        if self.stored is None or self.again is None:
            return None
        return self.again - self.stored


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A stored trial beside the same trial, run again."""

    trial: StoredTrial
    agreement: Agreement  # of all scores, and of how it ended
    tolerance: float
    scores: tuple[ScoreAgain, ...]  # in the order of the inner folds, the optimised metric first
    stored_failure: str | None  # why the trial failed, if it did
    failure_again: str | None  # why it fails now, if it does
    same_failure: bool | None  # None where neither failed
    environment: tuple[Difference, ...]  # a: then, b: now
    seconds: float

    @property
    def different(self) -> tuple[ScoreAgain, ...]:
        """Where it is not the same."""
        return tuple(score for score in self.scores if score.agreement == "different")


def reproduce(
    trial_id: str, *, store: str = DEFAULT_URL, tolerance: float = TOLERANCE
) -> Reproduction:
    """Run a stored trial again and compare every score of every inner fold.

    Same rows (their fingerprint is checked), same inner folds (those that the store has), same
    configuration and seeds, and as many threads as the trial had, in a process of its own: it may
    crash, as a trial may. Nothing is written. A stopped trial is run as far as it had come; a
    failed one until it fails, or to its end.

    Parameters
    ----------
    trial_id
        Whole id of the trial.
    tolerance
        Largest |again - stored| / max(1, |stored|) that is "within tolerance".

    Raises
    ------
    NotFoundError
        If there is no such trial.
    SpecError
        If it has neither a score nor a failure yet; there is nothing to compare.
    DataError
        If the rows are gone, or are not those that the search saw.
    """
    with Store(store) as opened:
        trial = opened.trial(trial_id)
        found = opened.search(trial.search_id)
        stored = opened.trial_history(trial_id).folds
        folds = [fold for fold in opened.folds(trial.search_id) if _is_inner(fold, trial)]
        changed = [one for one in opened.lineage(trial.search_id) if one.trial_id == trial_id]
    if changed:
        raise SpecError(
            f"trial {trial_id} was trained by {len(changed) + 1} configurations, one after the "
            f"other; `searcher export {trial.search_id} --trial {trial_id}` replays them"
        )
    if trial.state != "failed":
        folds = [fold for fold in folds if fold.inner_fold in {s.inner_fold for s in stored}]
    if not folds:
        raise SpecError(f"trial {trial_id} is {trial.state} and has no score to compare with")
    started = time.perf_counter()
    results, failed = rerun(_work(found, trial, folds))
    scores = tuple(_compare(stored, results, found.metric, tolerance))
    same_failure = _same_failure(trial, len(stored), results, failed)
    return Reproduction(
        trial=trial,
        agreement=_agreement(scores, same_failure),
        tolerance=tolerance,
        scores=scores,
        stored_failure=trial.reason if trial.state == "failed" else None,
        failure_again=None if failed is None else failed.reason,
        same_failure=same_failure,
        environment=_changes(found),
        seconds=time.perf_counter() - started,
    )


def _is_inner(fold: Fold, trial: StoredTrial) -> bool:
    return fold.outer_fold == trial.outer_fold and fold.inner_fold is not None


def _work(found: StoredSearch, trial: StoredTrial, folds: Sequence[Fold]) -> Rerun:
    plan = plan_again(found)
    return Rerun(
        family=references(plan.candidates)[trial.family],
        configuration=trial.configuration,
        rows=plan.rows,
        folds=tuple(folds),
        metrics=plan.metrics,
        seed=plan.spec.seed,
        cpus=plan.spec.hardware.cpus,
        trial_time_s=plan.spec.budget.trial_time_s,
    )


def _compare(
    stored: Sequence[FoldScore], results: Sequence[FoldResult], first: str, tolerance: float
) -> Iterator[ScoreAgain]:
    """Yield a comparison for each inner fold and metric that was scored then or now."""
    then: dict[int, Mapping[str, float]] = {fold.inner_fold: fold.scores for fold in stored}
    now: dict[int, Mapping[str, float]] = {fold.inner_fold: fold.scores for fold in results}
    for inner_fold in dict.fromkeys([*then, *now]):
        before, again = then.get(inner_fold, {}), now.get(inner_fold, {})
        for metric in sorted({*before, *again}, key=lambda name: (name != first, name)):
            pair = _finite(before.get(metric)), _finite(again.get(metric))
            yield ScoreAgain(inner_fold, metric, *pair, _agree(*pair, tolerance))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _agree(stored: float | None, again: float | None, tolerance: float) -> Agreement:
    if stored == again:
        return "bit-equal"
    if stored is None or again is None:
        return "different"
    near = abs(again - stored) <= tolerance * max(1.0, abs(stored))
    return "within tolerance" if near else "different"


def _same_failure(
    trial: StoredTrial, finished: int, results: Sequence[FoldResult], failed: Failed | None
) -> bool | None:
    """Whether it fails as it did: on the same fold and for the same reason."""
    if trial.state != "failed":
        return None if failed is None else False
    if failed is None or len(results) != finished:
        return False
    then, now = (_essence(reason) for reason in (trial.reason or "", failed.reason))
    return then == now or (then, now) == (DIED, TOO_LONG)


def _essence(reason: str) -> str:
    """Take what two runs have in common: no addresses in memory, no details of a death."""
    for way in (DIED, TOO_LONG):
        if way in reason:
            return way
    printable = "".join(c if c.isprintable() else " " for c in reason)
    return re.sub(r"0x[0-9a-fA-F]+", "0x", " ".join(printable.split()))


def _agreement(scores: Sequence[ScoreAgain], same_failure: bool | None) -> Agreement:
    found = {score.agreement for score in scores}
    if same_failure is False or "different" in found:
        return "different"
    return "within tolerance" if "within tolerance" in found else "bit-equal"


def _changes(found: StoredSearch) -> tuple[Difference, ...]:
    """Say what of versions and platform is not what it was."""
    now: dict[str, Any] = describe_environment(cpus=0, base=Path())
    documents = [{name: of.get(name) for name in ENVIRONMENT} for of in (found.environment, now)]
    return differences(*documents)
