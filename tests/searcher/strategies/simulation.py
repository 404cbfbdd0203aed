"""A search without workers: a strategy's two halves, deterministic scores, an event log.

What happens next depends on the log alone, so a search that was replayed from a part of the log
has to go on to the very same log.
"""

import json
import zlib
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

import numpy as np
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from search_spaces.space import Configuration
from searcher.strategies.base import TuneParts
from searcher.strategies.listed import key


class Event(NamedTuple):
    """One thing that happened to a trial: ``proposed``, ``result`` or ``ended``."""

    kind: str
    trial_id: str
    configuration: Configuration | None = None
    result: dict[str, Any] | None = None  # None for a trial that failed
    decision: str | None = None
    cutoff: float | None = None
    own: bool = True


class Simulation:
    """One inner search with ``slots`` trials at once; some fail, some are stopped."""

    def __init__(self, parts: TuneParts, *, slots: int, max_resource: int) -> None:
        self.searcher, self.scheduler = parts.searcher, parts.scheduler or FIFOScheduler()
        self.slots, self.max_resource = slots, max_resource
        self.log: list[Event] = []
        self._running: dict[str, tuple[Configuration, int]] = {}  # with the folds it has done
        self._proposed = 0

    @property
    def proposals(self) -> list[Configuration]:
        """What was proposed, in order."""
        return [e.configuration for e in self.log if e.configuration is not None and e.own]

    def run(self, trials: int) -> Self:
        """Propose ``trials`` trials, or what there is, and see them all end."""
        is_finished = False
        while True:
            if self.log and self._over:
                self._go_on()
            elif len(self._running) < self.slots and self._proposed < trials and not is_finished:
                is_finished = not self._propose()
            elif self._running:
                self._go_on()
            else:
                return self

    def replay(self, log: Iterable[Event]) -> Self:
        """Take over the events of another simulation, as a store would have kept them."""
        for event in log:
            stored = None if event.result is None else json.loads(json.dumps(event.result))
            match event.kind:
                case "proposed":
                    configuration = json.loads(json.dumps(event.configuration, sort_keys=True))
                    self.searcher.recall(event.trial_id, configuration, own=event.own)
                    self._add(event.trial_id, configuration)
                case "result":
                    assert stored is not None
                    self._result(event.trial_id, stored)
                case _:
                    self._end(event.trial_id, stored)
            self.log[-1] = self.log[-1]._replace(own=event.own)
        return self

    def _propose(self) -> bool:
        trial_id = f"churn-3f9a2c.0.{1 + self._proposed}"
        suggested = self.searcher.suggest(trial_id=trial_id)
        if suggested == Searcher.FINISHED:
            return False
        self._add(trial_id, suggested)
        return True

    def _add(self, trial_id: str, configuration: Configuration) -> None:
        self._proposed += 1
        self._running[trial_id] = (configuration, 0)
        self.scheduler.on_trial_add(None, SimpleNamespace(trial_id=trial_id))
        self.log.append(Event("proposed", trial_id, configuration))

    def _go_on(self) -> None:
        if self._over:
            self._end(self._over, self.log[-1].result)
            return
        chance = np.random.default_rng(len(self.log))
        trial_id = list(self._running)[int(chance.integers(len(self._running)))]
        configuration, done = self._running[trial_id]
        if done == 1 and zlib.crc32(key(configuration).encode()) % 7 == 0:
            self._end(trial_id, None)
        else:
            self._result(trial_id, _scored(configuration, done + 1))

    def _result(self, trial_id: str, result: dict[str, Any]) -> None:
        trial = SimpleNamespace(trial_id=trial_id)
        decision = str(self.scheduler.on_trial_result(None, trial, result))
        ask = getattr(self.scheduler, "cutoff", None)
        cutoff = ask(trial_id, result["resource"]) if ask else None
        self.searcher.on_trial_result(trial_id, result)
        self._running[trial_id] = (self._running[trial_id][0], result["resource"])
        self.log.append(Event("result", trial_id, None, result, decision, cutoff))

    @property
    def _over(self) -> str | None:
        """The trial that has just been stopped or has done its last fold, if there is one."""
        last = self.log[-1]
        if last.kind != "result" or last.result is None:
            return None
        is_over = last.decision == TrialScheduler.STOP
        return last.trial_id if is_over or last.result["resource"] == self.max_resource else None

    def _end(self, trial_id: str, result: dict[str, Any] | None) -> None:
        trial = SimpleNamespace(trial_id=trial_id)
        if result is None:
            self.scheduler.on_trial_remove(None, trial)
        else:
            self.scheduler.on_trial_complete(None, trial, result)
        self.searcher.on_trial_complete(trial_id, result=result, error=result is None)
        del self._running[trial_id]
        self.log.append(Event("ended", trial_id, None, result))


def score(configuration: Configuration, resource: int) -> float:
    """Larger is better; some configurations are, some folds are luckier."""
    numbers = [v for v in configuration.values() if isinstance(v, (int, float))]
    luck = zlib.crc32(f"{key(configuration)} {resource}".encode()) / 2**32
    return float(-sum((np.tanh(v) - 0.3) ** 2 for v in numbers) + 0.05 * luck)


def _scored(configuration: Configuration, resource: int) -> dict[str, Any]:
    """Result after so many folds; the mean so far is told as the newest fold's score."""
    found = score(configuration, resource)
    return {"score": found, "fold_score": found, "resource": resource}
