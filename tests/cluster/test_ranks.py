"""Groups of ranks on a real local Ray: what they compute, and how they end."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from cluster.ranks import Rank, RankDiedError, RankGroup, TooManyRanksError, require_room
from cluster.ranks.meeting import join, leave, open_store
from cluster.ranks.members import Members
from cluster.session import Session
from tests.cluster.ranks import (
    SECONDS,
    Groups,
    are_gone,
    free_cpus,
    go_on,
    keep,
    kill_1,
    others_of,
    raise_everywhere,
    raise_on_1,
    raise_unpicklable_on_1,
    settles,
    stop_1,
    total,
)

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def groups(ray_session: Session) -> Iterator[Groups]:
    """A warm group for all tests of the module; a test that breaks it costs a new one."""
    held = Groups()
    yield held
    held.close()
    assert settles(lambda: free_cpus() == ray_session.cpus)
    assert not [t for t in threading.enumerate() if t.name.startswith("ranks")]


def test_all_ranks_compute_together_and_answer_in_order(groups: Groups) -> None:
    answers = groups.get(2).run(total, 10)

    assert [(number, value) for number, _, value in answers] == [(0, 21), (1, 21)]
    assert answers[0][1] == os.getpid()
    assert answers[1][1] != os.getpid()


def test_a_rank_keeps_between_calls_what_it_is_asked_to(groups: Groups) -> None:
    group = groups.get(2)
    before = group.run(keep, 0)

    group.run(keep, 1)

    assert group.run(keep, 2) == [before[0] + 3, before[1] + 3]


def test_an_argument_in_the_object_store_arrives_as_its_value_on_every_rank(
    groups: Groups,
) -> None:
    import ray

    assert groups.get(2).run(lambda rank, data: data[rank.number], ray.put([5, 7])) == [5, 7]


def test_ranks_that_raise_the_same_error_stay_warm(groups: Groups) -> None:
    group = groups.get(2)
    before = others_of(group)

    with pytest.raises(ArithmeticError, match="loss is NaN"):
        group.run(raise_everywhere)

    assert group.is_open
    assert others_of(group) == before


def test_an_error_on_one_rank_reaches_the_caller_while_the_others_wait_for_it(
    groups: Groups,
) -> None:
    group = groups.get(2)
    others = others_of(group)

    began = time.monotonic()
    with pytest.raises(LookupError, match="no such row") as caught:
        group.run(go_on, raise_on_1)

    assert time.monotonic() - began < SECONDS
    assert caught.value.__notes__ == ["raised on rank 1 of 2"]
    assert not group.is_open
    assert settles(lambda: are_gone(others))
    with pytest.raises(RuntimeError, match="closed; make another one"):
        group.run(total, 0)


def test_an_error_that_can_not_travel_is_no_death(groups: Groups) -> None:
    import ray

    group = groups.get(2)

    with pytest.raises(ray.exceptions.RayError, match="Unpicklable"):
        group.run(raise_unpicklable_on_1)

    assert group.is_open


def test_a_time_limit_in_the_first_rank_reaches_all(groups: Groups) -> None:
    def on_signal(*_: object) -> None:
        raise TimeoutError("time is up")

    group = groups.get(2)
    others = others_of(group)
    before = signal.signal(signal.SIGUSR1, on_signal)
    timer = threading.Timer(0.3, os.kill, args=(os.getpid(), signal.SIGUSR1))

    timer.start()
    with pytest.raises(TimeoutError, match="time is up"):
        group.run(go_on)
    signal.signal(signal.SIGUSR1, before)

    assert settles(lambda: are_gone(others))


def test_a_killed_rank_is_named_within_seconds_and_all_others_end(groups: Groups) -> None:
    group = groups.get(4)
    answers = group.run(total, 1)
    assert [value for _, _, value in answers] == [10] * 4

    began = time.monotonic()
    with pytest.raises(RankDiedError, match="rank 1 of 4 died") as caught:
        group.run(go_on, kill_1)

    assert time.monotonic() - began < SECONDS
    assert caught.value.ranks == (1,)
    assert pickle.loads(pickle.dumps(caught.value)).ranks == (1,)  # noqa: S301
    assert settles(lambda: are_gone([pid for _, pid, _ in answers][1:]))


def test_a_rank_that_died_between_two_calls_is_noticed_by_the_next(groups: Groups) -> None:
    group = groups.get(2)
    os.kill(*others_of(group), signal.SIGKILL)

    with pytest.raises(RankDiedError, match="rank 1 of 2 died"):
        group.run(keep, 1)


def test_a_rank_that_hangs_is_given_up_after_the_timeout(groups: Groups) -> None:
    group = groups.get(2, timeout_s=2.0)
    others = others_of(group)

    with pytest.raises(RankDiedError, match="rank 1 did not answer and was ended") as caught:
        group.run(go_on, stop_1)

    assert caught.value.ranks == (1,)
    os.kill(*others, signal.SIGCONT)  # or it dies when Ray loses its patience, 5 s later (2.60)
    assert settles(lambda: are_gone(others))


def test_closing_from_another_thread_breaks_a_call_off_and_closing_again_does_nothing(
    groups: Groups,
) -> None:
    import torch.distributed as dist

    group = groups.get(2)
    others = others_of(group)

    threading.Timer(0.3, group.close).start()
    with pytest.raises(RankDiedError):
        group.run(go_on)
    group.close()

    assert not dist.is_initialized()
    assert settles(lambda: are_gone(others))
    assert settles(lambda: free_cpus() == 2)
    following = groups.get(2)
    group.close()
    assert [value for _, _, value in following.run(total, 0)] == [1, 1]  # not its business


def test_a_process_is_in_one_group_at_a_time(groups: Groups) -> None:
    groups.get(2)

    with pytest.raises(RuntimeError, match="in a process group already"):
        RankGroup(2)


def test_one_rank_needs_no_process_group(groups: Groups) -> None:
    import torch.distributed as dist

    groups.close()

    with RankGroup(1) as group:
        assert group.run(keep, 3) == [3]
        assert group.run(keep, 4) == [7]
        assert not dist.is_initialized()


def test_ranks_of_several_nodes_meet_at_the_address_of_the_first(groups: Groups) -> None:
    """On one node, with what the first would do if another rank were elsewhere."""
    import ray

    groups.close()
    address = ray.util.get_node_ip_address()
    members = Members([Rank(1, 2, "cpu")], [{}], cpus=1, gpus=0)
    found = members.addresses(start_s=60)

    meeting, store = open_store([address, "elsewhere"], gpus=0, timeout_s=20)
    calls = members.ask("join", meeting)
    join(meeting, 0, store)
    ray.get(list(calls))
    sums = members.ask("call", total, 5)
    here = total(Rank(0, 2, "cpu"), 5)
    there = [value for _, _, value in ray.get(list(sums))]

    listening = [c.laddr.ip for c in psutil.net_connections("tcp") if c.laddr.port == meeting.port]
    members.end()
    leave()
    members.await_end()
    assert found == [address]
    assert (meeting.host, meeting.local, meeting.backend) == (address, False, "gloo")
    assert [here[2], *there] == [11, 11]
    assert set(listening) == {address}  # not the whole network's
    assert "GLOO_SOCKET_IFNAME" not in os.environ


def test_more_ranks_than_cpus_are_refused_before_any_starts(groups: Groups) -> None:
    groups.close()

    with pytest.raises(TooManyRanksError, match=r"3 ranks of 1 CPU each .* room for 2"):
        RankGroup(3)
    with pytest.raises(TooManyRanksError, match=r"2 ranks of 1 CPU and 1 GPU each .* room for 0"):
        require_room(2, cpus=1, gpus=1)
    require_room(20, cpus=0.1)
    with pytest.raises(ValueError, match="one rank or more, not 0"):
        RankGroup(0)
