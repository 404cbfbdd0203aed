"""Formats: the same answer as table, JSON, csv and parquet, on stdout and in files."""

import io
import json
import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pyarrow import parquet

from searcher.cli.formats import Rows, write_csv, write_json, write_parquet
from searcher.store import Store


def written(write, what):
    sink = io.BytesIO()
    write(what, sink)
    return sink.getvalue()


def test_json_has_no_nan():
    text = written(
        write_json, {"a": [1.5, math.nan, -math.inf], "at": datetime(2026, 1, 31, tzinfo=UTC)}
    )

    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)
    assert found == {"a": [1.5, None, None], "at": "2026-01-31T00:00:00+00:00"}


def test_csv_reads_back_equal():
    rows = Rows(
        ("x", "text", "flag", "of"), [[0.1 + 0.2, 'a "b", c', True, {"k": [1]}], [None] * 4]
    )

    lines = written(write_csv, rows).decode().split("\n")

    assert lines == [
        "x,text,flag,of",
        '0.30000000000000004,"a ""b"", c",true,"{""k"": [1]}"',
        ",,,",
        "",
    ]


def test_parquet_keeps_types_and_joins_mixed_ones():
    cells = [
        [1, 0.5, "a", 1, None, datetime(2026, 1, 31, tzinfo=UTC)],
        [2, 1, None, "auto", None, None],
    ]
    rows = Rows(("whole", "number", "text", "mixed", "nothing", "at"), cells)

    table = parquet.read_table(io.BytesIO(written(write_parquet, rows)))

    assert table.schema.field("whole").type == pa.int64()
    assert table.column("number").to_pylist() == [0.5, 1.0]
    assert table.column("text").to_pylist() == ["a", None]
    assert table.column("mixed").to_pylist() == ["1", "auto"]
    assert table.column("nothing").to_pylist() == [None, None]
    assert table.column("at").to_pylist() == [datetime(2026, 1, 31, tzinfo=UTC), None]


def test_parquet_of_no_rows_has_its_columns():
    table = parquet.read_table(io.BytesIO(written(write_parquet, Rows(("a", "b"), []))))

    assert table.column_names == ["a", "b"]
    assert table.num_rows == 0


def test_parquet_goes_to_a_redirected_stdout(shell, filled_store):
    result = shell.ask("trials", "churn-1a2b3c", "--format", "parquet")

    table = parquet.read_table(io.BytesIO(result.stdout_bytes))
    with Store(filled_store) as store:
        stored = store.trials("churn-1a2b3c")
    assert table.column("trial_id").to_pylist() == [trial.trial_id for trial in stored]
    assert table.column("param.C").to_pylist() == [t.configuration.get("C") for t in stored]


@pytest.mark.parametrize("ending", ["json", "csv", "parquet", "txt"])
def test_the_ending_of_output_decides_the_format(shell, tmp_path, ending):
    path = tmp_path / f"list.{ending}"

    result = shell.ask("list", "-o", str(path))

    assert result.exit_code == 0
    assert result.stdout == ""
    readers = {
        "json": lambda: [search["search_id"] for search in json.loads(path.read_text())],
        "csv": lambda: [line.split(",")[0] for line in path.read_text().splitlines()[1:]],
        "parquet": lambda: parquet.read_table(path).column("search_id").to_pylist(),
        "txt": lambda: [line.split()[0] for line in path.read_text().splitlines()[1:]],
    }
    assert readers[ending]()[-1] == "churn-1a2b3c"


def test_format_wins_over_the_ending(shell, tmp_path):
    path = tmp_path / "list.csv"

    shell.ask("list", "-o", str(path), "--format", "json")

    assert len(json.loads(path.read_text())) == 4
