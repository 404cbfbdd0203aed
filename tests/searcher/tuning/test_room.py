"""How many trials may run at once is asked again as nodes come and go."""

import math

import pytest

from cluster.session import Session
from searcher.errors import SpecError
from searcher.plan import count_slots
from searcher.spec import Spec, load_spec
from searcher.tuning.room import Room


def test_it_follows_the_cluster_and_is_never_less_than_one() -> None:
    there = iter([3, 5, 0, 2])
    room = Room(lambda: next(there), every_s=0.0)

    assert [room(), room(), room(), room()] == [3, 5, 1, 2]


def test_an_answer_is_good_for_a_while() -> None:
    there = iter([3, 5])
    room = Room(lambda: next(there), every_s=math.inf)

    assert [room(), room(), room()] == [3, 3, 3]


@pytest.mark.ray
@pytest.mark.parametrize(("cpus", "slots"), [(1, 2), (2, 1)])
def test_a_local_ray_has_room_for_as_many_trials_as_fit(
    ray_session: Session, cpus: int, slots: int
) -> None:
    assert count_slots(_spec(cpus), ray_session) == slots


@pytest.mark.ray
def test_a_local_ray_that_is_too_small_is_refused_at_once(ray_session: Session) -> None:
    with pytest.raises(SpecError, match=r"hardware\.cpus: found 3 for each trial; there are 2"):
        count_slots(_spec(3), ray_session)


def _spec(cpus: int) -> Spec:
    hardware = {"cpus": cpus}
    return load_spec(
        {"name": "room", "data": {"path": "sklearn:iris"}, "seed": 0, "hardware": hardware}
    )
