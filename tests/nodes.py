"""A Ray of several nodes on one machine, whose nodes come, go and die as a test says.

It is made by a process of its own, for a pytest that has joined another Ray. Each node is a
raylet with its own cores; the head has none, as on a cluster whose head only drives. Workers are
forked (``tests.forked_workers``).
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.driven import Cluster
from tests.flows import counted
from tests.flows.placed import places

MAKER = """
import sys, time
from ray._raylet import GcsClient
from ray.cluster_utils import Cluster
from ray.core.generated import autoscaler_pb2
from tests.forked_workers import use_forked_workers

use_forked_workers()
MEMORY = 80 * 2**20
SYSTEM = {  # what is dead is noticed within seconds, not twenty, or sixty if it is the head
    "gcs_rpc_server_reconnect_timeout_s": 2,
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 1500,
    "health_check_failure_threshold": 3,
}
cluster, nodes = None, {}

def head():
    global cluster
    cluster = Cluster()
    cluster.add_node(
        num_cpus=0, include_dashboard=False, object_store_memory=MEMORY, _system_config=SYSTEM
    )
    return cluster.gcs_address

def add(cpus, gpus):
    node = cluster.add_node(
        num_cpus=int(cpus), num_gpus=int(gpus), object_store_memory=MEMORY
    )
    nodes[node.node_id] = node
    return node.node_id

def kill(node_id):
    cluster.remove_node(nodes.pop(node_id), allow_graceful=False)

def settle():
    cluster.wait_for_nodes()

def drain(node_id, seconds):
    reason = autoscaler_pb2.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline_ms = int((time.time() + float(seconds)) * 1000)
    gcs = GcsClient(address=cluster.gcs_address)
    return gcs.drain_node(node_id, reason, "the market wants it back", deadline_ms)[0]

def lose():
    for node_id in list(nodes):
        kill(node_id)
    cluster.remove_node(cluster.head_node, allow_graceful=False)

for line in sys.stdin:
    name, *words = line.split()
    print(globals()[name](*words), flush=True)
lose()
"""


class Nodes:
    """The nodes beside the head, by their ids.

    Parameters
    ----------
    maker
        The process that has them.
    cluster
        What drivers are started with; its address is of no meaning here.
    """

    def __init__(self, maker: "subprocess.Popen[str]", cluster: Cluster) -> None:
        self._maker, self._cluster = maker, cluster
        self.ids: list[str] = []
        self._address = self._say("head")

    @property
    def cluster(self) -> Cluster:
        """What a search runs on."""
        return replace(self._cluster, address=self._address)

    def have(self, n: int) -> list[str]:
        """Begin a test with ``n`` nodes that nobody has used."""
        for node_id in list(self.ids):
            self.kill(node_id)
        for _ in range(n):
            self.add()
        self._say("settle")  # or dead ones would be taken for nodes that are there
        for trace in self._cluster.folder.iterdir():
            trace.unlink()
        return list(self.ids)

    def add(self, *, cpus: int = 1, gpus: int = 0) -> str:
        """Let a node come; its GPUs are there as far as Ray is concerned."""
        self.ids.append(self._say("add", str(cpus), str(gpus)))
        return self.ids[-1]

    def kill(self, node_id: str) -> None:
        """End a node's processes without a word (SIGKILL).

        Workers end with their raylet, but not at once, as those of a machine do.
        """
        self._say("kill", node_id)
        for pid in {pid for where, pid in places(self._cluster.folder) if where == node_id}:
            with suppress(psutil.NoSuchProcess):
                worker = psutil.Process(pid)
                if worker.name().startswith("ray::"):
                    worker.kill()
        self.ids.remove(node_id)

    def drain(self, node_id: str, *, seconds: float) -> None:
        """Announce that a node goes in so many seconds, as a spot market does."""
        assert self._say("drain", node_id, str(seconds)) == "True"

    def lose(self) -> None:
        """End everything, the head too, without a word; then begin with another head."""
        self._say("lose")
        self.ids.clear()
        self._address = self._say("head")

    def used(self) -> list[str]:
        """Ids of the nodes of all fits so far, in order."""
        return [node_id for node_id, _ in places(self._cluster.folder)]

    def _say(self, *words: str) -> str:
        assert self._maker.stdin is not None
        assert self._maker.stdout is not None
        self._maker.stdin.write(" ".join(words) + "\n")
        self._maker.stdin.flush()
        answer = self._maker.stdout.readline().strip()
        assert answer, f"{words} failed; see stderr"
        return answer


@contextmanager
def some_nodes(cluster: Cluster, folder: Path) -> Iterator[Nodes]:
    """Start a head; ``folder`` is where workers leave traces."""
    environment = cluster.environment | {counted.VARIABLE: str(folder)}
    maker = subprocess.Popen(
        [sys.executable, "-c", MAKER],
        env=environment | cluster.of_workers,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert maker.stdin is not None
    assert maker.stdout is not None
    try:
        yield Nodes(maker, replace(cluster, folder=folder, environment=environment))
    finally:
        maker.stdin.close()
        maker.wait(60)
        maker.stdout.close()


@pytest.fixture(scope="module")
def nodes(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A Ray whose nodes come and go."""
    with some_nodes(cluster, tmp_path_factory.mktemp("nodes")) as found:
        yield found
