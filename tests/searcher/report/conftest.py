"""A report that most tests read, made once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from searcher.records import Record
from searcher.report import write_report
from searcher.store import Store
from tests.searcher.report.stories import KINDS, SEARCH_ID, Story
from tests.searcher.store.records_factory import fill

Report = Callable[[list[Record]], str]


def report_of(records: list[Record], folder: Path, search_id: str = SEARCH_ID) -> Path:
    """Write a report of these records."""
    url = fill(f"sqlite:///{folder / 'searcher.db'}", records)
    with Store(url) as store:
        return write_report(store, search_id, folder / "report.html")


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Return the text of the report of some records."""
    return lambda records: report_of(records, tmp_path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def usual_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the report of a search that went well."""
    return report_of(Story(trials=130).tell(), tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="session")
def usual(usual_path: Path) -> str:
    """Text of the report of a search that went well."""
    return usual_path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory, usual_path: Path) -> dict[str, Path]:
    """Task -> path of the report of a search of that task that went well."""
    others = {
        task: report_of(Story(trials=60, task=task, **kind).tell(), tmp_path_factory.mktemp(task))
        for task, kind in KINDS.items()
        if task != "binary"
    }
    return {"binary": usual_path, **others}
