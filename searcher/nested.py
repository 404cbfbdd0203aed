"""Nested cross-validation: the whole data flow, top to bottom."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from cluster.session import Session
from search_spaces.space import join_family
from searcher.candidates import DUMMY, joint_space, references
from searcher.demand import demand_of_refit
from searcher.evaluation import fold_seed
from searcher.failpoints import failpoint
from searcher.judging import Emit, judge_all, refits_of
from searcher.lineage import ways_of
from searcher.model import FittedModel
from searcher.plan import Plan, open_room_for
from searcher.plugins import load_family
from searcher.records import (
    InnerSearchEnded,
    OuterScore,
    Replaced,
    Unit,
)
from searcher.refit import RefitWork
from searcher.resources import longest, unit_of
from searcher.selection import choose_winner
from searcher.store import StoredTrial
from searcher.store.history import PastTrial
from searcher.strategies.base import Problem
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.replay import replay
from searcher.tuning.run import Watch, run_inner_searches
from searcher.tuning.work import Work

TrialsOf = Callable[[str], Sequence[StoredTrial]]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a nested search found."""

    chosen: tuple[InnerSearchEnded, ...]  # by outer fold, the final one last
    outer: tuple[OuterScore, ...]
    model: FittedModel  # the final winner, refitted on all rows


@dataclass(frozen=True, slots=True)
class Past:
    """What a search that goes on has already."""

    trials: Mapping[str, Sequence[PastTrial]] = field(default_factory=dict)  # by outer fold
    scores: Sequence[OuterScore] = ()
    first_trials: int | None = None  # budget it began with, if it was extended
    seen_at: datetime | None = None  # last sign of life of the driver that had it


def run_nested_search(
    plan: Plan,
    *,
    session: Session,
    emit: Emit,
    trials_of: TrialsOf,
    lineage_of: Callable[[], Sequence[Replaced]] = tuple,
    checkpoints: Path | None = None,
    past: Past | None = None,
    watch: Watch | None = None,
) -> Outcome | None:
    """Choose by inner folds, judge by outer folds, refit on all rows.

    Parameters
    ----------
    emit
        Takes every record of what happens.
    trials_of
        Gives an outer fold's trials as the store has them, with everything emitted so far: choices
        are made from what is kept, not from memory.
    lineage_of
        Gives the store's lineage of the search's populations, as ``trials_of`` does.
    checkpoints
        Folder for the states of trials that train in epochs or rounds; None: those of a worker that
        dies begin anew.
    past
        What is there already; it is neither run nor told again.
    watch
        What is asked while trials run.

    Returns
    -------
    None if the user interrupted it.
    """
    past = past or Past()
    inner, room = _inner_searches(plan, past), open_room_for(plan, session)
    for name, search in inner.items():
        for record in replay(search, past.trials.get(name, ()), seen_at=past.seen_at):
            emit(record)
    finished = run_inner_searches(
        inner,
        replace(
            _work(plan, checkpoints),
            demands=plan.demands,
            generation=_generation(inner),
            joined=session.joined,
        ),
        search_id=plan.search_id,
        room=room,
        emit=emit,
        watch=watch,
    )
    if not finished:
        return None
    failpoint("driver.tuned")
    chosen, jobs, lineage = [], [], lineage_of()
    for name in plan.outer:
        trials = trials_of(name)
        winner = choose_winner(trials)
        chosen.append(
            InnerSearchEnded(plan.search_id, name, winner.trial_id, float(winner.score or 0.0))
        )
        emit(chosen[-1])
        began = {trial.trial_id: trial.configuration for trial in trials}
        ways = ways_of(began, (record for record in lineage if record.trial_id in began))
        jobs += refits_of(name, winner, trials, ways)
    failpoint("driver.chosen")
    outer, model = judge_all(plan, jobs, refit_work(plan), emit=emit, known=past.scores, room=room)
    failpoint("driver.scored")
    return Outcome(tuple(chosen), outer, model)


def refit_work(plan: Plan) -> RefitWork:
    """Gather what the plan's refits need."""
    return RefitWork(
        rows=plan.rows,
        folds=plan.outer,
        families=references(plan.candidates),
        metrics=plan.metrics,
        seed=plan.spec.seed,
        cpus=plan.spec.hardware.cpus,
        demands={c.name: demand_of_refit(c.family, plan.spec.hardware) for c in plan.candidates},
        generation=_generation(_inner_searches(plan, Past())),
    )


def check_strategy(plan: Plan) -> None:
    """Let the strategy say whether it can search this space, before anything is stored.

    Raises
    ------
    SpecError
        If it can't.
    """
    _inner_searches(plan, Past())


def _generation(inner: Mapping[str, InnerSearch]) -> int | None:
    """Units in a generation, if trials are a population."""
    found = {s.generations.interval for s in inner.values() if s.generations is not None}
    return max(found, default=None)


def _inner_searches(plan: Plan, past: Past) -> dict[str, InnerSearch]:
    """One inner search for each outer fold, none sharing anything with another."""
    space = joint_space(plan.candidates)
    room = plan.spec.budget.trials - 1  # the dummy takes one
    initial = tuple(join_family(c.name, c.default) for c in plan.candidates)[:room]
    units = {c.name: unit_of(c.family, plan.spec) for c in plan.candidates}
    searches = {}
    for name in plan.outer:
        lengths = _lengths(plan, units, n_folds=len(plan.inner_folds(name)))
        problems = {
            unit: Problem(
                space=space,
                initial=initial,
                trials=room,
                max_resource=lengths[unit],
                seed=fold_seed(plan.spec.seed, plan.outer[name]),
                first_trials=None if past.first_trials is None else past.first_trials - 1,
                evolves={c.name: getattr(c.family, "evolves", ()) for c in plan.candidates},
                mixes_units=len(set(units.values())) > 1,
            )
            for unit in dict.fromkeys(units.values())
        }
        parts = {unit: plan.spec.strategy.build(problem) for unit, problem in problems.items()}
        searches[name] = make_inner_search(
            next(iter(parts.values())),
            search_id=plan.search_id,
            outer_fold=name,
            trials=plan.spec.budget.trials,
            initial=initial,
            longest=lengths,
            dummy=load_family(DUMMY).default(plan.dataset.profile),
            time_s=plan.spec.budget.time_s,
            trial_time_s=plan.spec.budget.trial_time_s,
            units=units,
            schedulers={unit: part.scheduler for unit, part in parts.items()},
        )
    return searches


def _lengths(plan: Plan, units: Mapping[str, Unit], *, n_folds: int) -> dict[Unit, int]:
    """Units of the longest trials; the dummy's are inner folds."""
    lengths: dict[Unit, int] = {"inner_folds": n_folds}
    for candidate in plan.candidates:
        unit = units[candidate.name]
        length = longest(candidate.space, unit, n_folds=n_folds)
        lengths[unit] = max(length, lengths.get(unit, 0))
    return lengths


def _work(plan: Plan, checkpoints: Path | None) -> Work:
    return Work(
        rows=plan.rows,
        folds={name: plan.inner_folds(name) for name in plan.outer},
        families=references(plan.candidates),
        metrics=plan.metrics,
        seed=plan.spec.seed,
        cpus=plan.spec.hardware.cpus,
        trial_time_s=plan.spec.budget.trial_time_s,
        share=plan.spec.hardware.parallel,
        checkpoints=None if checkpoints is None else str(checkpoints),
    )
