"""What a worker does with a trial whose inner folds advance together, alone or with other ranks."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cluster.ranks import Rank, RankGroup
from searcher.errors import StoreError
from searcher.evaluation import FeatureCache, FoldResult
from searcher.failpoints import failpoint
from searcher.lockstep import Lockstep, Task
from searcher.plugins import load_family
from searcher.stepwise import Place
from searcher.tuning.trial import Proposal
from searcher.tuning.work import Work

if TYPE_CHECKING:  # it takes half a second, and few trials need it
    from searcher.store.checkpoints import Checkpoints


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What one more unit has brought."""

    resource: int
    folds: tuple[FoldResult, ...]  # in the order in which trials see them
    is_last: bool
    fit_s: float  # of this unit; the processes train at the same time
    score_s: float
    cpu_s: float  # of all processes


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a rank says of a unit."""

    folds: tuple[FoldResult, ...]  # that it has scored
    done: bool
    resource: int
    cpu_s: float


class LockstepTrial:
    """A trial that is at some unit of its resource.

    It begins in its first step: from the newest checkpoint that belongs to its way so far, or from
    nothing, in which case it trains again, silently, what the store knows already.

    Parameters
    ----------
    shared
        The work, or a reference to it that every rank can follow.
    """

    def __init__(self, proposal: Proposal, work: Work, group: RankGroup, shared: Any) -> None:
        self._proposal, self._work, self._group, self._shared = proposal, work, group, shared
        self.is_saved = True  # what it has come to
        self._begun = False
        self._scored_s: dict[int, float] = {}  # inner fold -> seconds of scoring so far
        self._saved_at = time.monotonic()
        self._unusable: list[str] = []  # what nobody has been told yet of checkpoints

    def step(self, *, save: bool = False) -> tuple[UnitResult, dict[str, Any] | None]:
        """Train one more unit; return what it brought, and the checkpoint if one was saved.

        One is saved if it is time, or if ``save`` says so.
        Beside the checkpoint may stand ``unusable``, what could not be used of earlier ones; in its
        place the ``trouble`` that there was with saving it.

        Raises
        ------
        RankDiedError
            If another rank's process died.
        """
        if not self._begun:
            self._begin()
        failpoint("worker.before_unit")
        self.is_saved = False
        unit = self._advance()
        saved = self._save(unit) if self._is_due(unit, save=save) else {}
        failpoint("worker.after_unit")
        return unit, (self._told() | saved) or None

    def _begin(self) -> None:
        self._group.run(_begin_on, self._shared, self._proposal.to_config())
        resource, parts = self._found()
        if parts:
            self._group.run(_load_on, resource, parts)
        while resource < self._proposal.resource:
            self._group.run(_advance_on, False)
            resource += 1
        self._begun = True

    def _advance(self) -> UnitResult:
        started = time.perf_counter()
        answers = self._group.run(_advance_on, True)
        wall_s = time.perf_counter() - started
        known = {fold.inner_fold: fold for answer in answers for fold in answer.folds}
        order = self._work.folds[self._proposal.outer_fold]
        folds = tuple(known[-1 if f.inner_fold is None else f.inner_fold] for f in order)
        before = self._scored_s
        scored = [
            sum(fold.score_s - before.get(fold.inner_fold, 0.0) for fold in answer.folds)
            for answer in answers
        ]
        self._scored_s = {fold.inner_fold: fold.score_s for fold in folds}
        score_s = min(max(scored), wall_s)  # ranks score at the same time
        return UnitResult(
            resource=answers[0].resource,
            folds=folds,
            is_last=all(answer.done for answer in answers),
            fit_s=wall_s - score_s,
            score_s=score_s,
            cpu_s=sum(answer.cpu_s for answer in answers),
        )

    def _found(self) -> tuple[int, dict[str, bytes]]:
        """Load the newest checkpoint on this trial's way: its own, or that it was copied from."""
        if self._work.checkpoints is None or not self._proposal.resource:
            return 0, {}
        proposal, checkpoints = self._proposal, self._checkpoints()
        since = proposal.source[1] if proposal.source else 0
        newest = partial(checkpoints.newest_valid, notice=self._unusable.append)
        found = newest(proposal.trial_id, above=since, up_to=proposal.resource)
        if found is None and proposal.source:
            found = newest(proposal.source[0], above=since - 1, up_to=since)
        return (0, {}) if found is None else (found.checkpoint.resource, found.payload)

    def _is_due(self, unit: UnitResult, *, save: bool) -> bool:
        if self._work.checkpoints is None:
            return False
        if save or unit.is_last or unit.resource == self._proposal.until:
            return True
        # members of a population find each other's state of the end of a generation
        waited = time.monotonic() - self._saved_at >= self._work.checkpoint_s
        return self._proposal.until is None and waited

    def _told(self) -> dict[str, Any]:
        """Say, once, which checkpoints could not be used, and what that costs."""
        if not self._unusable:
            return {}
        told, self._unusable = "; ".join(self._unusable), []
        return {"unusable": f"trial {self._proposal.trial_id} trains again what is lost: {told}"}

    def _save(self, unit: UnitResult) -> dict[str, Any]:
        """Save; a disk that is full costs the time since the last checkpoint, not the trial."""
        parts: dict[str, bytes] = {}
        for part in self._group.run(_state_on):
            parts |= part
        score = float(np.mean([fold.scores[self._work.metrics[0]] for fold in unit.folds]))
        self._saved_at = time.monotonic()
        try:
            saved = self._checkpoints().save(
                self._proposal.trial_id, unit.resource, parts, score=score
            )
        except StoreError as error:
            return {"trouble": str(error)}
        self.is_saved = True
        made = asdict(saved.checkpoint)
        made.pop("created_at")
        return made | {"removed": list(saved.removed)}

    def _checkpoints(self) -> "Checkpoints":
        from searcher.store.checkpoints import Checkpoints

        return Checkpoints(Path(self._work.checkpoints or ""))


def _begin_on(rank: Rank, work: Work, config: Mapping[str, Any]) -> None:
    """Begin a trial on a rank; what its process has of an earlier one is forgotten."""
    proposal = Proposal.from_config(config)
    cache = rank.kept.setdefault("cache", FeatureCache())
    rank.kept["work"] = work
    task = Task(
        family=load_family(work.families[proposal.family]),
        schedule=tuple((since, found) for since, found in proposal.way),
        rows=work.rows,
        folds=work.folds[proposal.outer_fold],
        metrics=work.metrics,
        seed=work.seed,
        cpus=work.cpus,
        generation=work.generation,
    )
    place = Place(rank.number, rank.world, rank.device)
    rank.kept["trial"] = Lockstep(task, cache=cache, place=place, share=work.share)


def _load_on(rank: Rank, resource: int, parts: Mapping[str, bytes]) -> None:
    trial: Lockstep = rank.kept["trial"]
    trial.load_state(resource, parts)


def _advance_on(rank: Rank, judge: bool) -> Advanced:
    trial: Lockstep = rank.kept["trial"]
    cpu = time.process_time()
    folds = trial.advance(judge=judge)
    return Advanced(tuple(folds), trial.done, trial.resource, time.process_time() - cpu)


def _state_on(rank: Rank) -> dict[str, bytes]:
    """Write the state; ranks that share rows have the same, and the first one tells it."""
    trial: Lockstep = rank.kept["trial"]
    work: Work = rank.kept["work"]
    return {} if rank.number and work.share == "rows" else trial.state()
