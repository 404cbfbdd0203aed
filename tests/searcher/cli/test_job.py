"""What drives a submitted search looks first at whether it is the right one to do so."""

import platform
from importlib.metadata import version
from pathlib import Path

import pytest

from searcher.cli.job import drive, require_same_versions
from searcher.errors import SpecError
from tests.searcher.store.records_factory import SEARCH_ID, fill, make_records

HERE = {
    "python": ".".join(platform.python_version_tuple()[:2]),
    "ray": version("ray"),
    "searcher": version("searcher"),
}


def test_the_same_versions_are_fine() -> None:
    require_same_versions(HERE)


@pytest.mark.parametrize("name", sorted(HERE))
def test_another_version_is_named_with_what_to_do(name: str) -> None:
    with pytest.raises(SpecError, match=f"{name} 0.1 there, {HERE[name]} here. Install the same"):
        require_same_versions({**HERE, name: "0.1"})


def test_a_search_that_was_not_submitted_is_left_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = fill(f"sqlite:///{tmp_path}/store.db", make_records(state="interrupted"))
    monkeypatch.setenv("SEARCHER_STORE", url)

    with pytest.raises(SpecError, match="`searcher resume` goes on with it"):
        drive(SEARCH_ID)
