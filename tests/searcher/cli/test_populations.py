"""Members of populations: which of their configurations is shown, and which it is said to be."""

import json

import pytest

from searcher.lineage import stages_of
from searcher.records import FINAL, Replaced, TrialStarted
from searcher.store import Store
from tests.searcher.cli.conftest import Shell
from tests.searcher.report.evolving import Evolution
from tests.searcher.report.stories import SEARCH_ID
from tests.searcher.store.records_factory import fill


@pytest.fixture(scope="module")
def story():
    told = Evolution(epochs=14)  # so that some member is replaced more than once
    told.tell()
    return told


@pytest.fixture(scope="module")
def evolved(story, tmp_path_factory):
    """Types commands on a store with a search by ``pbt``."""
    return Shell(fill(f"sqlite:///{tmp_path_factory.mktemp('cli')}/s.db", story.records))


def json_of(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def replaced_twice(story):
    """A member whose own state was given up more than once, with its replacements."""
    records = story.replaced(FINAL)
    ids = [record.trial_id for record in records]
    often = max(ids, key=ids.count)
    assert ids.count(often) > 1
    return often, [record for record in records if record.trial_id == often]


def began(story):
    return {r.trial_id: r.configuration for r in story.records if isinstance(r, TrialStarted)}


def test_a_member_is_told_with_each_copy_and_with_what_trained_its_state(story, evolved):
    member, own = replaced_twice(story)
    text = evolved.ask("show", member).stdout

    stages = stages_of(began(story), [r for r in story.records if isinstance(r, Replaced)])[member]
    assert f"began     impute = {began(story)[member]['impute']}" in text
    for record in own:
        source = ".".join(record.source_trial_id.rsplit(".", 2)[1:])
        rate = record.configuration["learning_rate"]
        (line,) = (
            line for line in text.splitlines() if f"after {record.resource} epochs: a copy" in line
        )
        assert f"a copy of {source}, " in line
        assert f"learning_rate = {rate}" in line
    ends = [*(str(stage.resource) for stage in stages[1:]), "the end"]
    for stage, end in zip(stages, ends, strict=True):
        of = "itself" if stage.trial_id == member else f"{FINAL}.{stage.trial_id.split('.')[-1]}"
        (line,) = (x for x in text.splitlines() if f"epochs {stage.resource} to {end}, by" in x)
        assert f"by {of}: " in line
        assert f"learning_rate = {stage.configuration['learning_rate']}" in line


def test_a_member_as_json_has_both_configurations_and_its_way(story, evolved):
    member, own = replaced_twice(story)
    document = json_of(evolved.ask("show", member, "--format", "json"))

    assert document["configuration"] == began(story)[member]
    assert document["last_configuration"] == own[-1].configuration
    assert [(x["resource"], x["source_trial_id"]) for x in document["lineage"]] == [
        (record.resource, record.source_trial_id) for record in own
    ]
    way = story.ways(FINAL)[member]
    assert [(x["resource"], x["configuration"]) for x in document["way"]] == list(way)
    assert document["way"][-1]["trial_id"] == member


def test_a_trial_that_never_changed_ended_with_what_it_began_with(story, evolved):
    default = f"{SEARCH_ID}.{FINAL}.1"
    text = evolved.ask("show", default).stdout
    document = json_of(evolved.ask("show", default, "--format", "json"))

    assert "tried     impute = " in text
    assert "a copy of" not in text
    assert document["last_configuration"] == document["configuration"]
    assert document["lineage"] == []
    assert document["way"] == [
        {"resource": 0, "trial_id": default, "configuration": document["configuration"]}
    ]


def test_the_list_shows_both_configurations_and_says_so(story, evolved):
    member, own = replaced_twice(story)
    number = member.rsplit(".", 1)[1]
    listed = evolved.ask("trials", SEARCH_ID, "--outer-fold", FINAL, "--where", f"number={number}")
    whole = json_of(evolved.ask("trials", SEARCH_ID, "--format", "json"))

    first, last = (c["learning_rate"] for c in (began(story)[member], own[-1].configuration))
    assert f"{first:.4g} -> {last:.4g}" in listed.stdout
    assert "are of the configuration that a member began with" in listed.stderr
    (item,) = (trial for trial in whole if trial["trial_id"] == member)
    assert item["configuration"] == began(story)[member]
    assert item["last_configuration"] == own[-1].configuration
    for trial in whole:
        if trial["family"] == "mlp" and trial["trial_id"].endswith(".1"):
            assert trial["last_configuration"] == trial["configuration"]


def test_conditions_are_of_what_a_member_began_with(story, evolved):
    member, _ = replaced_twice(story)
    rate = began(story)[member]["learning_rate"]
    low, high = rate * (1 - 1e-9), rate * (1 + 1e-9)
    asked = f"learning_rate between {low!r} and {high!r}"
    found = json_of(evolved.ask("trials", SEARCH_ID, "--where", asked, "--format", "json"))

    assert [trial["trial_id"] for trial in found] == [member]


def test_a_search_is_told_with_what_its_winner_ended_with(story, evolved):
    winner = story.winners[FINAL][1].trial_id
    last = story.ways(FINAL)[winner][-1][1]
    text = evolved.ask("show", SEARCH_ID).stdout
    document = json_of(evolved.ask("show", SEARCH_ID, "--format", "json"))

    assert f"learning_rate = {last['learning_rate']}" in text
    assert f"this is what it ended with, `searcher show {winner}` tells its way" in text
    assert document["best_configuration"] == {"family": "mlp", **last}
    (final,) = (w for w in document["winners"] if w["outer_fold"] == FINAL)
    assert final["configuration"] == last


def test_the_leaderboard_agrees_with_the_best_configuration(story, evolved):
    with Store(evolved.store) as store:
        best = store.search(SEARCH_ID).best_configuration
        rows = store.query(
            "select configuration from v_leaderboard where outer_fold = 'final' and is_winner = 1"
        ).rows

    assert [{"family": "mlp", **json.loads(row[0])} for row in rows] == [best]
