"""How soon a search goes on: from opening the store to the next proposal of each inner search.

``python -m benchmarks.store_resume STRATEGY URL TRIALS`` tells a store the trials of a search that
was cut off (four inner searches, some trials stopped, one running in each), and resumes it. Nothing
is fitted. The history's proposals are random for every strategy: TPE would take minutes to make
them, and takes over any trials of the space.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from ray.tune.schedulers import TrialScheduler

from benchmarks.store_trials import BOOSTERS, FOLDS, OUTER, start_search
from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Space, join_family
from searcher.plugins import load_strategy
from searcher.records import FoldScore, Record, TrialEnded, TrialStarted, TrialState
from searcher.store import Store, Writer
from searcher.strategies.base import Problem
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.replay import replay
from searcher.tuning.trial import LiveTrial

SEARCH_ID = "cut-off"

STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("random", {}),
    "TPE": ("tpe", {}),
    "ASHA and TPE": ("asha", {"searcher": "tpe"}),
}

SPACE = Space.join(
    {
        "xgboost": Space(
            parameters={
                "learning_rate": Float(low=1e-4, high=1.0, log=True),
                "max_depth": Integer(low=2, high=12),
                "subsample": Float(low=0.5, high=1.0),
                "booster": Categorical(choices=BOOSTERS),
            }
        )
    }
)
DEFAULT = {"learning_rate": 0.3, "max_depth": 6, "subsample": 1.0, "booster": "gbtree"}


def make_search(strategy: str, outer_fold: str, trials: int, **changes: Any) -> InnerSearch:
    """Make an inner search with nothing proposed, and a budget that is not used up."""
    kind, options = STRATEGIES[strategy]
    initial = (join_family("xgboost", DEFAULT),)
    problem = Problem(
        space=SPACE,
        initial=initial,
        trials=trials + 99,
        max_resource=FOLDS,
        seed=OUTER.index(outer_fold),
    )
    return make_inner_search(
        load_strategy(kind)(**(options | changes)).build(problem),
        search_id=SEARCH_ID,
        outer_fold=outer_fold,
        trials=trials + 100,
        initial=initial,
        longest={"inner_folds": FOLDS},
        dummy={"strategy": "prior"},
        time_s=None,
    )


def past_records(inner: InnerSearch, trials: int, rng: random.Random) -> Iterator[Record]:
    """Yield what an inner search says that is cut off in its last trial's first fold."""
    for number in range(trials):
        proposal = inner.propose()
        if proposal is None:
            raise ValueError(f"{number} proposals, and no more")
        yield TrialStarted(
            proposal.trial_id,
            SEARCH_ID,
            proposal.outer_fold,
            proposal.number,
            proposal.family,
            proposal.configuration,
            proposal.origin,
        )
        if number < trials - 1:
            yield from fold_records(inner, inner.live[proposal.trial_id], rng)


def fold_records(inner: InnerSearch, trial: LiveTrial, rng: random.Random) -> Iterator[Record]:
    """Yield the scores of a trial until it is stopped or done, then its end, then nothing."""
    trial_id = trial.proposal.trial_id
    handle = TrialHandle.of(trial_id, trial.proposal.origin)
    state: TrialState = "completed"
    for fold in range(FOLDS):
        score = rng.random()
        yield FoldScore(trial_id, fold + 1, fold, {"roc_auc": score}, 0.2, 0.01, 0.25)
        trial.add(score)
        mean = float(np.mean(trial.scores))
        result = {"score": mean, "resource": fold + 1, "work_s": 0.21, "failure": None}
        if fold + 1 == FOLDS:
            break
        action, _ = inner.judge(trial_id, result, handle)
        if action == TrialScheduler.STOP:
            state = "stopped"
            break
        inner.learn(trial_id, result)
    yield TrialEnded(trial_id, state, mean, len(trial.scores))
    inner.retire(handle, result)
    inner.conclude(trial_id, result)


def fill(url: str, strategy: str, trials: int) -> None:
    """Tell a store the history, one inner search after the other."""
    with Writer(url) as writer:
        writer.add(start_search(SEARCH_ID))
        for outer_fold in OUTER:
            if STRATEGIES[strategy][0] == "asha":
                inner = make_search(strategy, outer_fold, trials, searcher="random")
            else:
                inner = make_search("random", outer_fold, trials)
            for record in past_records(inner, trials, random.Random(outer_fold)):  # noqa: S311
                writer.add(record)
            writer.flush()


def time_resume(url: str, strategy: str, trials: int) -> dict[str, float]:
    """Return seconds for reading the store, replaying its events, and proposing once more."""
    cpu, began = time.process_time(), time.perf_counter()
    with Store(url) as store:
        past = store.past(SEARCH_ID)
    read = time.perf_counter()
    inner = {outer_fold: make_search(strategy, outer_fold, trials) for outer_fold in past}
    for outer_fold, search in inner.items():
        replay(search, past[outer_fold])
    replayed = time.perf_counter()
    for search in inner.values():
        again, new = search.propose(), search.propose()
        if again is None or again.attempt == 1 or new is None:
            raise ValueError("nothing was cut off, or nothing more is proposed")
    return {
        "trials": sum(map(len, past.values())),
        "read_s": read - began,
        "replay_s": replayed - read,
        "propose_s": time.perf_counter() - replayed,
        "cpu_s": time.process_time() - cpu,
    }


def main() -> None:
    """Answer the process that asked."""
    strategy, url, trials = sys.argv[1:]
    of_one = int(trials) // len(OUTER)
    fill(url, strategy, of_one)
    print(json.dumps(time_resume(url, strategy, of_one)))


if __name__ == "__main__":
    main()
