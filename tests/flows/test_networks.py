"""Searches of networks, whose trials count in epochs, die and go on like all others."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.afterwards import again, ask, assert_whole, told, trials_of
from tests.driven import Cluster, Place, failing, is_driven

pytest.importorskip("torch")
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

MLP: dict[str, Any] = {
    "epochs": 3,
    "width": 32,
    "depth": 1,
    "scale": "standard",
    "normalisation": "none",
    "residual": False,
    "optimizer": "adamw",
    "activation": "relu",
}
SPEC: dict[str, Any] = {
    "name": "epochs",
    "data": {"path": "sklearn:iris"},
    "families": {"search_spaces.families.mlp:MLP": MLP},
    "strategy": {"kind": "asha", "searcher": "tpe", "reduction_factor": 2},
    "validation": {"outer": 2, "inner": 2},
    "budget": {"trials": 6},
    "seed": 3,
}
POPULATION = SPEC | {
    "families": {"search_spaces.families.mlp:MLP": MLP | {"epochs": 2}},
    "strategy": {"kind": "pbt", "population": 4, "interval": 1},
    "budget": {"trials": 5},
    "hardware": {"workers": 2},
}

KILLS = (
    "driver.result_recorded=kill@4",
    "writer.before_commit=kill@9",
)


@pytest.fixture
def two_rays(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Addresses of two with two cores: the first one's are held by who is suspended."""
    with cluster.another(cores=2) as first, cluster.another(cores=2) as second:
        yield first, second


def test_a_fork_takes_over_trials_in_epochs_with_all_their_units(place: Place) -> None:
    """Those whose learning rates are still in its space, which is narrowed before it begins."""
    source = place.begin(SPEC | {"strategy": {"kind": "random"}}).wait()
    source_id = place.search_id
    path = place.folder / "wider.json"
    path.write_text(json.dumps(SPEC | {"budget": {"trials": 8}}))

    ended = place.start("fork", source_id, "--spec", str(path), "--skip-exports").wait()

    assert (source.code, ended.code) == (0, 0), ended.err
    assert "outside the space" in ended.err
    reused = ask(place.url, UNITS.format(of="source_trial_id", origin="reused"), place.newest_id)
    tried = ask(place.url, UNITS.format(of="trial_id", origin="strategy"), source_id)
    assert len(tried) == 3 * (6 - 2) * MLP["epochs"]
    assert 0 < len(reused) < len(tried)
    assert reused == [unit for unit in tried if unit[0] in {trial for trial, *_ in reused}]


UNITS = """
SELECT t.{of}, u.resource, u.score, u.is_last FROM unit_scores u
JOIN trials t ON t.trial_id = u.trial_id
WHERE t.search_id = '{{id}}' AND t.origin = '{origin}' ORDER BY 1, 2
"""


def test_a_search_of_networks_that_is_killed_again_and_again_ends_as_the_undisturbed_one(
    place: Place,
) -> None:
    calm = Place(place.cluster, place.folder / "calm")
    calm.folder.mkdir()
    ended = calm.begin(SPEC).wait()
    assert ended.code == 0, ended.err

    for number, where in enumerate(KILLS):
        killed = (place.go_on if number else lambda **more: place.begin(SPEC, **more))(
            **failing(where)
        ).wait()
        assert killed.code == -9, (where, killed.err)
    ended = place.go_on().wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=trials_of(SPEC))
    found = told(place.url, place.search_id)
    assert found["units"]
    assert any(state == "stopped" for *_, state, _, _ in found["trials"])
    assert found == told(calm.url, calm.search_id)
    assert {reason for *_, reason, _ in again(place.url, place.search_id)} == {
        "its driver was lost"
    }


def test_a_population_trained_by_ranks_is_fenced_resumed_and_ends_as_the_undisturbed_one(
    place: Place, two_rays: tuple[str, str]
) -> None:
    calm = Place(place.cluster, place.folder / "calm")
    calm.folder.mkdir()
    ended = calm.begin(POPULATION, "--address", two_rays[0]).wait()
    assert ended.code == 0, ended.err

    slept = place.begin(
        POPULATION,
        "--address",
        two_rays[0],
        **failing("driver.result_recorded=stop@6"),
        SEARCHER_LEASE_S="4",
    )
    try:
        slept.wait_until_stopped()
        place.wait_until(lambda: not is_driven(place))
        finished = place.finish("--address", two_rays[1])
        slept.signal(signal.SIGCONT)
        woken = slept.wait()
    finally:
        slept.signal(signal.SIGKILL)

    assert (finished.code, woken.code) == (0, 1), woken.err
    assert f"the lease of search {place.search_id} is lost" in woken.err
    assert_whole(place.url, place.search_id, trials=trials_of(POPULATION))
    assert ask(place.url, "SELECT * FROM v_lineage WHERE search_id = '{id}'", place.search_id)
    assert told(place.url, place.search_id) == told(calm.url, calm.search_id)
