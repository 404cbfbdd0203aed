"""How soon a trial on several ranks takes its first optimiser step: warm ranks, and TorchTrainer.

``python -m benchmarks.ddp [--trials 4] [--ranks 2] [--rounds 5]`` prints two Markdown tables (three
minutes on two cores). The second is what it costs that a member of a population goes on from
another one's state (``benchmarks.exploit``). TorchTrainer inside Tune has no way to do that: an
exploit of Ray's PBT starts its trial anew, and costs the first step of a warm one, at least.

In the first table every way trains the same small network with DistributedDataParallel over gloo,
one trial after another, in the same Ray:

- ``cluster.ranks`` alone: a group of ranks, without Ray Tune;
- ``cluster.ranks`` inside Tune: a class trainable, reused (``reuse_actors``), in a placement group
  with a bundle for each rank;
- Ray's ``TorchTrainer`` inside a Tune function, which is how Ray (2.60) documents it, with the
  function's process reused as well.

A trial starts when Tune asks for its configuration. **Cold** is the first trial of a way, **warm**
the median of the later ones. What a way leaves behind is counted when it has ended.
"""

import argparse
import logging
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.ddp_ways import Trials, ranks_alone, ranks_in_tune, torch_trainer_in_tune
from benchmarks.exploit import lines as exploits
from cluster.session import available_cpus, connect
from searcher.tuning.run import TUNE_ENVIRONMENT

HEAD = (
    "| way | first step, cold, s | first step, warm, s | a trial, cold, s | a trial, warm, s "
    "| CPUs, placement groups left behind |"
)


def left_behind(cpus: int, *, patience_s: float = 5.0) -> str:
    """Count CPUs that are still taken and placement groups that are still there, after a while."""
    import ray

    deadline = time.monotonic() + patience_s
    while True:
        taken = cpus - ray.available_resources().get("CPU", 0)
        table = ray.util.placement_group_table().values()
        groups = sum(group["state"] != "REMOVED" for group in table)
        if (not taken and not groups) or time.monotonic() > deadline:
            return f"{taken:g}, {groups}"
        time.sleep(0.05)


def row(way: str, trials: Trials, left: str) -> str:
    """Lay a way's trials out as a row of the table."""
    cells = [
        f"{seconds:.2f}"
        for taken in (trials.first_step, trials.whole)
        for seconds in (taken[0], statistics.median(taken[1:]))
    ]
    return f"| {way} | {' | '.join(cells)} | {left} |"


def lines(n_trials: int, n_ranks: int) -> Iterator[str]:
    """Yield the table line by line."""
    cpus = n_ranks + 1  # TorchTrainer's trial needs a little for itself
    cores, load = available_cpus(), os.getloadavg()[0]
    yield f"{n_ranks} ranks, {n_trials} trials a way, {cores} cores, load {load:.1f} before\n"
    yield HEAD
    yield "| --- " * 6 + "|"
    with tempfile.TemporaryDirectory() as folder, _quiet(), connect(cpus=cpus):
        alone, call_s = ranks_alone(n_trials, n_ranks)
        yield row("`cluster.ranks` alone", alone, left_behind(cpus))
        ways: dict[str, Callable[[int, int, str], Trials]] = {
            "`cluster.ranks` inside Tune": ranks_in_tune,
            "`TorchTrainer` inside Tune": torch_trainer_in_tune,
        }
        for name, way in ways.items():
            yield row(name, way(n_trials, n_ranks, folder), left_behind(cpus))
    yield f"\nA call of warm ranks with one collective operation: {1e3 * call_s:.1f} ms."


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Ray says on the way to the numbers."""
    os.environ.update(TUNE_ENVIRONMENT)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=4, help="of each way; the first is cold")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="of each size that is copied")
    options = parser.parse_args()
    for line in lines(options.trials, options.ranks):
        print(line, flush=True)
    print()
    for line in exploits(options.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
