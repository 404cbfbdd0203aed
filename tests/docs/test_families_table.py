from pathlib import Path

import pytest

from benchmarks.families import HEAD, TASKS, facts
from searcher.plugins import family_names, load_family
from tests.docs.family_tables import tables

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "families.md").read_text()
TABLE = {
    line.split("](#")[0].removeprefix("| ["): [cell.strip() for cell in line.split("|")[1:-1]]
    for line in DOCUMENT.split(HEAD)[1].split("\n\n")[0].splitlines()
    if line.startswith("| [")
}


def test_every_installed_family_is_in_the_table_and_no_other():
    assert list(TABLE) == family_names()


@pytest.mark.parametrize("name", family_names())
def test_the_table_says_what_the_code_says(name):
    assert TABLE[name][:4] == facts(name)


@pytest.mark.parametrize("name", family_names())
def test_seconds_are_given_for_the_tasks_that_a_family_learns(name):
    given = [bool(cell) for cell in TABLE[name][4:]]

    assert given == [task in load_family(name).tasks for task in TASKS]


@pytest.mark.parametrize(
    "name", ["training", "mlp", "ft_transformer", "cnn", "recurrent", "transformer"]
)
def test_what_a_network_offers_is_documented_as_it_is(name):
    section = DOCUMENT.split(f"\n## {'networks' if name == 'training' else name}\n")[1]

    found = section.split("\n## ")[0]

    assert tables()[name] in found, "render it anew with python -m tests.docs.family_tables"
