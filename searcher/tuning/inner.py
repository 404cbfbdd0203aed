"""The state of one inner search: what it proposed, what runs, what its strategy has learnt.

Ray Tune's events drive it while it runs, and the store's events when it is resumed; both by the
same methods, so that both lead to the same state. Trials go by our own ids throughout: Ray Tune's
are new with every attempt.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from search_spaces.space import Configuration, split_family
from searcher.candidates import DUMMY
from searcher.errors import RecallError
from searcher.records import NOUNS, Decision, Origin, Record, Unit
from searcher.strategies.base import TuneParts
from searcher.tuning.generations import Generations
from searcher.tuning.grounds import Rivals, reason_of
from searcher.tuning.handle import TrialHandle
from searcher.tuning.trial import FOLDS, LiveTrial, Proposal


@dataclass(slots=True)
class InnerSearch:
    """One outer fold's search: nothing in here is shared with another one.

    The dummy model is proposed first and is no business of the strategy; the families' defaults
    come next, through the strategy, so that it learns from them.
    """

    search_id: str
    outer_fold: str
    searcher: Searcher
    schedulers: Mapping[Unit, TrialScheduler]  # trials are compared with those of the same unit
    trials: int  # budget, dummy and defaults included
    initial: tuple[Configuration, ...]  # the defaults, joint
    dummy: Configuration  # of the dummy family
    units: Mapping[str, Unit] = field(default_factory=dict)  # family -> unit, if not inner folds
    longest: Mapping[Unit, int] = field(default_factory=dict)  # units of a trial that runs through
    generations: Generations | None = None  # if its trials are a population
    time_s: float | None = None  # budget in seconds of its trials' work
    trial_time_s: float | None = None
    proposed: int = 0
    dummy_proposed: bool = False
    defaults_left: int = 0
    exhausted: bool = False  # the strategy has nothing left to propose
    spent_s: float = 0.0
    live: dict[str, LiveTrial] = field(default_factory=dict)  # by our trial ids
    waiting: deque[Proposal] = field(default_factory=deque)  # to run once more
    rivals: Rivals = field(default_factory=Rivals)

    def whole(self, unit: Unit) -> str:
        """Say what a trial comes to that runs through."""
        return f"{self.longest[unit]} {NOUNS[unit][1]}"

    @property
    def out_of_time(self) -> bool:
        """Whether its trials have used up the seconds it was given."""
        return self.time_s is not None and self.spent_s >= self.time_s

    @property
    def done(self) -> bool:
        """Whether it will propose nothing more, as far as one can say now."""
        if self.waiting or self.parked:
            return False
        if not self.dummy_proposed or (self.defaults_left > 0 and not self.exhausted):
            return False
        return self.proposed >= self.trials or self.exhausted or self.out_of_time

    @property
    def running(self) -> int:
        """How many trials have a worker, or are about to."""
        return len(self.live) - len(self.waiting) - self.parked

    @property
    def parked(self) -> int:
        """How many members of a population wait for the next generation."""
        return 0 if self.generations is None else len(self.generations.waiting)

    @property
    def all_proposed(self) -> bool:
        """Whether no new trial will come."""
        return self.dummy_proposed and (self.proposed >= self.trials or self.exhausted)

    def propose(self) -> Proposal | None:
        """Next trial, or None when the strategy waits for results or has nothing left."""
        if self.waiting:
            return self.waiting.popleft()
        trial_id = f"{self.search_id}.{self.outer_fold}.{self.proposed}"
        if not self.dummy_proposed:
            return self._take(trial_id, DUMMY, self.dummy, "dummy")
        suggested = self.searcher.suggest(trial_id=trial_id)
        if suggested == Searcher.FINISHED:
            self.exhausted = True
        if suggested is None or suggested == Searcher.FINISHED:
            return None
        family, configuration = split_family(suggested)
        origin: Origin = "default" if suggested in self.initial else "strategy"
        return self._take(trial_id, family, configuration, origin)

    def recall(self, proposal: Proposal, joint: Configuration) -> None:
        """Take back a proposal that the store knows."""
        if proposal.origin != "dummy":
            recall = getattr(self.searcher, "recall", None)
            if recall is None:
                raise RecallError(
                    f"the strategy's {type(self.searcher).__name__} can't be resumed: it has no "
                    "method recall (searcher.strategies.base.Recalls)"
                )
            recall(proposal.trial_id, joint, own=proposal.origin != "reused")
            self.defaults_left -= proposal.origin == "reused" and joint in self.initial
        self.begin(proposal)

    def judge(
        self, trial_id: str, result: Mapping[str, Any], handle: TrialHandle, controller: Any = None
    ) -> tuple[str, Decision | None]:
        """Let the scheduler decide about a trial that is not at its end; say on what grounds.

        The dummy and the default configurations are never stopped: a search that could not say
        how they do could not say what it was worth.
        """
        proposal = self.live[trial_id].proposal
        go_on = str(TrialScheduler.CONTINUE)
        if result.get("score") is None or proposal.origin == "dummy":
            return go_on, None
        scheduler = self._scheduler(trial_id)
        action = str(scheduler.on_trial_result(controller, handle, dict(result)))
        reason = reason_of(scheduler, trial_id, int(result["resource"]), action)
        if proposal.origin == "default" and action == TrialScheduler.STOP:
            action, reason = go_on, "a default is never stopped"
        elif self.out_of_time and proposal.origin == "strategy":
            action, reason = str(TrialScheduler.STOP), f"budget.time_s {self.time_s:g} is spent"
        if reason is None:
            return action, None
        decision = self.rivals.decision(proposal, result, scheduler, action=action, reason=reason)
        return action, decision

    def learn(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Count the seconds of a result that is not the last; tell it to the strategy."""
        trial = self._account(trial_id, result)
        if trial.proposal.origin != "dummy":
            self.searcher.on_trial_result(trial_id, dict(result))

    def conclude(self, trial_id: str, result: Mapping[str, Any] | None) -> None:
        """Forget a trial that has ended; tell the strategy. One without a score has failed."""
        if result is not None:
            self._account(trial_id, result)
        trial = self.live.pop(trial_id)
        if trial.proposal.origin == "dummy":
            return
        failed = result is None or result.get("score") is None
        self.searcher.on_trial_complete(
            trial_id=trial_id, result=None if failed else dict(result or {}), error=failed
        )

    def retire(
        self, handle: TrialHandle, result: Mapping[str, Any] | None, controller: Any = None
    ) -> None:
        """Tell the scheduler that a trial has ended."""
        if handle.origin == "dummy":
            return
        scheduler = self._scheduler(handle.trial_id)
        if result is None or result.get("score") is None:
            scheduler.on_trial_remove(controller, handle)
        else:
            scheduler.on_trial_complete(controller, handle, dict(result))

    def park(self, trial_id: str, result: Mapping[str, Any]) -> None:
        """Let a member of a population that has come to its generation's end wait for the rest."""
        self.learn(trial_id, result)
        if self.generations is not None:
            self.generations.waiting[trial_id] = float(result["score"])

    def is_parked(self, trial_id: str) -> bool:
        """Whether a trial waits for the next generation of its population."""
        return self.generations is not None and trial_id in self.generations.waiting

    def wake(self, trial_id: str) -> int:
        """Begin a further attempt of a member that goes on waiting; return its number."""
        trial = self.live[trial_id]
        trial.proposal = replace(trial.proposal, attempt=trial.proposal.attempt + 1)
        return trial.proposal.attempt

    def turn(self) -> list[Record]:
        """Begin the next generation of a population, if it is time; say what happened."""
        return [] if self.generations is None else self.generations.turn(self)

    def lose(self, trial_id: str) -> str | None:
        """Queue a trial once more whose worker died; say why not, if it is its own fault."""
        fault = self.live[trial_id].blame(self.trial_time_s)
        if fault is None:
            self.again(trial_id)
        return fault

    def again(self, trial_id: str) -> Proposal:
        """Queue a live trial to go on where it is, in a further attempt."""
        trial = self.live[trial_id]
        trial.proposal = replace(
            trial.proposal,
            attempt=trial.proposal.attempt + 1,
            scores=tuple(trial.scores),
            resource=trial.resource,
        )
        self.waiting.append(trial.proposal)
        return trial.proposal

    def _take(
        self, trial_id: str, family: str, configuration: Configuration, origin: Origin
    ) -> Proposal:
        proposal = Proposal(
            trial_id,
            self.outer_fold,
            self.proposed,
            family,
            configuration,
            origin,
            unit=self.units.get(family, FOLDS),
        )
        return self.begin(proposal)

    def begin(self, proposal: Proposal) -> Proposal:
        """Count a proposal; from here on its trial is live."""
        if self.generations is not None and proposal.origin != "dummy":
            proposal = replace(proposal, until=self.generations.interval)
        self.proposed += 1
        self.dummy_proposed = self.dummy_proposed or proposal.origin == "dummy"
        self.defaults_left -= proposal.origin == "default"
        self.live[proposal.trial_id] = LiveTrial(proposal, list(proposal.scores))
        if proposal.origin != "dummy":
            handle = TrialHandle.of(proposal.trial_id, proposal.origin)
            self.schedulers[proposal.unit].on_trial_add(None, handle)
        return proposal

    def _scheduler(self, trial_id: str) -> TrialScheduler:
        return self.schedulers[self.live[trial_id].proposal.unit]

    def _account(self, trial_id: str, result: Mapping[str, Any]) -> LiveTrial:
        trial = self.live[trial_id]
        spent = float(result.get("work_s", 0.0))
        self.spent_s += spent
        trial.spent_s += spent
        return trial


def make_inner_search(
    parts: TuneParts,
    *,
    search_id: str,
    outer_fold: str,
    trials: int,
    initial: Sequence[Configuration],
    dummy: Configuration,
    time_s: float | None,
    trial_time_s: float | None = None,
    longest: Mapping[Unit, int],
    units: Mapping[str, Unit] | None = None,
    schedulers: Mapping[Unit, TrialScheduler | None] | None = None,
) -> InnerSearch:
    """Inner search around what a strategy gives; without a scheduler every trial runs through.

    Parameters
    ----------
    longest
        What a trial comes to that runs through, by unit.
    units
        Family -> what its trials count in; inner folds where it is not named.
    schedulers
        Where families count in several units: a scheduler for each, in place of the strategy's.
    """
    told = schedulers or dict.fromkeys(longest, parts.scheduler)
    return InnerSearch(
        search_id=search_id,
        outer_fold=outer_fold,
        searcher=parts.searcher,
        schedulers={FOLDS: FIFOScheduler()}
        | {unit: one or FIFOScheduler() for unit, one in told.items()},
        units=units or {},
        longest=longest,
        generations=None if parts.population is None else Generations(parts.population),
        trials=trials,
        initial=tuple(initial),
        defaults_left=len(initial),
        dummy=dummy,
        time_s=time_s,
        trial_time_s=trial_time_s,
    )
