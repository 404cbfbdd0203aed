"""A trial of ours: what was proposed, and how far it has come while it is live."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from search_spaces.space import Configuration
from searcher.lineage import Way
from searcher.records import Origin, Unit

FOLDS: Unit = "inner_folds"

MOST_DEATHS = 3
"""Workers that may die in the same inner fold of a trial before that is taken for its own fault."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trial of ours, before it runs; travels to the worker as the Ray Tune trial's config."""

    trial_id: str
    outer_fold: str
    number: int
    family: str
    configuration: Configuration
    origin: Origin
    attempt: int = 1
    scores: tuple[float, ...] = ()  # of the inner folds that earlier attempts have finished
    unit: Unit = FOLDS
    resource: int = 0  # units that are known already, if it does not count in inner folds
    until: int | None = None  # units after which it waits for the others of its population
    source: tuple[str, int] | None = None  # whose state it goes on from, and of when
    spent_s: float = 0.0  # in the generations before, by budget.trial_time_s
    schedule: Way = ()  # if it has changed its configuration

    @property
    def way(self) -> Way:
        """Its configurations, each with the resource after which it holds."""
        return self.schedule or ((0, self.configuration),)

    def to_config(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Proposal":
        """Back from a Ray Tune trial's config, which may have other keys too."""
        return cls(**{name: config[name] for name in cls.__dataclass_fields__})


@dataclass(slots=True)
class LiveTrial:
    """A trial that has been proposed and has not ended."""

    proposal: Proposal
    scores: list[float] = field(default_factory=list)  # of the inner folds so far
    resource: int = 0  # units so far, if it does not count in inner folds
    spent_s: float = 0.0
    deaths: int = 0  # of workers since its last finished inner fold
    since: float = field(default_factory=time.monotonic)  # its start or its last result

    def progress(self) -> None:
        """Note that a worker has just begun with it."""
        self.since = time.monotonic()

    def add(self, score: float) -> None:
        """Keep the score of an inner fold."""
        self.scores.append(score)
        self.deaths = 0
        self.progress()

    def reach(self, resource: int) -> None:
        """Keep that a unit of all inner folds is finished."""
        self.resource = resource
        self.deaths = 0
        self.progress()

    def blame(self, limit_s: float | None) -> str | None:
        """Count a worker that died of it; say why, if that is the trial's own fault.

        Parameters
        ----------
        limit_s
            Seconds that a trial may take.
        """
        self.deaths += 1
        elapsed = time.monotonic() - self.since
        if limit_s is not None and self.spent_s + elapsed >= limit_s:
            return f"took longer than budget.trial_time_s = {limit_s:g} s, and did not let go"
        if self.deaths >= MOST_DEATHS:
            return (
                f"the worker process died {self.deaths} times in {self.place} of the trial "
                "(out of memory, or a crash)"
            )
        return None

    @property
    def place(self) -> str:
        """Where it is, in words."""
        if self.proposal.unit == FOLDS:
            return f"inner fold number {len(self.scores) + 1}"
        return f"unit {self.resource + 1} ({self.proposal.unit})"
