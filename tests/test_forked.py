"""A forked command is what a started one is."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.driven import SEARCHER, Cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_a_forked_command_ends_as_a_started_one(cluster: Cluster, tmp_path: Path) -> None:
    words = [SEARCHER, "list", "--store", f"sqlite:///{tmp_path}/nothing.db"]
    environment = cluster.environment | {"COLUMNS": "60"}

    forked = cluster.forks.start(words, environment)
    said = forked.communicate(timeout=60)
    started = subprocess.run(
        words,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert forked.returncode == started.returncode != 0
    assert said == (started.stdout, started.stderr)
    assert forked.poll() == started.returncode
    forked.send_signal(signal.SIGKILL)  # nobody is there any more
