"""Everything that the page is made of, read from the store once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from search_spaces.space import Space
from searcher.lineage import last_configurations
from searcher.records import (
    FINAL,
    NOUNS,
    Artifact,
    Configuration,
    Decision,
    FoldScore,
    Note,
    Replaced,
    Unit,
)
from searcher.report.judged import Judged, judge
from searcher.report.numbers import Digits, digits_for
from searcher.report.sampling import scores_of
from searcher.report.spaces import declared_spaces
from searcher.store import Store, StoredSearch, StoredTrial

MAX_POSITIONS = 50_000_000
"""Of the index arrays that are read to count each fold's rows: 0.4 GB. Above it, no counts."""

Curve = tuple[tuple[int, float], ...]  # (resource, mean score at it)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What the store says of one search.

    The configuration of a member of a population is the one that it ended with, as its score is.
    """

    search: StoredSearch
    trials: Mapping[str, tuple[StoredTrial, ...]]  # by outer fold, in order of proposal
    curves: Mapping[str, Curve]  # trial id -> running mean
    decisions: Mapping[str, tuple[Decision, ...]]  # by outer fold, as decided
    lineage: Mapping[str, tuple[Replaced, ...]]  # by outer fold, by resource; none: no population
    began: Mapping[str, Configuration]  # trial id -> the configuration that it began with
    notes: tuple[Note, ...]
    artifacts: tuple[Artifact, ...]
    judged: Judged | None  # what the winners said of the outer test rows
    sizes: Mapping[str, tuple[int, int]]  # outer fold -> rows to train and to test on
    families: tuple[str, ...]  # in the order of their first trial, the dummy last
    spaces: Mapping[str, Space]  # family -> what it says can be tried, where that is known
    digits: Digits

    @property
    def every_trial(self) -> Iterator[StoredTrial]:
        """All trials of all inner searches."""
        return chain.from_iterable(self.trials.values())

    @property
    def final(self) -> tuple[StoredTrial, ...]:
        """Trials of the final inner search; none if it was never reached."""
        return self.trials.get(FINAL, ())

    @property
    def shown_fold(self) -> str:
        """Outer fold whose inner search is shown in detail: the final one, if it has trials."""
        return FINAL if self.final or not self.trials else next(iter(self.trials))

    @property
    def shown(self) -> tuple[StoredTrial, ...]:
        """Trials of the inner search that is shown in detail."""
        return self.trials.get(self.shown_fold, ())

    @property
    def folds_to_choose_from(self) -> list[str]:
        """Outer folds that have trials, the final one first."""
        return sorted(self.trials, key=lambda fold: fold != FINAL)

    @property
    def colours(self) -> dict[str, str]:
        """Family -> name of its colour in ``theme``."""
        return {family: f"@f{i % 8}" for i, family in enumerate(self.families)}

    @property
    def units(self) -> tuple[Unit, ...]:
        """What the trials count in, the dummy aside."""
        trials = chain.from_iterable(self.trials.values())
        found = {trial.unit for trial in trials if trial.origin != "dummy"}
        return tuple(unit for unit in NOUNS if unit in found) or ("inner_folds",)

    @property
    def nouns(self) -> str:
        """What the units of the trials are called."""
        return " or ".join(NOUNS[unit][1] for unit in self.units)

    def winner_of(self, outer_fold: str) -> str | None:
        """Id of the trial that an inner search chose."""
        chosen = {winner.outer_fold: winner.trial_id for winner in self.search.winners}
        return chosen.get(outer_fold)


def read(store: Store, search_id: str) -> Material:
    """Ask the store for everything at once.

    Raises
    ------
    NotFoundError
        When there is no such search.
    """
    search = store.search(search_id)
    replaced = store.lineage(search.search_id)  # before the trials: then they are all there
    began: dict[str, list[StoredTrial]] = defaultdict(list)
    for trial in store.trials(search.search_id, sort="number"):
        began[trial.outer_fold].append(trial)
    trials = _as_they_ended(began, replaced)
    notes = store.events(search.search_id)
    families = _families(chain.from_iterable(trials.values()))
    fold_of = {trial.trial_id: fold for fold, found in trials.items() for trial in found}
    decisions: dict[str, list[Decision]] = defaultdict(list)
    for decision in store.decisions(search.search_id):
        if decision.trial_id in fold_of:  # a running search may have started a trial meanwhile
            decisions[fold_of[decision.trial_id]].append(decision)
    return Material(
        search=search,
        trials=trials,
        curves=_curves(store, search),
        decisions={fold: tuple(found) for fold, found in decisions.items()},
        lineage=_by_fold(replaced, fold_of),
        began={t.trial_id: t.configuration for t in chain.from_iterable(began.values())},
        notes=notes,
        artifacts=store.artifacts(search.search_id),
        judged=judge(search, store.outer_predictions(search.search_id), notes),
        sizes=_sizes(store, search),
        families=families,
        spaces=declared_spaces(search.spec, search.data, families),
        digits=_digits(search, chain.from_iterable(trials.values())),
    )


def _as_they_ended(
    began: Mapping[str, Iterable[StoredTrial]], replaced: Iterable[Replaced]
) -> dict[str, tuple[StoredTrial, ...]]:
    """Give members of populations their last configuration."""
    last = last_configurations(replaced)
    return {
        fold: tuple(
            replace(trial, configuration=last[trial.trial_id]) if trial.trial_id in last else trial
            for trial in found
        )
        for fold, found in began.items()
    }


def _by_fold(
    replaced: Iterable[Replaced], fold_of: Mapping[str, str]
) -> dict[str, tuple[Replaced, ...]]:
    found: dict[str, list[Replaced]] = defaultdict(list)
    for record in replaced:
        found[fold_of[record.trial_id]].append(record)
    return {fold: tuple(records) for fold, records in found.items()}


def _curves(store: Store, search: StoredSearch) -> dict[str, Curve]:
    """Means by resource; trials in epochs or rounds have one over all inner folds at each."""
    by_unit: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for unit in store.units(search.search_id):
        by_unit[unit.trial_id].append((unit.resource, unit.score))
    curves = running_means(store.fold_scores(search.search_id), search.metric)
    return curves | {trial_id: tuple(points) for trial_id, points in by_unit.items()}


def running_means(fold_scores: Iterable[FoldScore], metric: str) -> dict[str, Curve]:
    """Mean score over the inner folds so far, of every trial; up to the first that has none."""
    by_trial: dict[str, list[float]] = defaultdict(list)
    for fold_score in fold_scores:
        by_trial[fold_score.trial_id].append(fold_score.scores.get(metric, np.nan))
    curves = {}
    for trial_id, scores in by_trial.items():
        means = np.cumsum(scores) / np.arange(1, len(scores) + 1)
        points = enumerate(means.tolist(), start=1)
        curves[trial_id] = tuple((step, mean) for step, mean in points if np.isfinite(mean))
    return curves


def _families(trials: Iterable[StoredTrial]) -> tuple[str, ...]:
    origins = dict.fromkeys((trial.family, trial.origin == "dummy") for trial in trials)
    return tuple(dict.fromkeys(family for family, _ in sorted(origins, key=lambda o: o[1])))


def _sizes(store: Store, search: StoredSearch) -> dict[str, tuple[int, int]]:
    """Rows of each outer split."""
    rows = search.data.get("rows")
    inner = search.spec.get("validation", {}).get("inner", 0)
    n_arrays = len(search.outer_folds) * (1 + (inner if isinstance(inner, int) else 0))
    if not isinstance(rows, int) or rows * n_arrays > MAX_POSITIONS:
        return {}
    return {
        fold.outer_fold: (len(fold.train), len(fold.test))
        for fold in store.folds(search.search_id)
        if fold.inner_fold is None
    }


def _digits(search: StoredSearch, trials: Iterable[StoredTrial]) -> Digits:
    outer = list(search.outer_scores)
    found = scores_of(trial for trial in trials if trial.state == "completed")
    scores = outer or found
    spread = float(np.std(scores)) if len(scores) > 1 else 0.0
    return digits_for([*outer, *found, search.outer_mean], spread)
