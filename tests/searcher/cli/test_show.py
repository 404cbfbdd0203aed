"""show: what a search cost, who drives it, what comes next; and one trial's way."""

import json
import shlex
from dataclasses import replace

import pytest
import typer

from searcher.cli import way
from searcher.cli.app import app
from searcher.records import TrialAgain, TrialStarted
from searcher.store import Store, leases
from searcher.store.engine import open_for_writing, parse_url
from tests.searcher.cli.conftest import records_of, without_model
from tests.searcher.store.records_factory import START, fill


def json_of(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def commands_in(text):
    lines = text.split("\nnext ")[1].splitlines()
    return [line.strip() for line in lines]


def test_a_story_has_cost_course_driver_and_what_comes_next(shell):
    text = shell.ask("show", "churn-1a2b3c").stdout

    for part in (
        "CPU time: 18 s in completed trials, 1.0 s in stopped ones, 0.0 s in failed ones",
        "2.7 s for 9 refits",
        "best inner score on all rows",
        "0.5017 dummy (final.0), after 1 completed trial",
        "driver    nobody",
        "next      searcher predict searcher-output/churn-1a2b3c/model.onnx NEW.csv",
        "searcher extend churn-1a2b3c --trials 16 --store",
    ):
        assert part in text


def test_the_same_is_in_the_json(shell, filled_store):
    document = json_of(shell.ask("show", "churn-1a2b3c", "--format", "json"))

    with Store(filled_store) as store:
        costs, incumbents = store.costs("churn-1a2b3c"), store.incumbents("churn-1a2b3c")
    assert document["costs"]["useful_s"] == costs.useful_s
    assert document["costs"]["refits"] == 9
    assert [each["trial_id"] for each in document["incumbents"]] == [i.trial_id for i in incumbents]
    assert document["driver"] is None or document["driver"]["live"] is False
    assert document["next"][0].startswith("searcher predict ")


def test_repeated_work_and_copied_trials_are_told(tmp_path, shell):
    records = records_of("churn-1a2b3c", state="interrupted")
    trial = [record for record in records if isinstance(record, TrialStarted)][-1]
    lost = TrialAgain(trial.trial_id, 2, "the driver was killed", 12.0, at=START)
    url = fill(f"sqlite:///{tmp_path}/s.db", [*records[:-1], lost, records[-1]])

    text = shell("show", "churn-1a2b3c", "--store", url).stdout
    of_trial = shell("show", trial.trial_id, "--store", url).stdout

    assert "12 s repeated: 1 time a trial lost its worker or its driver" in text
    assert "in unfinished ones" in text
    assert "the driver was killed; it began again, 12 s were lost" in of_trial


def test_a_live_driver_is_named_and_can_be_stopped(tmp_path, shell):
    url = fill(f"sqlite:///{tmp_path}/s.db", records_of("churn-1a2b3c", state="interrupted"))
    engine = open_for_writing(parse_url(url))
    with engine.begin() as connection:
        leases.acquire(connection, "churn-1a2b3c")
    engine.dispose()

    with Store(url) as store:
        search = replace(store.search("churn-1a2b3c"), state="running")
        found = way.look(store, search, url)
    document = json_of(shell("show", "churn-1a2b3c", "--store", url, "--format", "json"))

    assert found.next[0].startswith("searcher stop churn-1a2b3c")
    assert "process" in way.driver_line(found.driver, "running")
    assert "since" in way.driver_line(found.driver, "running")
    assert document["driver"]["live"] is True


@pytest.mark.parametrize(
    ("state", "first"),
    [
        ("interrupted", "searcher resume churn-1a2b3c"),
        ("failed", "searcher resume churn-1a2b3c"),
        ("running", "searcher resume churn-1a2b3c"),  # its driver is gone
        ("no model", "searcher trials churn-1a2b3c --outer-fold final"),
        ("completed", "searcher predict searcher-output/churn-1a2b3c/model.onnx"),
    ],
)
def test_what_comes_next_follows_from_the_state_and_can_be_typed(tmp_path, shell, state, first):
    if state == "no model":
        records = list(without_model(records_of("churn-1a2b3c")))
    else:
        records = records_of("churn-1a2b3c", state=state)
    url = fill(f"sqlite:///{tmp_path}/s.db", records)

    commands = commands_in(shell("show", "churn-1a2b3c", "--store", url).stdout)

    assert commands[0].startswith(first)
    for command in commands:
        program, name, *words = shlex.split(command)
        known = typer.main.get_command(app).commands
        assert program == "searcher"
        known[name].make_context(name, list(words))


def test_a_trial_is_told_with_its_folds_and_decisions(shell, filled_store):
    with Store(filled_store) as store:
        decided = next(d for d in store.decisions("churn-1a2b3c") if d.decision == "stop")
    text = shell.ask("show", decided.trial_id).stdout

    for part in (
        f"{decided.trial_id}  ",
        "(strategy): stopped",
        "impute = median",
        "reason    below the cutoff",
        "mean so far",
        "after 1 inner fold: stop, below the cutoff",
        "was needed (-",
        f"rank {decided.rank} of {decided.rivals} that had come here",
        "stop <- this one",
        f"next      searcher reproduce {decided.trial_id}",
    ):
        assert part in text


def test_a_trial_as_json_has_everything(shell, filled_store):
    with Store(filled_store) as store:
        decided = next(d for d in store.decisions("churn-1a2b3c") if d.decision == "continue")
        stored = store.trial(decided.trial_id)
    document = json_of(shell.ask("show", decided.trial_id, "--format", "json"))

    assert document["configuration"] == stored.configuration
    assert [fold["inner_fold"] for fold in document["folds"]] == [0, 1, 2]
    assert set(document["folds"][0]["scores"]) == {"roc_auc", "accuracy"}
    (judged,) = document["decisions"]
    assert {name: judged[name] for name in ("rank", "rivals", "cutoff", "resource")} == {
        "rank": decided.rank,
        "rivals": decided.rivals,
        "cutoff": decided.cutoff,
        "resource": 1,
    }
    assert decided.trial_id in {rival["trial_id"] for rival in judged["nearest_rivals"]}
    assert document["attempts"] == []


def test_a_failed_trial_is_told_with_its_traceback(shell):
    text = shell.ask("show", "churn-1a2b3c.0.7").stdout

    assert "reason    ValueError: Solver lbfgs supports only 'l2'" in text
    assert "  Traceback (most recent call last):" in text


def test_a_trial_can_be_named_by_the_beginning_of_its_search(shell):
    begun = shell.ask("show", "churn-1.final.3", "--format", "json")
    latest = shell.ask("show", "latest.final.3", "--format", "json")

    assert json_of(begun)["trial_id"] == "churn-1a2b3c.final.3"
    assert json_of(latest)["trial_id"] == "worse-0a0b0c.final.3"


def test_an_unknown_trial_is_said_with_those_there_are(shell):
    result = shell.ask("show", "churn-1a2b3c.final.99")

    assert result.exit_code == 4
    assert "no trial 'churn-1a2b3c.final.99'; the search has" in result.stderr


def test_rivals_are_told_only_where_something_was_decided(shell, filled_store):
    with Store(filled_store) as store:
        decided = {d.trial_id for d in store.decisions("churn-1a2b3c")}
    assert "churn-1a2b3c.0.1" not in decided

    assert "\nrung" not in shell.ask("show", "churn-1a2b3c.0.1").stdout


def test_a_status_says_how_far_a_search_is_and_who_drives_it(shell):
    said = shell.ask("status", "churn-1a2b3c").stdout
    found = json_of(shell.ask("status", "churn-1a2b3c", "--format", "json"))

    assert "state     completed\n" in said
    assert "driver    nobody\n" in said
    assert "job" not in said
    ended = sum(found[state] for state in ("completed", "stopped", "failed"))
    assert f"trials    {ended} of {found['planned']} have ended" in said
    assert (found["state"], found["driver_is_live"], found["job"]) == ("completed", False, None)


def test_a_status_is_refused_that_is_asked_of_two_places(shell):
    refused = shell.ask("status", "churn-1a2b3c", "--namespace", "searcher")

    assert refused.exit_code == 2
    assert "go with --kubernetes" in refused.stderr
