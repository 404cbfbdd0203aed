"""The gate, with real Ray processes."""

import pytest

from cluster.gate import Gate

pytestmark = pytest.mark.ray


def test_everyone_passes_when_the_last_has_arrived_and_latecomers_at_once(
    ray_session: object,
) -> None:
    import ray

    gate = Gate(2)
    arrive = ray.remote(num_cpus=1)(lambda gate: gate.pass_through())

    first = arrive.remote(gate)
    ready, _ = ray.wait([first], timeout=1.0)
    assert ready == []
    assert ray.get([first, arrive.remote(gate)], timeout=60) == [True, True]
    assert gate.pass_through() is True


def test_patience_ends_the_wait_for_those_who_never_come(ray_session: object) -> None:
    assert Gate(2, patience_s=0.1).pass_through() is False
