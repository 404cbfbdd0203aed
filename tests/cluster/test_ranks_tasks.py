"""Calls that each run on several ranks, on a real local Ray."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from cluster.ranks import Rank, RankDiedError
from cluster.ranks.tasks import run_on_ranks
from cluster.session import Session
from cluster.tasks import ATTEMPTS, ProcessDiedError, run_tasks
from tests.cluster.ranks import are_gone, free_cpus, settles, total

pytestmark = pytest.mark.ray


def add(rank: Rank, shared: list[int], argument: int) -> tuple[int, int, float]:
    """Number and process of the rank that answers, and a sum over all ranks."""
    return total(rank, sum(shared) + argument)


def die_on(rank: Rank, shared: tuple[Path, int], times: int) -> int:
    """Let a rank's process die as often as asked; leave a trace each time."""
    folder, who = shared
    traces = len(list(folder.iterdir()))
    if rank.number == who and traces < times:
        (folder / str(traces)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    total(rank, 0)
    return times


def refuse(rank: Rank, shared: None, argument: int) -> int:
    raise LookupError(f"no such row: {argument}")


def on_two(function: Any, arguments: list[int], shared: Any) -> list[Any]:
    return [found for _, found in run_on_ranks(function, arguments, shared=shared, ranks=2, cpus=1)]


def test_calls_run_on_all_ranks_which_stay_warm_until_the_last_one_is_answered(
    ray_session: Session,
) -> None:
    found = on_two(add, [1, 2, 3], [10])

    assert sorted((number, value) for number, _, value in found) == [(0, 23), (0, 25), (0, 27)]
    (pid,) = {pid for _, pid, _ in found}
    assert settles(lambda: are_gone([pid]))
    assert settles(lambda: free_cpus() == ray_session.cpus)


@pytest.mark.parametrize("who", [0, 1])
def test_a_call_that_lost_a_rank_is_begun_again(
    ray_session: Session, tmp_path: Path, who: int
) -> None:
    assert on_two(die_on, [1], (tmp_path, who)) == [1]
    assert settles(lambda: free_cpus() == ray_session.cpus)


def test_a_call_that_loses_a_rank_each_time_is_given_up(
    ray_session: Session, tmp_path: Path
) -> None:
    with pytest.raises(RankDiedError):
        on_two(die_on, [ATTEMPTS], (tmp_path, 1))

    assert len(list(tmp_path.iterdir())) == ATTEMPTS
    assert settles(lambda: free_cpus() == ray_session.cpus)


def test_what_the_function_raises_arrives_as_it_is(ray_session: Session) -> None:
    with pytest.raises(LookupError, match="no such row: 5"):
        on_two(refuse, [5], None)

    assert settles(lambda: free_cpus() == ray_session.cpus)


def die_alone(folder: Path, times: int) -> int:
    traces = len(list(folder.iterdir()))
    if traces < times:
        (folder / str(traces)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return times


@pytest.mark.usefixtures("ray_session")
def test_a_task_whose_process_dies_is_begun_again_and_given_up_in_the_end(tmp_path: Path) -> None:
    again, never = tmp_path / "again", tmp_path / "never"
    again.mkdir()
    never.mkdir()

    assert list(run_tasks(die_alone, [2], shared=again, cpus=1)) == [(2, 2)]
    with pytest.raises(ProcessDiedError, match="died 3 times"):
        list(run_tasks(die_alone, [3], shared=never, cpus=1))
