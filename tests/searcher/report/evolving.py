"""Searches with populations, told in records without training anything."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from search_spaces.space import Configuration
from searcher.lineage import ways_of
from searcher.plugins import load_family
from searcher.records import (
    FoldScore,
    InnerSearchEnded,
    Replaced,
    TrialEnded,
    TrialStarted,
    UnitScore,
)
from tests.searcher.report.stories import Story

MOST = 0.98
BEST_RATE, WIDTH = -2.5, 0.8
"""Of the learning rate's logarithm: where a member learns most, and how far from there not."""


class Evolution(Story):
    """A search with a population in each inner search, which evolves as ``pbt`` lets it.

    What a member learns in an epoch depends on its learning rate alone. After each generation the
    worst quarter goes on from the best ones; the default, number 1, is never replaced.

    Parameters
    ----------
    members
        Of each population, the default among them.
    """

    def __init__(
        self,
        *,
        members: int = 8,
        epochs: int = 8,
        interval: int = 2,
        outer: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(
            trials=members + 1, outer=outer, inner=2, families=("mlp",), stopping=False, **options
        )
        self.epochs, self.interval = epochs, interval

    def inner_search(self, fold: str, *, only: str | None = None) -> None:
        """Train the dummy and a population, or ``only="begun"``: one generation and one epoch."""
        dummy = self._start(fold, 0)
        self._run(dummy, np.zeros(self.inner), {}, fails=False)
        members = [self._member(fold, number) for number in range(1, self.trials)]
        skill = {member.trial_id: 0.5 for member in members}
        now = {member.trial_id: member.configuration for member in members}
        for epoch in range(1, (self.interval + 1 if only == "begun" else self.epochs) + 1):
            for trial_id, configuration in now.items():
                skill[trial_id] += self._gain(configuration, skill[trial_id])
                skill[trial_id] = min(skill[trial_id], MOST)
                self._unit(trial_id, epoch, skill[trial_id])
            if epoch % self.interval == 0 and epoch < self.epochs:
                self._evolve(epoch, skill, now, fixed=members[0].trial_id)
        if only is None:
            self._conclude(fold, dummy, members, skill)

    def replaced(self, fold: str) -> list[Replaced]:
        """What happened in an inner search, in order."""
        return [r for r in self.records if isinstance(r, Replaced) and f".{fold}." in r.trial_id]

    def ways(self, fold: str) -> dict[str, Any]:
        """By which configurations each member's state was trained."""
        began = {
            record.trial_id: record.configuration
            for record in self.records
            if isinstance(record, TrialStarted) and record.outer_fold == fold
        }
        return ways_of(began, self.replaced(fold))

    def _spec(self) -> dict[str, Any]:
        strategy = {"kind": "pbt", "population": self.trials - 1, "interval": self.interval}
        return super()._spec() | {"strategy": strategy}

    def _member(self, fold: str, number: int) -> TrialStarted:
        family, is_default = load_family("mlp"), number == 1
        space = self.spaces["mlp"]
        drawn = family.default(self.profile) if is_default else space.sample(self.rng)
        trial = TrialStarted(
            trial_id=f"{self.search_id}.{fold}.{number}",
            search_id=self.search_id,
            outer_fold=fold,
            number=number,
            family="mlp",
            configuration=drawn,
            origin="default" if is_default else "strategy",
            unit="epochs",
            at=self._tick(0.05),
        )
        self.records.append(trial)
        return trial

    def _gain(self, configuration: Configuration, skill: float) -> float:
        distance = (np.log10(configuration["learning_rate"]) - BEST_RATE) / WIDTH
        share = 0.3 * float(np.exp(-(distance**2)))
        return share * (0.95 - skill) + float(self.rng.normal(0, 0.004))

    def _unit(self, trial_id: str, epoch: int, score: float) -> None:
        folds = tuple(
            FoldScore(trial_id, i + 1, i, self._scores(score + off), 0.1, 0.01, 0.11)
            for i, off in enumerate((-0.01, 0.01))
        )
        last = epoch == self.epochs
        at = self._tick(0.1)
        self.records.append(UnitScore(trial_id, epoch, score, folds, last, 0.1, 0.01, 0.11, at=at))

    def _evolve(
        self,
        epoch: int,
        skill: dict[str, float],
        now: dict[str, Configuration],
        *,
        fixed: str,
    ) -> None:
        ordered = sorted(skill, key=lambda trial_id: -skill[trial_id])
        quarter = max(1, len(ordered) // 4)
        worst = [trial_id for trial_id in ordered if trial_id != fixed][-quarter:]
        copied = [(one, ordered[i % quarter]) for i, one in enumerate(worst)]
        before: Mapping[str, tuple[float, Configuration]] = {i: (skill[i], now[i]) for i in skill}
        for one, source in copied:
            skill[one], configuration = before[source]
            rate = configuration["learning_rate"] * self.rng.choice([0.8, 1.2])
            now[one] = configuration | {"learning_rate": float(np.clip(rate, 1e-4, 0.03))}
            at = self._tick(0.01)
            self.records.append(Replaced(one, epoch, source, now[one], at=at))

    def _conclude(
        self, fold: str, dummy: TrialStarted, members: list[TrialStarted], skill: dict[str, float]
    ) -> None:
        for member in members:
            score = skill[member.trial_id]
            at = self._tick(0.01)
            self.records.append(TrialEnded(member.trial_id, "completed", score, self.epochs, at=at))
        best = max(members, key=lambda member: skill[member.trial_id])
        score = skill[best.trial_id]
        self.winners[fold] = score, best
        self.baselines[fold] = {
            "default": (skill[members[0].trial_id], members[0]),
            "dummy": (0.5, dummy),
        }
        self.records.append(
            InnerSearchEnded(self.search_id, fold, best.trial_id, score, at=self._tick())
        )
