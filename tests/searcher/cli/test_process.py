"""What only a process of its own shows: imports, pipes, the terminal."""

import json
import os
import pty
import subprocess
import sys

import pytest

from searcher.cli.options import DEFAULT_STORE
from searcher.export.convert import serialise
from searcher.store import DEFAULT_URL
from tests.searcher.cli.conftest import MAIN, start_process
from tests.searcher.export.models import export, fit, make_data

pytestmark = pytest.mark.slow  # each of these starts a Python or two

HEAVY = ("ray", "sklearn", "pandas", "plotly", "optuna")

TELL_IMPORTS = """
import json, sys
from searcher.cli import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""

THREE_TIMES = """
    for form in ("table", "json", "csv"):
        sys.argv[1:] = ["predict", "model.onnx", "rows.csv", "--format", form]
        try:
            main()
        except SystemExit as end:
            assert end.code == 0
"""


def imported(result):
    return set(json.loads(result.stderr.decode().splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["sql", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    result = start_process(*arguments, code=TELL_IMPORTS)

    assert result.returncode == 0, result.stderr
    assert not imported(result) & {*HEAVY, "sqlalchemy", "numpy", "onnxruntime"}


def test_list_imports_no_machine_learning(filled_store):
    result = start_process("list", "--store", filled_store, code=TELL_IMPORTS)

    assert result.returncode == 0, result.stderr
    assert "sqlalchemy" in imported(result)
    assert not imported(result) & {*HEAVY, "onnxruntime"}


def test_predict_imports_neither_pandas_nor_ray_nor_sklearn(tmp_path):
    model = fit(make_data("regression").only(1), "ridge")
    (tmp_path / "model.onnx").write_bytes(serialise(export(model)))
    (tmp_path / "rows.csv").write_text("n1\n0.5\n")

    code = TELL_IMPORTS.replace("    main()", THREE_TIMES)

    result = start_process(code=code, cwd=tmp_path)

    assert result.stdout.splitlines()[0] == b"prediction"  # of the table
    assert result.stdout.count(b"prediction") == 3
    assert "onnxruntime" in imported(result)
    assert not imported(result) & {*HEAVY, "sqlalchemy", "pyarrow"}


def test_the_default_store_is_the_one_that_the_store_says():
    assert DEFAULT_STORE == DEFAULT_URL


def test_a_reader_that_stops_early_is_no_error(filled_store):
    command = [
        sys.executable,
        "-c",
        MAIN,
        "sql",
        MANY_ROWS,
        "--max-rows",
        "99999",
        "--format",
        "csv",
    ]
    process = subprocess.Popen(
        [*command, "--store", filled_store], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )

    first = process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert first == b"n,text\n"
    assert process.wait(timeout=60) == 0
    assert said == b""


MANY_ROWS = """
with recursive counting(n) as (select 1 union all select n + 1 from counting where n < 50000)
select n, 'some text to fill the pipe' as text from counting
"""


def in_terminal(*arguments, env):
    """Run with stdin, stdout and stderr on a terminal of 80 columns; return what it shows."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **env},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(controller)
    return process.wait(timeout=60), shown.decode()


def test_parquet_is_not_thrown_at_a_terminal(filled_store):
    code, shown = in_terminal("list", "--format", "parquet", env={"SEARCHER_STORE": filled_store})

    assert code == 2
    assert "parquet is binary" in shown


def test_a_terminal_gets_colour_unless_it_says_no(filled_store):
    _, coloured = in_terminal("list", env={"SEARCHER_STORE": filled_store})
    _, plain = in_terminal("list", env={"SEARCHER_STORE": filled_store, "NO_COLOR": "1"})

    assert "\x1b[" in coloured
    assert "\x1b[3" not in plain
    for shown in (coloured, plain):
        assert "churn-1a2b3c" in shown


def test_completion_offers_the_searches_of_the_store(filled_store):
    result = start_process(
        env={
            "_SEARCHER_COMPLETE": "complete_bash",
            "COMP_WORDS": "searcher show ",
            "COMP_CWORD": "2",
            "SEARCHER_STORE": filled_store,
        }
    )

    offered = result.stdout.decode().split()
    assert "latest" in offered
    assert "churn-1a2b3c" in offered


def test_completion_without_a_store_offers_nothing_and_does_not_fail(tmp_path):
    result = start_process(
        env={
            "_SEARCHER_COMPLETE": "complete_bash",
            "COMP_WORDS": "searcher show ",
            "COMP_CWORD": "2",
            "SEARCHER_STORE": f"sqlite:///{tmp_path}/none.db",
        }
    )

    assert result.stdout.decode().split() == []
    assert result.stderr == b""
