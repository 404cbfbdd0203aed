"""Whether a spec and its data go together, found out before anything starts."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from search_spaces import preprocessing
from search_spaces.columns import Profile
from search_spaces.families.base import Family
from search_spaces.space import Space
from searcher.candidates import families_asked, learns, reads, space_of
from searcher.data import Dataset
from searcher.demand import uses_gpus
from searcher.errors import SpecError, near
from searcher.folds import make_folds
from searcher.metrics import (
    explain_misfit,
    explain_refusal,
    failure_on,
    resolve_metrics,
)
from searcher.plugins import family_names, load_family
from searcher.records import Fold
from searcher.resources import misfits, unit_of
from searcher.spec import Spec


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What was worked out while checking."""

    metrics: tuple[str, ...]  # scorer names; the first is optimised
    folds: tuple[Fold, ...]
    notices: tuple[str, ...]  # nothing wrong, but people should know


def check_search(spec: Spec, dataset: Dataset) -> Checked:
    """Refuse combinations that can't work: all of them at once, nothing started.

    Raises
    ------
    SpecError
        With one line for each problem: path of the field, what was found, what is allowed.
    """
    problems: list[str] = []
    metrics = resolve_metrics(spec.metric, dataset.task)
    misfits = list(_check_metrics(spec, metrics, dataset))
    problems += misfits
    spaces = _check_families(spec, dataset.profile, problems)
    problems += _check_budget(spec, len(spaces))
    problems += _check_resources(spec, dataset.profile, spaces)
    folds = _check_folds(spec, dataset, problems)
    if not misfits:
        problems += _check_scores(metrics, dataset, folds)
    if problems:
        raise SpecError("\n".join(problems))
    remark = spec.strategy.remark(Space.join(spaces), trials=spec.budget.trials)
    return Checked(metrics, folds, (*dataset.notices, *([remark] if remark else [])))


def _check_metrics(spec: Spec, metrics: tuple[str, ...], dataset: Dataset) -> Iterator[str]:
    for i, name in enumerate(metrics):
        path = "metric" if len(metrics) == 1 else f"metric[{i}]"
        if name in metrics[:i]:
            yield f"{path}: found {spec.metric[i]!r}; {name!r} is there already"
        why = explain_misfit(name, task=dataset.task, n_classes=len(dataset.classes))
        if why:
            yield f"{path}: found {name!r}; {why}"
        elif dataset.task == "regression":
            refusal = explain_refusal(name, dataset.y)
            if refusal:
                yield f"{path}: found {name!r}; these targets have no such score: {refusal}"


def _check_families(spec: Spec, profile: Profile, problems: list[str]) -> dict[str, Space]:
    """Space of each family that fits; what does not fit is added to ``problems``."""
    spaces: dict[str, Space] = {}
    for reference, changes in families_asked(spec, profile).items():
        try:
            family = load_family(reference)
        except SpecError as error:
            problems.append(f"families.{reference}: {error}")
            continue
        if not learns(family, profile):
            problems.append(
                f"families.{reference}: learns {', '.join(sorted(family.tasks))} targets, and "
                f"this one is {profile.task}{_learners(profile)}"
            )
        elif family.name in spaces:
            problems.append(f"families.{reference}: another family is called {family.name!r} too")
        else:
            try:
                space = space_of(family, reference, profile)
            except SpecError as error:
                problems.append(str(error))
                continue
            path = f"families.{reference}"
            if lacking := _lacking(family, profile):
                problems.append(f"{path}: {lacking}")
            spaces[family.name] = _change(space, changes, path, problems)
    return spaces


def _lacking(family: Family, profile: Profile) -> str:
    """Say what a network needs that is not installed: an extra of the package.

    Other families' ``build`` is not called: it is foreign code, and may take long.
    """
    if family.resource != "epochs":
        return ""
    rest = preprocessing.split(family.default(profile))[1]
    try:
        family.build(rest, profile, seed=0, cpus=1)
    except ModuleNotFoundError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - it may raise anything, and will again as a failed trial
        return ""
    return ""


def _change(
    space: Space, changes: Mapping[str, Any] | None, path: str, problems: list[str]
) -> Space:
    wrong = []
    for name, change in (changes or {}).items():
        if name not in space.parameters:
            known = ", ".join(space.parameters)
            hint = near(name, space.parameters)
            wrong.append(f"{path}.{name}: unknown parameter; known: {known}.{hint}")
            continue
        try:
            space.override({name: change})
        except ValueError as error:
            sentence = str(error).removeprefix(f"parameter {name!r} ")
            wrong.append(f"{path}.{name}: found {change!r:.80}; {sentence}")
    if not wrong and changes:
        try:
            return space.override(changes)
        except ValueError as error:  # each alone is possible, all together are not
            wrong.append(f"{path}: {error}")
    problems += wrong
    return space


def _learners(profile: Profile) -> str:
    families = map(load_family, family_names())
    names = [each.name for each in families if learns(each, profile) and reads(each, profile)]
    return f"; families that learn such: {', '.join(names)}"


def _check_budget(spec: Spec, n_families: int) -> Iterator[str]:
    trials, needed = spec.budget.trials, n_families + 1
    if not n_families and spec.families is None:
        yield "families: no installed family can learn this target; name one of your own"
    elif trials < needed:
        yield (
            f"budget.trials: found {trials}; the dummy and the default configurations of "
            f"{n_families} families come first, so at least {needed}, or fewer families"
        )


def _check_resources(spec: Spec, profile: Profile, spaces: Mapping[str, Space]) -> Iterator[str]:
    """Find what families, strategy and workers say of each other's training."""
    families = dict(_loaded(spec, profile, spaces))
    wrong = list(misfits(families, spec))
    yield from wrong
    units = {} if wrong else {name: unit_of(family, spec) for name, family in families.items()}
    if (why := spec.strategy.misfit(units)) is not None and units:
        yield f"strategy.kind: {spec.strategy.kind} {why}"
    if spec.hardware.workers > 1 and units and "epochs" not in units.values():
        yield (
            f"hardware.workers: found {spec.hardware.workers}; no family of this search trains in "
            "several processes, so 1. Trials run in parallel anyway, one for every hardware.cpus"
        )
    if spec.hardware.gpus and families and not any(map(uses_gpus, families.values())):
        yield (
            f"hardware.gpus: found {spec.hardware.gpus:g}; no family of this search trains on "
            "GPUs, so 0. Networks do, and families of your own that say uses_gpus = True"
        )


def _loaded(
    spec: Spec, profile: Profile, spaces: Mapping[str, Space]
) -> Iterator[tuple[str, Family]]:
    """Load the families that can be searched; what the others lack is said already."""
    for reference in families_asked(spec, profile):
        with suppress(SpecError):
            family = load_family(reference)
            if family.name in spaces:
                yield family.name, family


def _check_folds(spec: Spec, dataset: Dataset, problems: list[str]) -> tuple[Fold, ...]:
    try:
        return make_folds(dataset, spec.validation, seed=spec.seed)
    except SpecError as error:
        problems.append(str(error))
        return ()


def _check_scores(
    metrics: tuple[str, ...], dataset: Dataset, folds: tuple[Fold, ...]
) -> Iterator[str]:
    """Find test parts that a metric can't judge: too few rows, or classes that are not there.

    Only odd test parts are tried, each with a model that always says the same.
    """
    for fold in folds:
        if fold.inner_fold is None and not len(fold.test):
            continue  # the final outer fold has no test rows
        y = dataset.y[fold.test]
        if len(y) > 1 and len(np.unique(y)) == max(len(dataset.classes), 2):
            continue
        if len(y) > 1 and not dataset.classes:
            continue
        for name in metrics:
            failure = failure_on(name, dataset.y[fold.train], y)
            if failure:
                part = "" if fold.inner_fold is None else f", inner fold {fold.inner_fold}"
                yield (
                    f"metric: found {name!r}; outer fold {fold.outer_fold}{part} has {len(y)} test "
                    f"rows with {len(np.unique(y))} different answers, and scikit-learn says: "
                    f"{failure}. Ask for fewer folds, another splitter or another metric"
                )
                return
