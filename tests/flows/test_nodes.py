"""Searches on a cluster whose nodes come, go and die end as one whose nodes stay."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.tokens import admits_anyone
from tests import driven
from tests.afterwards import again, ask, assert_whole, told, trials_of
from tests.driven import Place
from tests.flows.placed import PlacedOnGpu, places
from tests.nodes import Nodes, nodes  # noqa: F401  (asked for by name)

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

DIED = "its worker process died"
DRAINED = "its node was drained"

SPEC: dict[str, Any] = driven.SPEC | {
    "families": {"tests.flows.placed:Placed": None},
    "strategy": {"kind": "random"},  # of several workers, only its proposals are the same again
    "budget": {"trials": 3},
}
TRIALS = trials_of(SPEC)

MLP: dict[str, Any] = {
    "epochs": 2,
    "width": 32,
    "depth": 1,
    "scale": "standard",
    "normalisation": "none",
    "residual": False,
    "optimizer": "adamw",
    "activation": "relu",
}
NETWORKS: dict[str, Any] = driven.SPEC | {
    "families": {"search_spaces.families.mlp:MLP": MLP},
    "strategy": {"kind": "pbt", "population": 4, "interval": 1},  # a checkpoint after each epoch
    "validation": {"outer": 2, "inner": 2},
    "budget": {"trials": 5},
}
EPOCHS = 100
"""Of a trial that is still at it when something happens to its nodes."""

LOST_S = 90.0
"""Seconds within which a driver ends whose head is lost: Ray (2.60) gives it 60."""


@pytest.fixture
def place(nodes: Nodes, tmp_path: Path) -> Iterator[Place]:  # noqa: F811
    """Where a test's own search is kept."""
    made = Place(nodes.cluster, tmp_path)
    yield made
    made.tidy()


@dataclass(frozen=True)
class Calm:
    """What ``SPEC`` finds on three nodes that stay, and which of them made each fit."""

    found: dict[str, list[tuple[Any, ...]]]
    used: list[str]


@pytest.fixture(scope="module")
def calm(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Calm:  # noqa: F811
    """The search that every disturbed one has to equal."""
    nodes.have(3)
    place = Place(nodes.cluster, tmp_path_factory.mktemp("calm"))
    place.cluster.slow_down(0.1)
    ended = place.begin(SPEC).wait()
    assert ended.code == 0, ended.err
    return Calm(found(place), nodes.used())


def found(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """What a search found that lost nothing, but for the order, which is one of timing."""
    assert_whole(place.url, place.search_id, trials=TRIALS)
    return {
        name: rows for name, rows in told(place.url, place.search_id).items() if name != "order"
    }


def test_a_search_spreads_over_all_nodes(calm: Calm) -> None:
    assert len(set(calm.used)) == 3


def test_the_rays_that_tests_start_admit_nobody_without_a_token(nodes: Nodes) -> None:  # noqa: F811
    assert not admits_anyone(nodes.cluster.address)


def test_families_go_to_nodes_that_fit_and_a_search_takes_no_more_than_it_may(
    nodes: Nodes,  # noqa: F811
    place: Place,
) -> None:
    nodes.have(0)
    plain, with_gpu = nodes.add(cpus=2), nodes.add(cpus=1, gpus=1)
    place.cluster.slow_down(0.05)
    spec = SPEC | {
        "families": {"tests.flows.placed:Placed": None, "tests.flows.placed:PlacedOnGpu": None},
        "hardware": {"gpus": 1, "max_cpus": 2},  # of three
        "budget": {"trials": 6},
    }

    ended = place.begin(spec).wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=trials_of(spec))
    asked_for_one = [node_id for node_id, _ in places(place.cluster.folder, PlacedOnGpu)]
    assert set(asked_for_one) == {with_gpu}
    assert plain in nodes.used()
    assert _at_once(place) == 2


def test_trials_of_a_node_that_dies_go_on_elsewhere_after_their_last_finished_fold(
    nodes: Nodes,  # noqa: F811
    place: Place,
    calm: Calm,
) -> None:
    nodes.have(3)
    place.cluster.slow_down(0.5)
    driver = place.begin(SPEC)
    place.wait_until(lambda: len(nodes.used()) > 5 and len(set(nodes.used())) == 3)
    dead = nodes.used()[-1]
    nodes.kill(dead)
    fits = len(nodes.used())
    place.cluster.slow_down(None)

    ended = driver.wait()

    assert ended.code == 0, ended.err
    assert found(place) == calm.found
    lost = again(place.url, place.search_id)
    assert {reason for *_, reason, _ in lost} == {DIED}
    assert len(nodes.used()) <= len(calm.used) + len(lost)
    assert dead not in nodes.used()[fits:]


def test_a_search_waits_for_the_first_node_and_uses_those_that_come_later(
    nodes: Nodes,  # noqa: F811
    place: Place,
    calm: Calm,
) -> None:
    nodes.have(0)
    place.cluster.slow_down(1.0)
    driver = place.begin(SPEC)
    time.sleep(3.0)
    assert driver.process.poll() is None
    first = nodes.add()
    place.wait_for_trials(1)
    second = nodes.add()
    place.wait_until(lambda: second in nodes.used())
    place.cluster.slow_down(None)

    ended = driver.wait()

    assert ended.code == 0, ended.err
    assert "the cluster has no room for a trial yet" in ended.err
    assert set(nodes.used()) == {first, second}
    assert found(place) == calm.found


def test_trials_leave_a_node_that_is_drained_and_have_not_failed(
    nodes: Nodes,  # noqa: F811
    place: Place,
    calm: Calm,
) -> None:
    nodes.have(2)
    place.cluster.slow_down(0.5)
    driver = place.begin(SPEC)
    place.wait_until(lambda: len(nodes.used()) > 4 and len(set(nodes.used())) == 2)
    going = nodes.used()[-1]
    nodes.drain(going, seconds=30.0)
    place.wait_until(lambda: again(place.url, place.search_id))
    fits = len(nodes.used())
    nodes.kill(going)  # as was announced
    place.cluster.slow_down(None)

    ended = driver.wait()

    assert ended.code == 0, ended.err
    assert found(place) == calm.found
    assert {reason for *_, reason, _ in again(place.url, place.search_id)} == {DRAINED}
    assert going not in nodes.used()[fits:]
    assert len(nodes.used()) - 2 == len(calm.used) - 3  # but for the one that warms a worker up
    assert ask(place.url, "SELECT 1 FROM trials WHERE state = 'failed'", place.search_id) == []


def test_a_search_whose_head_is_lost_goes_on_on_a_new_cluster_from_store_and_checkpoints(
    nodes: Nodes,  # noqa: F811
    place: Place,
) -> None:
    pytest.importorskip("torch")
    nodes.have(1)
    driver = place.begin(NETWORKS)
    place.wait_until(lambda: len(_units(place)) >= 6)
    nodes.lose()
    lost = driver.wait(LOST_S)
    known = _units(place)

    nodes.add()
    place.cluster = nodes.cluster
    ended = place.go_on().wait()

    assert lost.code == 1
    assert list((place.output / "checkpoints").iterdir())
    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=trials_of(NETWORKS))
    assert set(known) < set(_units(place))
    assert len({unit[:2] for unit in _units(place)}) == len(_units(place))


def test_ranks_on_two_nodes_leave_one_that_is_drained_and_outlive_one_that_dies(
    nodes: Nodes,  # noqa: F811
    place: Place,
) -> None:
    pytest.importorskip("torch")
    spec = NETWORKS | {
        "families": {"search_spaces.families.mlp:MLP": MLP | {"epochs": EPOCHS}},
        "strategy": {"kind": "random"},
        "budget": {"trials": 2},
        "hardware": {"workers": 2},
    }
    going, dying = nodes.have(2)
    driver = place.begin(spec)
    place.wait_until(lambda: len(_units(place)) >= 10)
    nodes.drain(going, seconds=60.0)
    nodes.add()
    place.wait_until(lambda: again(place.url, place.search_id))
    (left,) = again(place.url, place.search_id)
    units = len(_units(place))
    saved = ask(place.url, SAVED, place.search_id)
    nodes.kill(going)  # as was announced
    place.wait_until(lambda: len(_units(place)) > units)
    nodes.kill(dying)
    nodes.add()

    ended = driver.wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=trials_of(spec))
    assert left[3] == DRAINED
    ((resource, reached),) = saved  # in the grace period: the next one was due after 30 s
    assert 0 < resource == reached < EPOCHS
    assert [reason for *_, reason, _ in again(place.url, place.search_id)] == [DRAINED, DIED]


SAVED = """
SELECT c.resource, (SELECT max(u.resource) FROM unit_scores u WHERE u.trial_id = c.trial_id
  AND u.attempt = a.attempt)
FROM checkpoints c JOIN trials t ON t.trial_id = c.trial_id
JOIN attempts a ON a.trial_id = t.trial_id WHERE t.search_id = '{id}'
"""


def _units(place: Place) -> list[tuple[Any, ...]]:
    """Trial, epoch, score of all epochs so far."""
    question = (
        "SELECT u.trial_id, u.resource, u.score FROM unit_scores u"
        " JOIN trials t ON t.trial_id = u.trial_id WHERE t.search_id = '{id}'"
    )
    return ask(place.url, question, place.search_id)


def _at_once(place: Place) -> int:
    """Count the trials that were under way at the same time, at most, by the store's sequence."""
    question = "SELECT sequence, ended_sequence FROM trials WHERE search_id = '{id}'"
    spans = ask(place.url, question, place.search_id)
    return max(sum(begun <= at < ended for begun, ended in spans) for at, _ in spans)
