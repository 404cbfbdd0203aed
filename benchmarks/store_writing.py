"""One process that writes trials for a while: what ``benchmarks.store`` starts, once a writer.

``python -m benchmarks.store_writing SIDE URL NUMBER SECONDS`` gets ready, says so, waits for a
line, writes for so many seconds and prints what it took. A trial counts when the store has
acknowledged all of it, which is after the commit on every side.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from benchmarks import store_peers
from benchmarks.store_trials import start_search, trial_records

GROUP = 100
"""Trials between two flushes of the group commit: the next one waits for its acknowledgement."""

Step = Callable[[], int]
"""Write some trials, wait until they are acknowledged and return how many they were."""


@contextmanager
def ours(
    url: str, number: int, *, group: int | None, synchronous: Any = "NORMAL"
) -> Iterator[Step]:
    """Write by our writer, each with a search of its own.

    Parameters
    ----------
    group
        Trials that are added before a flush; None: a flush after each of a trial's 7 records.
    """
    from searcher.store import Writer

    search_id, rng, written = f"search-{number}", random.Random(number), 0  # noqa: S311
    with Writer(url, synchronous=synchronous) as writer:
        writer.add(start_search(search_id))
        writer.lead(search_id)  # so that every transaction asks for the lease, as a driver's do

        def step() -> int:
            nonlocal written
            for _ in range(group or 1):
                for record in trial_records(search_id, written, rng):
                    writer.add(record)
                    if group is None:
                        writer.flush()
                written += 1
            if group is not None:
                writer.flush()
            return group or 1

        yield step


SIDES: dict[str, Callable[[str, int], AbstractContextManager[Step]]] = {
    "group": partial(ours, group=GROUP),
    "group FULL": partial(ours, group=GROUP, synchronous="FULL"),
    "event": partial(ours, group=None),
    "event FULL": partial(ours, group=None, synchronous="FULL"),
    "optuna": store_peers.optuna_rdb,
    "optuna FULL": partial(store_peers.optuna_rdb, synchronous="FULL"),
    "optuna as is": partial(store_peers.optuna_rdb, synchronous=None),
    "journal": store_peers.optuna_journal,
    "mlflow": store_peers.mlflow_tracking,
}


def prepare(side: str, url: str) -> None:
    """Create the tables, before several processes would do it at once."""
    with SIDES[side](url, 99) as step:
        step()


def write(step: Step, seconds: float) -> dict[str, float]:
    """Write for at least ``seconds``; the longest step is the longest wait for an answer."""
    trials, slowest = 0, 0.0
    cpu, began = time.process_time(), time.perf_counter()
    now = began
    while now - began < seconds:
        trials += step()
        before, now = now, time.perf_counter()
        slowest = max(slowest, now - before)
    used = time.process_time() - cpu
    return {"trials": trials, "wall_s": now - began, "cpu_s": used, "slowest_s": slowest}


def main() -> None:
    """Answer the process that asked."""
    side, url, number, seconds = sys.argv[1:]
    if number == "prepare":
        prepare(side, url)
        return
    with SIDES[side](url, int(number)) as step:
        step()
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(write(step, float(seconds))), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
