"""Exit codes and messages: one plain line for everything that can go wrong."""

import os
import stat

import pytest
import typer

from searcher.cli.exits import CODES, OWN_MISTAKE, reported
from searcher.errors import (
    DataError,
    ExportError,
    NotFoundError,
    NoTrialSucceededError,
    ParityError,
    SearchFailedError,
    SearchInterruptedError,
    SpecError,
    StoreError,
)


def code_and_message(error, capsys, *, debug=False):
    with pytest.raises(typer.Exit) as caught, reported(debug=debug):
        raise error
    return caught.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SearchFailedError("no"), 1),
        (NoTrialSucceededError("no"), 1),
        (StoreError("no"), 1),
        (SpecError("no"), 2),
        (DataError("no"), 2),
        (ExportError("no"), 3),
        (ParityError("no"), 3),
        (NotFoundError("no"), 4),
        (SearchInterruptedError("churn-1"), 130),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "/some/where"), 1),
        (ZeroDivisionError("no"), 70),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error, code, capsys):
    found, message = code_and_message(error, capsys)

    assert found == code
    assert message.startswith("error: ")
    assert "Traceback" not in message


def test_only_errors_that_nobody_expected_are_called_mistakes(capsys):
    _, message = code_and_message(KeyError("x"), capsys)

    assert "a mistake in searcher itself: KeyError: 'x'" in message
    assert "please report it" in message
    assert OWN_MISTAKE not in {code for _, code in CODES}


def test_debug_shows_the_traceback(capsys):
    _, message = code_and_message(SpecError("seed: required"), capsys, debug=True)

    assert "Traceback (most recent call last)" in message
    assert message.endswith("error: seed: required\n")


def test_every_line_of_a_long_message_is_indented(capsys):
    _, message = code_and_message(SpecError("first\nsecond"), capsys)

    assert message == "error: first\n       second\n"


def test_a_broken_pipe_that_is_not_stdout_is_told(capsys):
    """Ray's own pipes break too, and then the search has failed."""
    code, message = code_and_message(BrokenPipeError(32, "Broken pipe"), capsys)

    assert code == 1
    assert "Broken pipe" in message


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["show", "nope"], 4, "no search 'nope'; the newest searches are worse-0a0b0c"),
        (["show", "churn"], 4, "2 searches begin with 'churn'"),
        (["trials", "churn-1", "--outer-fold", "9"], 4, "no outer fold '9'; known: 0, 1, 2, final"),
        (["trials", "churn-1", "--state", "done"], 2, "'done' is not one of 'running'"),
        (["list", "--format", "xml"], 2, "'xml' is not one of 'table', 'json', 'jsonl', 'csv'"),
        (["list", "--limit", "-1"], 2, "'--limit': must be greater than or equal to 1"),
        (["list", "--limit", "many"], 2, "'--limit': must be a valid integer"),
        (["list", "--limt", "1"], 2, "no such option: --limt"),
        (["export", "nope"], 4, "no search 'nope'"),
        (["report", "nope"], 4, "no search 'nope'"),
    ],
)
def test_a_wrong_request_is_said_in_plain_words(shell, arguments, code, says):
    result = shell.ask(*arguments)

    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert says in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lst"], "no such command 'lst'. Did you mean 'list'"),
        (["show"], "missing argument 'ID'"),
        (["--store", "x", "list"], "options follow the command"),
        (["store", "chek"], "no such command 'chek'"),
        (["run", "there-is-no.yaml"], "there-is-no.yaml: no such file"),
        (["run", "x.yaml", "--cpus", "0"], "'--cpus': must be greater than or equal to 1"),
        (["run", "x.yaml", "--cpus", "2", "--address", "auto"], "--cpus is for a Ray that"),
        (["predict", "no.onnx", "rows.csv"], "there is no model file no.onnx"),
        (["list", "--output", "."], "is a folder; name a file"),
        (["report", "x", "--output", "."], "is a folder; name the HTML file"),
        (["export", "x", "--output", "."], "is a folder; name the ONNX file"),
    ],
)
def test_a_wrong_command_line_exits_with_2(shell, arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    result = shell(*arguments)

    assert result.exit_code == 2
    assert says in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [unclosed", "broken.yaml"),
        ("- a\n- b", "a spec is a mapping"),
        ("name: x\nseed: 1\ndata: {path: a.csv}\nfamilis: [ridge]", "Did you mean 'families'"),
        ("\x00\x01binary", "broken.yaml"),
        ("name: x\nseed: 1\ndata: {path: missing.csv, target: y}", "missing.csv"),
    ],
)
def test_a_wrong_spec_starts_nothing(shell, tmp_path, text, says, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yaml").write_text(text)

    result = shell("run", "broken.yaml")

    assert result.exit_code == 2
    assert says in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["broken.yaml"]


def test_an_output_that_can_not_be_a_folder_is_refused_before_the_search(shell, tmp_path):
    (tmp_path / "file").write_text("")
    spec = tmp_path / "spec.yaml"
    spec.write_text("never read")

    result = shell("run", str(spec), "--output", str(tmp_path / "file" / "below"))

    assert result.exit_code == 2
    assert "is a file, not a folder" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_without_rights_is_refused_before_the_search(shell, tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)

    result = shell("run", "x.yaml", "--output", str(tmp_path / "new"))

    tmp_path.chmod(stat.S_IRWXU)
    assert result.exit_code == 2
    assert "no right to write" in result.stderr


def test_an_answer_that_can_not_be_written_exits_with_1(shell, tmp_path):
    result = shell.ask("list", "-o", str(tmp_path / "nowhere" / "list.csv"))

    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
    assert "nowhere" in result.stderr


def test_a_store_that_is_not_there_is_not_found_and_not_made(shell, tmp_path):
    path = tmp_path / "searcher.db"

    result = shell("list", "--store", f"sqlite:///{path}")

    assert result.exit_code == 4
    assert "`searcher run SPEC` creates one" in result.stderr
    assert not path.exists()


def test_a_store_that_is_something_else_is_refused(shell, tmp_path):
    (tmp_path / "notes.db").write_text("dear diary " * 100)

    result = shell("list", "--store", f"sqlite:///{tmp_path}/notes.db")

    assert result.exit_code == 1
    assert "file is not a database" in result.stderr


def test_the_store_may_come_from_the_environment(shell, filled_store, monkeypatch):
    monkeypatch.setenv("SEARCHER_STORE", filled_store)

    assert "churn-1a2b3c" in shell("list").stdout


def test_version_and_help_are_no_errors(shell):
    for arguments in (["--version"], ["--help"], ["-h"], [], ["run", "-h"], ["store"]):
        result = shell(*arguments)

        assert result.exit_code == 0
        assert result.stdout
    assert shell("--version").stdout.startswith("searcher ")
