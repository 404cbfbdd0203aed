"""Waiting for nodes that can hold all ranks, on a real local Ray."""

import pytest
import ray

from cluster.ranks import await_room, count_room
from cluster.session import Session

pytestmark = pytest.mark.ray


def test_room_is_counted_node_by_node(ray_session: Session) -> None:
    assert count_room(cpus=1) == 2
    assert count_room(cpus=0.5) == 4
    assert count_room(cpus=3) == 0
    assert count_room(cpus=1, gpus=1) == 0


def test_what_is_there_is_not_waited_for(ray_session: Session) -> None:
    assert await_room(2, cpus=1, patience_s=0.0)


def test_what_does_not_come_is_given_up_and_no_longer_asked_for(ray_session: Session) -> None:
    assert not await_room(3, cpus=1, patience_s=0.6)

    groups = ray.util.placement_group_table().values()
    assert not [group for group in groups if group["state"] == "PENDING"]
