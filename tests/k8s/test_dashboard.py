"""Grafana's dashboard asks the store what the store can answer."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.k8s.database import Database, add_viewer, database_of
from tests.k8s.rendering import ROOT, deployment, find
from tests.postgres import PostgresServer
from tests.searcher.store.records_factory import fill, make_records

DASHBOARD = json.loads((ROOT / "k8s/components/grafana/searches.json").read_text())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
SOURCE = {"type": "grafana-postgresql-datasource", "uid": "${datasource}"}
MAY_BE_EMPTY = {"What was lost by $search"}
"""Of the searches that the test stores, no attempt was lost."""


def expanded(sql: str, search_id: str) -> str:
    """A query as Grafana sends it: its macros and variables replaced.

    pkg/tsdb/grafana-postgresql-datasource/macros.go of Grafana 12, as far as we use it.
    """
    epoch = "floor(extract(epoch from {})/60)*60"
    sql = re.sub(
        r"\$__timeGroupAlias\((\w+), \$__interval\)",
        lambda found: f'{epoch.format(found[1])} AS "time"',
        sql,
    )
    sql = re.sub(
        r"\$__timeFilter\((\w+)\)",
        r"\1 BETWEEN '1970-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'",
        sql,
    )
    return sql.replace("${search:sqlstring}", f"'{search_id}'")


@pytest.fixture(scope="module")
def store(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with database_of(postgres, tmp_path_factory.mktemp("dashboard"), "postgres") as made:
        add_viewer(made)
        fill(made.url("app"), make_records())
        yield made


def _ask(store: Database, sql: str) -> tuple[list[str], list[Any]]:
    """Ask as the role that Grafana has."""
    with psycopg.connect(store.url("viewer").replace("+psycopg", "")) as connection:
        (first,) = connection.execute("SELECT min(search_id) FROM searches").fetchone() or ("",)
        answer = connection.execute(expanded(sql, first))
        return [column.name for column in answer.description or ()], answer.fetchall()


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_is_answered_by_the_store(title: str, store: Database) -> None:
    panel = PANELS[title]
    (target,) = panel["targets"]

    columns, rows = _ask(store, target["rawSql"])

    assert "$" not in expanded(target["rawSql"], "x")
    assert rows or title in MAY_BE_EMPTY
    assert (columns[0] == "time") == (panel["type"] == "timeseries")
    assert (target["format"] == "time_series") == (panel["type"] == "timeseries")
    if panel["type"] == "stat":
        assert [len(row) for row in rows] == [1]


def test_the_choice_of_a_search_is_answered_by_the_store(store: Database) -> None:
    columns, rows = _ask(store, VARIABLES["search"]["query"])

    assert columns == ["search_id"]
    assert rows


def test_a_query_of_a_column_that_is_not_there_is_noticed(store: Database) -> None:
    sql = PANELS["Searches"]["targets"][0]["rawSql"].replace("s.outer_mean", "s.outer_means")

    with pytest.raises(psycopg.errors.UndefinedColumn):
        _ask(store, sql)


def test_panels_have_ids_places_and_sources_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels) == len(PANELS)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert all(panel["description"] for panel in panels)
    assert all(x["datasource"] == SOURCE for p in panels for x in (p, *p["targets"]))
    used = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps(panels)))
    assert used == set(VARIABLES)


def test_grafana_finds_the_dashboard_by_its_label() -> None:
    found = find(deployment("every component"), "ConfigMap", "dashboard-searches")

    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["searches.json"]) == DASHBOARD


def test_the_file_has_no_address_and_no_password() -> None:
    text = Path(ROOT / "k8s/components/grafana/searches.json").read_text()

    assert not re.search(r"(?i)password|https?://|postgresql://", text)
