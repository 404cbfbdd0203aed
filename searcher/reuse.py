"""Which trials of one search are good in another: the same rows, folds and seeds, in its space."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from search_spaces.space import join_family
from searcher.candidates import joint_space
from searcher.errors import SpecError
from searcher.plan import Plan
from searcher.records import (
    Fold,
    FoldScore,
    Record,
    TrialEnded,
    TrialStarted,
    UnitScore,
    utc_now,
)
from searcher.store import Store, StoredSearch, StoredTrial
from searcher.store.units import StoredUnit


@dataclass(frozen=True, slots=True)
class Reused:
    """What a search takes over from another one."""

    records: tuple[Record, ...]  # the trials, as its own
    trials: int
    left: Mapping[str, int]  # why not -> how many


def reused(plan: Plan, source: StoredSearch, store: Store) -> Reused:
    """Take over the completed trials of ``source`` that say something in ``plan``'s search.

    A trial is good if its configuration lies in the new space and it has a score in every metric
    on every inner fold. The dummy and the defaults run anew: they are the new search's own.

    Raises
    ------
    SpecError
        If rows, folds or seed are others: then no score says anything here.
    """
    require_the_same_fits(plan, source, store)
    units: dict[str, list[StoredUnit]] = {}
    for unit in store.units(source.search_id):
        units.setdefault(unit.trial_id, []).append(unit)
    changed = {replaced.trial_id for replaced in store.lineage(source.search_id)}
    folds: dict[str, list[FoldScore]] = {}
    for score in store.fold_scores(source.search_id):
        folds.setdefault(score.trial_id, []).append(score)
    records: list[Record] = []
    left: dict[str, int] = {}
    number = dict.fromkeys(plan.outer, 0)
    space = joint_space(plan.candidates)
    defaults = [join_family(c.name, c.default) for c in plan.candidates]
    for trial in store.trials(source.search_id, sort="number"):
        found = folds.get(trial.trial_id, [])
        why = _why_not(trial, found, plan.metrics)
        joint = join_family(trial.family, trial.configuration)
        if why is None and trial.trial_id in changed:
            why = "trained by several configurations"
        if why is None and joint in defaults:
            why = "a default, which runs anew"
        if why is None:
            try:
                space.validate_configuration(joint)
            except ValueError:
                why = "outside the space"
        if why is not None:
            left[why] = left.get(why, 0) + 1
            continue
        told = units.get(trial.trial_id, [])
        records += _as_own(trial, found, told, plan, number[trial.outer_fold])
        number[trial.outer_fold] += 1
    return Reused(tuple(records), sum(number.values()), left)


def same_folds(ours: Sequence[Fold], theirs: Sequence[Fold]) -> bool:
    """Whether two searches split the same rows in the same way."""
    return len(ours) == len(theirs) and all(
        (one.outer_fold, one.inner_fold) == (other.outer_fold, other.inner_fold)
        and np.array_equal(one.train, other.train)
        and np.array_equal(one.test, other.test)
        for one, other in zip(ours, theirs, strict=True)
    )


def require_the_same_fits(plan: Plan, source: StoredSearch, store: Store) -> None:
    """Refuse to take over trials of other fits.

    Raises
    ------
    SpecError
        If rows, folds or seed are others.
    """
    said = None
    if plan.dataset.fingerprint != source.fingerprint:
        said = "the rows are others"
    elif plan.spec.seed != source.spec["seed"]:
        said = f"seed is {plan.spec.seed}, there {source.spec['seed']}"
    elif not same_folds(plan.folds, store.folds(source.search_id)):
        said = "the folds are others (validation)"
    if said is not None:
        raise SpecError(
            f"no trial of search {source.search_id} can be used: {said}; "
            "`searcher run` makes a search of its own"
        )


def _why_not(trial: StoredTrial, found: Sequence[FoldScore], metrics: Sequence[str]) -> str | None:
    if trial.origin in ("dummy", "default"):
        return f"a {trial.origin}, which runs anew"
    if trial.state != "completed":
        return f"{trial.state}, not completed"
    if any(fold.scores.get(metric) is None for fold in found for metric in metrics):
        return "no score in every metric"
    return None


def _as_own(
    trial: StoredTrial,
    found: Sequence[FoldScore],
    units: Sequence[StoredUnit],
    plan: Plan,
    number: int,
) -> Iterator[Record]:
    """Say in records what a trial would have said in this search."""
    trial_id = f"{plan.search_id}.{trial.outer_fold}.{number}"
    yield TrialStarted(
        trial_id=trial_id,
        search_id=plan.search_id,
        outer_fold=trial.outer_fold,
        number=number,
        family=trial.family,
        configuration=trial.configuration,
        origin="reused",
        source_trial_id=trial.trial_id,
        unit=trial.unit,
    )
    ordered = [
        replace(
            fold,
            trial_id=trial_id,
            scores={metric: fold.scores[metric] for metric in plan.metrics},
            attempt=1,
            at=utc_now(),
        )
        for fold in sorted(found, key=lambda fold: fold.resource)
    ]
    yield from _units_as_own(trial_id, units, ordered, plan) if units else ordered
    mean = float(np.mean([fold.scores[plan.metrics[0]] for fold in ordered]))
    resource = units[-1].resource if units else len(ordered)
    yield TrialEnded(trial_id, "completed", mean, resource, reason=f"taken from {trial.trial_id}")


def _units_as_own(
    trial_id: str, units: Sequence[StoredUnit], last: Sequence[FoldScore], plan: Plan
) -> Iterator[UnitScore]:
    """Tell each unit; all but the last one have no more of their folds than the scores."""
    for unit in units:
        folds = tuple(
            replace(
                fold, scores={metric: _number(unit.scores[metric][i]) for metric in plan.metrics}
            )
            for i, fold in enumerate(last)
        )
        yield UnitScore(
            trial_id,
            unit.resource,
            float(np.mean([fold.scores[plan.metrics[0]] for fold in folds])),
            tuple(last) if unit.is_last else folds,
            is_last=unit.is_last,
            fit_s=unit.fit_s,
            score_s=unit.score_s,
            cpu_s=unit.cpu_s,
        )


def _number(score: float | None) -> float:
    return float("nan") if score is None else score
