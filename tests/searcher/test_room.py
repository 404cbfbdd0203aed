"""How many trials may run at once: asked again as nodes come and go, never above a limit."""

import itertools
import math
from typing import Any

import pytest

from cluster.session import Session
from searcher.demand import Demand
from searcher.errors import SpecError
from searcher.room import Room, open_room
from searcher.spec.models import HardwareSpec

TREE, NETWORK = Demand(), Demand(ranks=2)
ON_GPU = Demand(gpus=1)


def room(demands: dict[str, Demand], there: dict[Demand, int], **limits: Any) -> Room:
    return Room(demands, HardwareSpec(**limits), count=lambda kind: there.get(kind, 0))


def filled(made: Room, families: str) -> int:
    """How many of these are taken, one after the other."""
    running: list[str] = []
    for family in itertools.cycle(families):
        if not made.takes_more(running):
            return len(running)
        running.append(family)
    raise AssertionError("unreachable")


def test_it_follows_the_cluster_and_is_never_less_than_one() -> None:
    there = iter([3, 5, 0, 2])
    made = Room({"t": TREE}, HardwareSpec(), count=lambda kind: next(there), every_s=0.0)

    assert [made.at_once(TREE) for _ in range(4)] == [3, 5, 1, 2]


def test_an_answer_is_good_for_a_while() -> None:
    there = iter([3, 5])
    made = Room({"t": TREE}, HardwareSpec(), count=lambda kind: next(there), every_s=math.inf)

    assert [made.at_once(TREE) for _ in range(3)] == [3, 3, 3]


def test_as_many_trials_run_as_there_is_room_for() -> None:
    assert filled(room({"t": TREE}, {TREE: 4}), "t") == 4
    assert filled(room({"n": NETWORK}, {NETWORK: 2}), "n") == 2
    assert filled(room({"t": TREE}, {}), "t") == 1  # a cluster that starts nodes on demand


@pytest.mark.parametrize(
    ("limits", "trees", "networks"),
    [
        ({"max_concurrent": 3}, 3, 3),
        ({"max_cpus": 5}, 5, 2),
        ({"max_cpus": 5, "max_concurrent": 1}, 1, 1),
        ({"max_cpus": 500, "max_concurrent": 100}, 8, 4),
    ],
)
def test_a_search_takes_no_more_than_it_may(
    limits: dict[str, int], trees: int, networks: int
) -> None:
    there = {TREE: 8, NETWORK: 4}
    for demands, families, most in (({"t": TREE}, "t", trees), ({"n": NETWORK}, "n", networks)):
        made = room(demands, there, **limits)
        assert filled(made, families) == most
        assert made.at_once(demands[families]) == most  # as refits ask


def test_no_mixture_of_families_exceeds_the_cores_that_are_allowed() -> None:
    made = room({"t": TREE, "n": NETWORK}, {TREE: 64, NETWORK: 32}, max_cpus=6)

    for order in itertools.product("tn", repeat=5):
        running: list[str] = []
        for family in itertools.cycle(order):
            if not made.takes_more(running):
                break
            running.append(family)
        assert sum({"t": 1, "n": 2}[family] for family in running) <= 6


def test_trials_that_wait_for_a_gpu_leave_no_core_idle() -> None:
    made = room({"t": TREE, "g": ON_GPU}, {TREE: 8, ON_GPU: 1})

    assert made.takes_more(["g"] * 5)  # one of which runs
    assert not made.takes_more(["t"] * 8)
    assert not made.takes_more(["g"] + ["t"] * 7)  # which occupy all cores
    assert not made.takes_more(["g"] * 16)  # what waits was proposed without the others' results


def test_families_that_share_cores_are_counted_in_cores() -> None:
    made = room({"t": TREE, "n": NETWORK}, {TREE: 2, NETWORK: 1})

    assert not made.takes_more(["n"])
    assert made.takes_more(["t"])
    assert made.together == 1


@pytest.mark.ray
@pytest.mark.parametrize(("cpus", "slots"), [(1, 2), (2, 1)])
def test_a_local_ray_has_room_for_as_many_trials_as_fit(
    ray_session: Session, cpus: int, slots: int
) -> None:
    asked = Demand(cpus=cpus)

    assert open_room({"t": asked}, HardwareSpec(), ray_session).at_once(asked) == slots


@pytest.mark.ray
def test_a_local_ray_that_is_too_small_is_refused_at_once(ray_session: Session) -> None:
    with pytest.raises(SpecError, match=r"hardware\.cpus: found 3 for each trial; there are 2"):
        open_room({"t": TREE, "wide": Demand(cpus=3)}, HardwareSpec(), ray_session)
