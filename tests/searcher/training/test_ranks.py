"""Several processes train the network that one would have trained."""

import os
import subprocess
import sys
from typing import Any

import pytest

from searcher.errors import TrialError
from searcher.training.ranks import Ranks
from tests.searcher.training.ranked import WORLDS, cases, close, gathered, make, train

pytestmark = pytest.mark.slow

TOLERANCE = 2e-5


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[dict[str, Any]]]:
    """What each rank of each world found."""
    folder = tmp_path_factory.mktemp("ranks")
    subprocess.run(
        [sys.executable, "-m", "tests.searcher.training.ranked", str(folder)],
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=200,
    )
    return {world: gathered(folder, world) for world in WORLDS}


@pytest.mark.parametrize(
    ("world", "case"), [(world, case) for world in WORLDS for case in cases(world)]
)
def test_losses_and_weights_are_those_of_one_process(ranks: Any, world: int, case: str) -> None:
    alone = train(make(case))

    for found in ranks[world]:
        close(found[case], alone, TOLERANCE)


@pytest.mark.parametrize("world", WORLDS)
def test_all_ranks_end_with_the_same_bits(ranks: Any, world: int) -> None:
    for case in cases(world):
        first, *others = (found[case] for found in ranks[world])
        for other in others:
            close(other, first, 0.0)


@pytest.mark.parametrize(("world", "tolerance"), [(2, 0.0), (4, TOLERANCE)])
def test_a_training_goes_on_from_its_state(ranks: Any, world: int, tolerance: float) -> None:
    for found in ranks[world]:
        whole, rest = found["averaged"], found["resumed"]

        close(
            {**rest, "losses": whole["losses"][:2] + rest["losses"]} | told(whole), whole, tolerance
        )


def told(whole: dict[str, Any]) -> dict[str, Any]:
    return {"held_out": whole["held_out"], "rows": whole["rows"]}


@pytest.mark.parametrize("world", WORLDS)
def test_a_state_of_several_ranks_goes_on_in_one_process(ranks: Any, world: int) -> None:
    whole = train(make("averaged"))
    it = make("averaged")

    it.load_state(ranks[world][-1]["resumed"]["state"])

    rest = train(it)
    close({**rest, "losses": whole["losses"][:2] + rest["losses"]} | told(whole), whole, TOLERANCE)


@pytest.mark.parametrize("world", WORLDS)
def test_a_training_that_diverges_ends_on_all_ranks(ranks: Any, world: int) -> None:
    messages = {found["diverged"] for found in ranks[world]}

    assert len(messages) == 1
    assert "diverged" in messages.pop()


def test_batches_smaller_than_the_ranks_are_refused_on_all_of_them(ranks: Any) -> None:
    for found in ranks[4]:
        assert "leave a batch of 2: fewer than one for each of 4 ranks" in found["too small"]


@pytest.mark.parametrize("world", WORLDS)
def test_a_rank_that_is_not_its_process_groups_is_refused(ranks: Any, world: int) -> None:
    for rank, found in enumerate(ranks[world]):
        wanted = f"rank {world - 1 - rank} of {world} was asked for; this process has rank {rank}"
        assert found["misplaced"].startswith(wanted)


def test_ranks_without_a_process_group_are_refused() -> None:
    with pytest.raises(TrialError, match="this process has no process group"):
        Ranks(0, 2)


@pytest.mark.parametrize(("rank", "world"), [(-1, 1), (1, 1), (0, 0)])
def test_impossible_ranks_are_refused(rank: int, world: int) -> None:
    with pytest.raises(TrialError, match=f"no rank {rank} among {world}"):
        Ranks(rank, world)
