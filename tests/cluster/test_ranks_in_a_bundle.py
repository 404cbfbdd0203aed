"""Ranks beside an actor in a placement group, as a trial has them, seen by the driver."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from cluster.ranks import RankGroup, TooManyRanksError
from cluster.session import Session
from tests.cluster.ranks import SECONDS, are_gone, free_cpus, go_on, settles, total

pytestmark = pytest.mark.ray


class Trial:
    """An actor that is rank 0."""

    def __init__(self) -> None:
        self._group = RankGroup(2)

    def pids(self) -> list[int]:
        return [pid for _, pid, _ in self._group.run(total, 0)]

    def go_on(self) -> None:
        self._group.run(go_on)

    def ask_for_more(self) -> str:
        try:
            RankGroup(3)
        except TooManyRanksError as error:
            return str(error)
        return "there was room"

    def close_and_begin_again(self) -> None:
        self._group.close()
        self._group = RankGroup(2)


@pytest.fixture
def trial(ray_session: Session) -> Iterator[Any]:
    """Rank 0 in the first of two bundles that take up the whole cluster."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    bundles = ray.util.placement_group([{"CPU": 1}] * 2)
    strategy = PlacementGroupSchedulingStrategy(bundles, 0)
    yield ray.remote(num_cpus=1)(Trial).options(scheduling_strategy=strategy).remote()
    ray.util.remove_placement_group(bundles)
    assert settles(lambda: free_cpus() == ray_session.cpus)


def test_ranks_use_the_bundles_of_their_trial_and_refuse_more_than_there_are(trial: Any) -> None:
    import ray

    first = ray.get(trial.pids.remote(), timeout=60)
    refusal = ray.get(trial.ask_for_more.remote(), timeout=60)
    ray.get(trial.close_and_begin_again.remote(), timeout=60)
    second = ray.get(trial.pids.remote(), timeout=60)

    assert len({*first, *second}) == 3  # rank 0 stays, rank 1 is another process
    assert first[0] == second[0]
    assert "3 ranks need a bundle of 1 CPU each" in refusal
    ray.kill(trial)
    assert settles(lambda: are_gone([*first, *second]))


def test_when_rank_0_is_killed_the_driver_hears_of_it_and_the_others_end(trial: Any) -> None:
    import ray

    pids = ray.get(trial.pids.remote(), timeout=60)
    busy = trial.go_on.remote()
    cpu_s = psutil.Process(pids[1]).cpu_times().user
    assert settles(lambda: psutil.Process(pids[1]).cpu_times().user > cpu_s + 0.1)

    began = time.monotonic()
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(ray.exceptions.RayActorError):
        ray.get(busy, timeout=60)

    assert time.monotonic() - began < SECONDS
    assert settles(lambda: are_gone(pids))
