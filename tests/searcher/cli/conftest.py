"""A store that the real writer filled, and a way to type commands."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from searcher.cli.app import app
from searcher.records import Artifact, ParityChecked, SearchEnded, SearchStarted
from tests.searcher.store.records_factory import fill, make_records, make_verdict

MAIN = "from searcher.cli import main; main()"

DATA = {
    "name": "telco_churn",
    "rows": 90,
    "task": "binary",
    "target": "Churn",
    "columns": [
        {"name": "tenure", "kind": "numeric", "missing": 0, "categories": 0},
        {"name": "Contract", "kind": "categorical", "missing": 3, "categories": 3},
    ],
    "classes": [{"name": "No", "rows": 60}, {"name": "Yes", "rows": 30}],
    "groups": None,
    "notices": ["column 'id' is constant and was dropped"],
}


def records_of(search_id, **options):
    """Records of a search whose data are described as ``Dataset.describe`` does."""
    records = make_records(search_id, **options)
    return [
        replace(record, data=DATA) if isinstance(record, SearchStarted) else record
        for record in records
    ]


def without_model(records):
    """Let the parity gate refuse the model."""
    verdict = make_verdict(
        passed=False, worst=float("inf"), worst_absolute=float("nan"), failure="row 3 differs"
    )
    for record in records:
        if isinstance(record, ParityChecked):
            yield replace(record, verdict=verdict)
        elif isinstance(record, SearchEnded):
            yield replace(record, error="model.onnx is not released: row 3 differs")
        elif not isinstance(record, Artifact):
            yield record


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No setting of whoever runs the tests, and a terminal that is 80 wide if asked."""
    for name in ("SEARCHER_STORE", "SEARCHER_DEBUG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory):
    """URL of a store with four searches; ``churn-1a2b3c`` is complete, ``worse`` has no model."""
    path = tmp_path_factory.mktemp("store") / "searcher.db"
    return fill(
        f"sqlite:///{path}",
        records_of("churn-1a2b3c"),
        records_of("telco-99aa88", name="telco", state="running"),
        records_of("churn-ff0011", state="failed"),
        list(without_model(records_of("worse-0a0b0c", name="worse"))),
    )


class Shell:
    """Types commands in this process; each answer has exit_code, stdout and stderr."""

    def __init__(self, store):
        self.store = store

    def __call__(self, *arguments):
        return CliRunner().invoke(app, list(arguments), prog_name="searcher")

    def ask(self, *arguments):
        """Type a command with the filled store."""
        return self(*arguments, "--store", self.store)


@pytest.fixture
def shell(filled_store):
    return Shell(filled_store)


def start_process(*arguments, code=MAIN, **options):
    """Run the command line in a process of its own."""
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root), **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        timeout=600,
        check=False,
        **options,
    )
