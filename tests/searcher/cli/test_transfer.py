"""The commands that carry searches in and out of a store, as they are typed."""

import json

import pytest

from searcher.cli.transfer import Meter
from tests.searcher.cli.conftest import Shell, records_of
from tests.searcher.store.records_factory import fill


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request, tmp_path_factory):
    """A shell with a filled store on either database; tests must not write to it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('transfer') / 'searcher.db'}"
    else:
        url = request.getfixturevalue("postgres").create_database()
    return Shell(fill(url, records_of("churn-1a2b3c"), records_of("busy-77", state="running")))


@pytest.fixture
def new(tmp_path):
    """A store that is not there yet."""
    return Shell(f"sqlite:///{tmp_path / 'new.db'}")


def test_a_search_is_exported_and_imported(either, new, tmp_path):
    path = tmp_path / "churn.zip"

    exported = either.ask("store", "export", "churn", str(path))
    imported = new.ask("store", "import", str(path))

    assert (exported.exit_code, exported.stdout) == (0, f"{path}\n")
    assert "churn-1a2b3c: 32 trials, 0 files" in exported.stderr
    assert (imported.exit_code, imported.stdout) == (0, "churn-1a2b3c\n")
    assert new.ask("store", "check").exit_code == 0
    shown = [json.loads(s.ask("show", "churn", "--format", "json").stdout) for s in (either, new)]
    for document in shown:
        document.pop("next")  # commands that name the store
    assert shown[0] == shown[1]


def test_an_import_can_have_another_id(either, new, tmp_path):
    path = str(tmp_path / "churn.zip")
    either.ask("store", "export", "churn", path, "--quiet")

    for options, code in (((), 0), ((), 1), (("--as", "mine-1"), 0), (("--as", "a/b"), 1)):
        assert new.ask("store", "import", path, *options).exit_code == code

    assert new.ask("show", "mine-1").exit_code == 0


@pytest.mark.parametrize("either", ["sqlite"], indirect=True)
def test_a_store_is_backed_up_and_restored(either, new, tmp_path):
    path = tmp_path / "searcher.backup"

    made = either.ask("store", "backup", str(path))
    again = either.ask("store", "backup", str(path))
    forced = either.ask("store", "backup", str(path), "--force", "--quiet")
    restored = new.ask("store", "restore", str(path))
    twice = new.ask("store", "restore", str(path))

    assert (made.exit_code, made.stdout) == (0, f"{path}\n")
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert (forced.exit_code, forced.stderr) == (0, "")
    assert restored.exit_code == 0
    assert "2 searches" in restored.stderr
    assert "`searcher resume busy-77` goes on" in restored.stderr
    assert twice.exit_code == 1
    assert "has 2 searches already" in twice.stderr
    assert new.ask("list").stdout == either.ask("list").stdout


def test_a_search_goes_to_optuna_and_comes_back(either, new, tmp_path):
    journal = str(tmp_path / "optuna.log")

    gone = either.ask("store", "export-optuna", "churn", journal)
    back = new.ask("store", "import-optuna", journal, "churn-1a2b3c/final", "--as", "back-1")

    assert gone.stdout.split() == [f"churn-1a2b3c/{fold}" for fold in ("0", "1", "2", "final")]
    assert "32 trials" in gone.stderr
    assert (back.exit_code, back.stdout) == (0, "back-1\n")
    assert new.ask("show", "back-1").exit_code == 0
    assert "have ended" in new.ask("status", "back-1").stdout
    assert new.ask("trials", "back-1").exit_code == 0
    assert new.ask("list").exit_code == 0


@pytest.mark.parametrize("either", ["sqlite"], indirect=True)
def test_tensorboard_gets_a_folder(either, tmp_path):
    made = either.ask("store", "export-tensorboard", "churn", str(tmp_path / "board"))
    again = either.ask("store", "export-tensorboard", "churn", str(tmp_path / "board"))

    assert (made.exit_code, made.stdout) == (0, f"{tmp_path / 'board'}\n")
    assert again.exit_code == 1
    assert "not empty" in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "no/such/folder/x"),
        ("export", "churn", "no/such/folder/x"),
        ("import", "{here}/not-a-zip"),
        ("restore", "{here}/not-a-zip"),
        ("import-optuna", "{here}/not-a-zip", "x"),
    ],
)
@pytest.mark.parametrize("either", ["sqlite"], indirect=True)
def test_what_can_not_be_done_is_said_in_a_line(either, tmp_path, arguments):
    (tmp_path / "not-a-zip").write_text("nothing")

    said = either.ask("store", *(a.format(here=tmp_path) for a in arguments))

    assert said.exit_code == 1
    assert said.stderr.startswith("error: ")
    assert said.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "nobody", "x.zip"),
        ("import", "no.zip"),
        ("restore", "no.backup"),
        ("export-optuna", "nobody", "x.log"),
        ("import-optuna", "no.log", "x"),
        ("export-tensorboard", "nobody", "x"),
    ],
)
@pytest.mark.parametrize("either", ["sqlite"], indirect=True)
def test_what_is_not_there_is_not_found(either, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)

    said = either.ask("store", *arguments)

    assert said.exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_progress_is_said_only_of_long_work(capsys):
    meter = Meter(quiet=False)

    meter("trials", 1, 10)
    meter._said -= 10
    meter("trials", 20_000, 100_000)
    meter("trials", 20_001, 100_000)

    assert capsys.readouterr().err == "trials: 20,000 of 100,000\n"
