"""Which nodes are about to go, on a real local Ray."""

import pytest

from cluster.ranks.leaving import LeavingNodes, leaving_nodes, own_node
from cluster.session import Session

pytestmark = pytest.mark.ray


def test_a_node_that_nobody_drains_stays(ray_session: Session) -> None:
    import ray

    assert own_node() == ray.nodes()[0]["NodeID"]
    assert leaving_nodes() == LeavingNodes()() == frozenset()
