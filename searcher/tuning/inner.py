"""The state of one inner search: what it proposed, what runs, what its strategy has learnt.

Ray Tune's events drive it while it runs, and the store's events when it is resumed; both by the
same methods, so that both lead to the same state. Trials go by our own ids throughout: Ray Tune's
are new with every attempt.
"""

import time
from bisect import bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from search_spaces.space import Configuration, split_family
from searcher.candidates import DUMMY
from searcher.errors import RecallError
from searcher.records import Decision, Origin
from searcher.strategies.base import TuneParts
from searcher.tuning.handle import TrialHandle

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
    initial: tuple[Configuration, ...]  # the defaults, joint
    max_resource: int
    dummy: Configuration  # of the dummy family
    time_s: float | None = None  # budget in seconds of its trials' work
    trial_time_s: float | None = None
    proposed: int = 0
    dummy_proposed: bool = False
    defaults_left: int = 0
    exhausted: bool = False  # the strategy has nothing left to propose
    spent_s: float = 0.0
    live: dict[str, LiveTrial] = field(default_factory=dict)  # by our trial ids
    waiting: deque[Proposal] = field(default_factory=deque)  # to run once more
    seen: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))  # sorted

    @property
    def out_of_time(self) -> bool:
        """Whether its trials have used up the seconds it was given."""
        return self.time_s is not None and self.spent_s >= self.time_s

    @property
    def done(self) -> bool:
        """Whether it will propose nothing more, as far as one can say now."""
        if self.waiting:
            return False
        if not self.dummy_proposed or (self.defaults_left > 0 and not self.exhausted):
            return False
        return self.proposed >= self.trials or self.exhausted or self.out_of_time

    @property
    def running(self) -> int:
        """How many trials have a worker, or are about to."""
        return len(self.live) - len(self.waiting)

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
        action = str(self.scheduler.on_trial_result(controller, handle, dict(result)))
        reason = self._reason(trial_id, int(result["resource"]), action)
        if proposal.origin == "default" and action == TrialScheduler.STOP:
            action, reason = go_on, "a default is never stopped"
        elif self.out_of_time and proposal.origin == "strategy":
            action, reason = str(TrialScheduler.STOP), f"budget.time_s {self.time_s:g} is spent"
        if reason is None or result["resource"] >= self.max_resource:
            return action, None
        return action, self._decision(trial_id, result, action=action, reason=reason)

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
        if result is None or result.get("score") is None:
            self.scheduler.on_trial_remove(controller, handle)
        else:
            self.scheduler.on_trial_complete(controller, handle, dict(result))

    def lose(self, trial_id: str) -> str | None:
        """Queue a trial once more whose worker died; say why not, if it is its own fault."""
        trial = self.live[trial_id]
        trial.deaths += 1
        elapsed = time.monotonic() - trial.since
        limit = self.trial_time_s
        if limit is not None and trial.spent_s + elapsed >= limit:
            return f"took longer than budget.trial_time_s = {limit:g} s, and did not let go"
        if trial.deaths >= MOST_DEATHS:
            return (
                f"the worker process died {trial.deaths} times in inner fold number "
                f"{len(trial.scores) + 1} of the trial (out of memory, or a crash)"
            )
        self.again(trial_id)
        return None

    def again(self, trial_id: str) -> Proposal:
        """Queue a live trial to go on where it is, in a further attempt."""
        trial = self.live[trial_id]
        trial.proposal = replace(
            trial.proposal, attempt=trial.proposal.attempt + 1, scores=tuple(trial.scores)
        )
        self.waiting.append(trial.proposal)
        return trial.proposal

    def _take(
        self, trial_id: str, family: str, configuration: Configuration, origin: Origin
    ) -> Proposal:
        proposal = Proposal(trial_id, self.outer_fold, self.proposed, family, configuration, origin)
        self.begin(proposal)
        return proposal

    def begin(self, proposal: Proposal) -> None:
        """Count a proposal; from here on its trial is live."""
        self.proposed += 1
        self.dummy_proposed = self.dummy_proposed or proposal.origin == "dummy"
        self.defaults_left -= proposal.origin == "default"
        self.live[proposal.trial_id] = LiveTrial(proposal, list(proposal.scores))
        if proposal.origin != "dummy":
            self.scheduler.on_trial_add(None, TrialHandle.of(proposal.trial_id, proposal.origin))

    def _account(self, trial_id: str, result: Mapping[str, Any]) -> LiveTrial:
        trial = self.live[trial_id]
        spent = float(result.get("work_s", 0.0))
        self.spent_s += spent
        trial.spent_s += spent
        return trial

    def _reason(self, trial_id: str, resource: int, action: str) -> str | None:
        """Why, for the log; None where nothing was compared."""
        rungs = getattr(self.scheduler, "rungs", None)
        if rungs is None:
            return None if action == TrialScheduler.CONTINUE else "the strategy stopped it"
        if resource not in rungs(trial_id):
            return None
        return "below the cutoff" if action == TrialScheduler.STOP else "at or above the cutoff"

    def _decision(
        self, trial_id: str, result: Mapping[str, Any], *, action: str, reason: str
    ) -> Decision:
        resource, score = int(result["resource"]), float(result["score"])
        seen = self.seen[resource]
        insort(seen, score)
        cutoff = getattr(self.scheduler, "cutoff", None)
        return Decision(
            trial_id=trial_id,
            resource=resource,
            score=score,
            decision="stop" if action == TrialScheduler.STOP else "continue",
            reason=reason,
            rank=1 + len(seen) - bisect_right(seen, score),
            rivals=len(seen),
            cutoff=None if cutoff is None else cutoff(trial_id, resource),
        )


def make_inner_search(
    parts: TuneParts,
    *,
    search_id: str,
    outer_fold: str,
    trials: int,
    initial: Sequence[Configuration],
    max_resource: int,
    dummy: Configuration,
    time_s: float | None,
    trial_time_s: float | None = None,
) -> InnerSearch:
    """Inner search around a strategy's two halves; without a scheduler every trial runs through."""
    return InnerSearch(
        search_id=search_id,
        outer_fold=outer_fold,
        searcher=parts.searcher,
        scheduler=parts.scheduler or FIFOScheduler(),
        trials=trials,
        initial=tuple(initial),
        defaults_left=len(initial),
        max_resource=max_resource,
        dummy=dummy,
        time_s=time_s,
        trial_time_s=trial_time_s,
    )
