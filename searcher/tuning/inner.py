"""The state of one inner search while it runs: its strategy, its quota, what it has spent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from search_spaces.space import Configuration, split_family
from searcher.candidates import DUMMY
from searcher.records import Origin
from searcher.strategies.base import TuneParts


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trial of ours, before it runs; travels to the worker as the Ray Tune trial's config."""

    trial_id: str
    outer_fold: str
    number: int
    family: str
    configuration: Configuration
    origin: Origin

    def to_config(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Proposal":
        """Back from a Ray Tune trial's config, which may have other keys too."""
        return cls(**{name: config[name] for name in cls.__dataclass_fields__})


@dataclass(slots=True)
class InnerSearch:
    """One outer fold's search: nothing in here is shared with another one.

    The dummy model is proposed first and is no business of the strategy; the families' defaults
    come next, through the strategy, so that it learns from them.
    """

    search_id: str
    outer_fold: str
    searcher: Searcher
    scheduler: TrialScheduler
    trials: int  # budget, dummy and defaults included
    n_defaults: int
    max_resource: int
    dummy: Configuration  # of the dummy family
    time_s: float | None = None  # budget in seconds of its trials' work
    proposed: int = 0
    exhausted: bool = False  # the strategy has nothing left to propose
    spent_s: float = 0.0
    live: dict[str, Proposal] = field(default_factory=dict)  # Ray Tune's trial id -> proposal

    @property
    def out_of_time(self) -> bool:
        """Whether its trials have used up the seconds it was given."""
        return self.time_s is not None and self.spent_s >= self.time_s

    @property
    def done(self) -> bool:
        """Whether it will propose nothing more."""
        baselines_pending = self.proposed <= self.n_defaults
        return (
            self.proposed >= self.trials
            or self.exhausted
            or (self.out_of_time and not baselines_pending)
        )

    def propose(self, tune_trial_id: str) -> Proposal | None:
        """Next trial, or None when the strategy waits for results or has nothing left."""
        number = self.proposed
        if number == 0:
            family, configuration, origin = DUMMY, self.dummy, "dummy"
        else:
            suggested = self.searcher.suggest(trial_id=tune_trial_id)
            if suggested == Searcher.FINISHED:
                self.exhausted = True
            if suggested is None or suggested == Searcher.FINISHED:
                return None
            family, configuration = split_family(suggested)
            origin = "default" if number <= self.n_defaults else "strategy"
        self.proposed += 1
        proposal = Proposal(
            trial_id=f"{self.search_id}.{self.outer_fold}.{number}",
            outer_fold=self.outer_fold,
            number=number,
            family=family,
            configuration=configuration,
            origin=origin,  # type: ignore[arg-type]
        )
        self.live[tune_trial_id] = proposal
        return proposal

    def finish(self, tune_trial_id: str) -> Proposal | None:
        """Forget a live trial; None if it is not live."""
        return self.live.pop(tune_trial_id, None)


def make_inner_search(
    parts: TuneParts,
    *,
    search_id: str,
    outer_fold: str,
    trials: int,
    n_defaults: int,
    max_resource: int,
    dummy: Configuration,
    time_s: float | None,
) -> InnerSearch:
    """Inner search around a strategy's two halves; without a scheduler every trial runs through."""
    return InnerSearch(
        search_id=search_id,
        outer_fold=outer_fold,
        searcher=parts.searcher,
        scheduler=parts.scheduler or FIFOScheduler(),
        trials=trials,
        n_defaults=n_defaults,
        max_resource=max_resource,
        dummy=dummy,
        time_s=time_s,
    )
