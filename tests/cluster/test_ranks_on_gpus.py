"""Ranks on GPUs: parts of one carry their sums through gloo, whole ones through NCCL."""

from collections.abc import Iterator

import pytest

from cluster.ranks import Rank, RankGroup
from cluster.session import Session
from tests.cluster.ranks import free_cpus, settles

torch = pytest.importorskip("torch")
N_GPUS = torch.cuda.device_count()
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.ray,
    pytest.mark.skipif(not N_GPUS, reason="there is no GPU"),
]


def sum_on(rank: Rank) -> tuple[str, str, float]:
    """Where a rank computes, what carries its sums, and a sum over all ranks."""
    import torch.distributed as dist

    value = torch.tensor(rank.number + 1.0, device=rank.device)
    backend = "none"
    if rank.world > 1:
        dist.all_reduce(value)
        backend = dist.get_backend_config()
    return value.device.type, backend, value.item()


@pytest.fixture(autouse=True)
def nothing_left(ray_session: Session) -> Iterator[None]:
    yield
    assert settles(lambda: free_cpus() == ray_session.cpus)


def test_a_rank_alone_computes_on_its_gpu() -> None:
    with RankGroup(1, gpus=1) as group:
        assert group.run(sum_on) == [("cuda", "none", 1.0)]


def test_two_ranks_share_one_gpu() -> None:
    with RankGroup(2, gpus=0.5) as group:
        found = group.run(sum_on)

    assert [(device, value) for device, _, value in found] == [("cuda", 3.0)] * 2
    assert all("nccl" not in backend for _, backend, _ in found)


@pytest.mark.skipif(N_GPUS < 2, reason="there are fewer than two GPUs")
def test_two_ranks_with_a_gpu_each_add_up_by_nccl() -> None:
    with RankGroup(2, gpus=1) as group:
        found = group.run(sum_on)

    assert [(device, value) for device, _, value in found] == [("cuda", 3.0)] * 2
    assert all("nccl" in backend for _, backend, _ in found)
