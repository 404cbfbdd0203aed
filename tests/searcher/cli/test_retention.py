"""Nothing is deleted by a command that does not say so."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from searcher.records import Artifact
from searcher.store import Store, Writer
from tests.searcher.cli.conftest import Shell, records_of
from tests.searcher.store.records_factory import fill


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "output" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(bytes(1500))
    return path


@pytest.fixture
def shell(tmp_path, model):
    """Types commands about a store of one search, whose model is there."""
    records = [
        replace(record, path=str(model), sha256=sha256(bytes(1500)).hexdigest(), size_bytes=1500)
        if isinstance(record, Artifact) and record.kind == "model"
        else record
        for record in records_of("churn-1a2b3c")
    ]
    return Shell(fill(f"sqlite:///{tmp_path / 'searcher.db'}", records))


def searches(shell):
    with Store(shell.store) as store:
        return [search.search_id for search in store.searches()]


def test_delete_without_yes_shows_what_would_go_and_is_no_success(shell, model):
    result = shell.ask("delete", "churn")

    assert result.exit_code == 2
    assert result.stderr == "nothing was deleted; --yes deletes it\n"
    assert str(model) in result.stdout
    assert "1.5 kB" in result.stdout
    assert searches(shell) == ["churn-1a2b3c"]
    assert model.exists()


def test_delete_with_yes_deletes(shell, model):
    result = shell.ask("delete", "latest", "--yes", "--format", "json")

    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert document["deleted"]
    assert document["rows"]["trials"] == 32
    assert document["files"] == [{"kind": "model", "what": str(model), "size_bytes": 1500}]
    assert searches(shell) == []
    assert not model.exists()


def test_delete_can_keep_the_files(shell, model):
    assert shell.ask("delete", "churn-1a2b3c", "--yes", "--keep-files").exit_code == 0

    assert searches(shell) == []
    assert model.exists()


def test_a_file_that_stays_is_said(shell, model):
    model.write_text("mine")

    result = shell.ask("delete", "churn-1a2b3c", "--yes")

    assert result.exit_code == 0
    assert f"{model}  it was changed or replaced since" in result.stdout
    assert model.exists()


def test_a_search_that_is_driven_is_refused_with_what_to_do(shell, tmp_path):
    with Writer(shell.store) as writer:
        for record in records_of("live-1", state="running"):
            writer.add(record)
        writer.lead("live-1")

        result = shell.ask("delete", "live-1", "--yes")

    assert result.exit_code == 5
    assert "search live-1 is being driven by process" in result.stderr
    assert "`searcher stop live-1`" in result.stderr
    assert len(searches(shell)) == 2


def test_a_search_that_is_not_there_is_said(shell):
    assert shell.ask("delete", "nobody", "--yes").exit_code == 4


def test_gc_shows_what_it_would_free_and_frees_it_when_told(shell):
    shell.ask("delete", "latest", "--yes")

    shown = shell.ask("store", "gc")
    freed = shell.ask("store", "gc", "--yes", "--format", "json")
    again = shell.ask("store", "gc")

    assert (shown.exit_code, freed.exit_code, again.exit_code) == (0, 0, 0)
    assert "free pages of the database" in shown.stdout
    assert shown.stderr.startswith("nothing was freed; --yes frees ")
    document = json.loads(freed.stdout)
    assert document["freed"]
    assert [one["kind"] for one in document["garbage"]] == ["free pages"]
    assert (again.stdout, again.stderr) == ("nothing to free\n", "")


@pytest.mark.parametrize("command", [("delete", "latest"), ("store", "gc")])
def test_answers_come_in_every_form(shell, command):
    result = shell.ask(*command, "--format", "csv")

    assert result.stdout.startswith("kind,what,size_bytes\n")
