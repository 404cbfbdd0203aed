"""What can be said about a submission before any cluster is asked."""

from pathlib import Path

import pytest

from cluster.jobs import AGAIN
from searcher.errors import SpecError
from searcher.search_ids import check_search_id, new_search_id
from searcher.submitting.ray_jobs import _reachable


def test_a_file_of_this_machine_is_no_store_for_a_cluster_elsewhere() -> None:
    with pytest.raises(SpecError, match="a file on this machine, which the cluster at http://10"):
        _reachable("sqlite:///store.db", "http://10.0.0.1:8265")


def test_a_file_is_a_store_for_a_head_on_this_machine_wherever_that_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    store = _reachable("sqlite:///store.db", "http://localhost:8265")

    assert store == f"sqlite:///{tmp_path.resolve()}/store.db"


def test_a_server_is_left_to_the_head_to_find() -> None:
    url = "postgresql+psycopg://somebody@database/searches"

    assert _reachable(url, "http://10.0.0.1:8265") == url


def test_no_search_is_called_like_the_second_job_of_another() -> None:
    assert AGAIN not in new_search_id(f"churn{AGAIN}2")
    with pytest.raises(SpecError, match="can't be an id"):
        check_search_id(f"churn{AGAIN}2")
