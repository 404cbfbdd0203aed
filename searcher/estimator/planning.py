"""What the parameters of a ``NestedSearchCV`` ask for, said as a spec would say it."""

import secrets
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from search_spaces.columns import Task
from searcher.data import Dataset
from searcher.estimator.rows import ORIGIN
from searcher.plan import Plan, make_plan
from searcher.preflight import refuse, try_networks, with_notices
from searcher.records import Note
from searcher.spec import Spec, load_spec

_TREE = {"max_features": 1.0}  # drawn columns make the one tree that is kept a matter of luck
FAMILIES: dict[str, dict[str, Any]] = {
    "classification": {"logistic_regression": None, "decision_tree": _TREE},
    "regression": {"ridge": None, "decision_tree": _TREE},
}
"""Tried where none are named: fits of milliseconds, so that a first search takes seconds."""

SCORING = {"classification": "accuracy", "regression": "r2"}
"""What ``score`` of any scikit-learn classifier and regressor is."""

MIN_FOLDS = 2


def plan_search(asked: Any, data: Dataset) -> Plan:
    """Work out what a ``NestedSearchCV`` asks for on these rows.

    Raises
    ------
    SpecError
        If parameters and rows don't go together; it is a ``ValueError``.
    """
    folds = choose_folds(data, asked.splitter, outer=asked.outer, inner=asked.inner)
    spec = _spec(asked, data, folds, seed=draw_seed(asked.random_state))
    return make_plan(f"fit-{secrets.token_hex(4)}", spec, data, base=Path())


def with_sound_networks(plan: Plan, *, asked: bool) -> tuple[Plan, tuple[Note, ...]]:
    """Leave out what of networks can't be trained, if asked to look; return what the store keeps.

    Raises
    ------
    SpecError
        If a default configuration can't be trained.
    """
    found = try_networks(plan) if asked else None
    if found is None or not found.trainings:
        return plan, ()
    refuse(found)
    return with_notices(plan, found), found.notes(plan.search_id)


def choose_metrics(scoring: str | Sequence[str] | None, task: Task) -> tuple[str, ...]:
    """Scorer names; the first is optimised."""
    if scoring is None:
        return (SCORING[_kind(task)],)
    return (scoring,) if isinstance(scoring, str) else tuple(scoring)


def choose_folds(data: Dataset, splitter: str, *, outer: int, inner: int) -> tuple[int, int]:
    """Outer and inner folds: what is asked for, or what the smallest class can be split into.

    scikit-learn's stratified folds leave a small class out of some of them, with a warning; here
    every fold has every class, so there must be fewer folds, with a warning.
    """
    stratified = splitter == "stratified" or (splitter == "auto" and data.groups is None)
    if not (stratified and data.classes):
        return outer, inner
    smallest = min(data.class_counts)
    fewer_outer = min(outer, smallest)
    left = smallest - -(-smallest // max(fewer_outer, 1))  # of its rows, outside a test part
    fewer_inner = min(inner, left)
    if (fewer_outer, fewer_inner) == (outer, inner) or min(fewer_outer, fewer_inner) < MIN_FOLDS:
        return outer, inner  # if not even fewer folds help, let the folds say so
    warnings.warn(
        f"The least populated class in y has only {smallest} members: {fewer_outer} outer and "
        f"{fewer_inner} inner folds in place of {outer} and {inner}.",
        UserWarning,
        stacklevel=4,  # the caller of fit
    )
    return fewer_outer, fewer_inner


def draw_seed(random_state: Any) -> int:
    """Seed of a search: a whole number as it is; a generator, or None, is drawn from."""
    from sklearn.utils import check_random_state

    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _spec(asked: Any, data: Dataset, folds: tuple[int, int], *, seed: int) -> Spec:
    families = FAMILIES[_kind(data.task)] if asked.families is None else asked.families
    strategy = {"kind": asked.strategy} if isinstance(asked.strategy, str) else asked.strategy
    return load_spec(
        {
            "name": type(asked).__name__,
            "data": {
                "path": ORIGIN,
                "target": data.target,
                "task": data.task,
                "groups": None if data.groups is None else "(groups given to fit)",
                "time": () if data.times is None else "(order of the rows)",
            },
            "metric": choose_metrics(asked.scoring, data.task),
            "families": families if isinstance(families, Mapping) else list(families),
            "strategy": dict(strategy),
            "validation": {"outer": folds[0], "inner": folds[1], "splitter": asked.splitter},
            "budget": {"trials": asked.trials, "time_s": asked.time_s},
            "seed": seed,
        }
    )


def _kind(task: Task) -> str:
    return "regression" if task == "regression" else "classification"
