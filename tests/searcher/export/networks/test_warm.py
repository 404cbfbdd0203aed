"""Networks that are traced by forks of one process: the same graphs, and as many limits."""

import psutil
import pytest
from torch import nn

from searcher.errors import ExportError
from searcher.export.networks.tracing import trace_module
from searcher.export.networks.warm import warm
from tests.searcher.export.networks.modules import Tabular, make
from tests.searcher.export.networks.test_tracing import ForThreeRows, Sleeper


@pytest.fixture
def started():
    """Say which processes this one has started since the test began."""
    before = set(psutil.Process().children(recursive=True))
    return lambda: [p for p in psutil.Process().children(recursive=True) if p not in before]


@pytest.mark.slow
def test_a_graph_is_the_same_from_a_fork_and_alone(started):
    alone = trace_module(make(Tabular), 6)

    with warm():
        trace_module(nn.Linear(2, 2).eval(), 2)
        forked = trace_module(make(Tabular), 6)
        (server,) = started()
        threads = server.num_threads()

    assert forked.SerializeToString(deterministic=True) == alone.SerializeToString(
        deterministic=True
    )
    assert threads == 1  # another one could hold a lock that the fork waits for
    assert started() == []


@pytest.mark.slow
def test_a_network_that_fails_or_hangs_says_so_and_the_next_one_is_traced(started):
    with warm():
        with pytest.raises(ExportError, match=r"can't be traced: .*rows"):
            trace_module(ForThreeRows().eval(), 2)
        with pytest.raises(ExportError, match=r"tracing the network was ended|can't be traced: "):
            trace_module(nn.Linear(2, 2).eval(), 2, memory_bytes=2**28)
        with pytest.raises(ExportError, match=r"stopped after 0\.5 s"):
            trace_module(Sleeper(2, 2).eval(), 2, timeout_s=0.5)
        left = started()
        trace_module(nn.Linear(2, 2).eval(), 2)

    assert left == []
    assert started() == []
