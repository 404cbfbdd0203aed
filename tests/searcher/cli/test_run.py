"""run, and what follows it: a whole search from the command line, on a real Ray."""

import json
import shutil
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from typer.testing import CliRunner

from searcher.cli.app import app
from searcher.store import Store

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SPEC = """
name: iris
data: {path: "sklearn:iris"}
families: [logistic_regression]
strategy: {kind: random}
validation: {outer: 2, inner: 2}
budget: {trials: 4}
seed: 7
"""


def type_command(*arguments):
    return CliRunner().invoke(app, [str(part) for part in arguments], prog_name="searcher")


@pytest.fixture(scope="module")
def ran(ray_session, tmp_path_factory):
    """A finished ``run --format json``: its folder, and its answer."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "iris.yaml").write_text(SPEC)
    answer = type_command(
        *("run", folder / "iris.yaml", "--store", f"sqlite:///{folder}/searcher.db"),
        *("--output", folder / "out", "--format", "json"),
    )
    assert answer.exit_code == 0, answer.stderr
    return folder, answer


def ask(ran, *arguments):
    folder, _ = ran
    result = type_command(*arguments, "--store", f"sqlite:///{folder}/searcher.db")
    assert result.exit_code == 0, result.stderr
    return result


def test_run_answers_as_show_does(ran):
    folder, answer = ran

    document = json.loads(answer.stdout)
    shown = json.loads(ask(ran, "show", "latest", "--format", "json").stdout)
    assert document == {name: shown[name] for name in document}
    assert document["state"] == "completed"
    assert len(document["outer_scores"]) == 2
    assert document["parity"]["passed"] is True
    assert Path(document["model_path"]) == folder / "out" / "model.onnx"
    assert Path(document["report_path"]) == folder / "out" / "report.html"
    assert document["trials"]["completed"] == 3 * 4


def test_progress_and_next_commands_are_on_stderr(ran):
    folder, answer = ran

    said = answer.stderr
    search_id = json.loads(answer.stdout)["search_id"]
    steps = [
        "trying exports, 1 of ",
        f"search {search_id}",
        "data: iris: 150 rows, 4 columns (4 numeric)",
        "data: target: setosa 50, versicolor 50, virginica 50",
        "plan: balanced_accuracy; 2 outer x 2 inner folds; logistic_regression; random; 4 trials",
        "all rows: chose logistic_regression",
        "outer fold 1: outer balanced_accuracy 0.",
        "parity passed",
        f"model: {folder}/out/model.onnx",
        f"searcher predict {folder}/out/model.onnx NEW.csv",
        f"searcher trials {search_id} --limit 10 --store sqlite:///{folder}/searcher.db",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)


def test_what_was_checked_is_kept_with_the_search(ran):
    folder, answer = ran

    with Store(f"sqlite:///{folder}/searcher.db") as store:
        events = {note.kind: note for note in store.events(json.loads(answer.stdout)["search_id"])}

    assert events["check"].payload == {"findings": []}
    exports = events["preflight"].payload["exports"]
    assert exports[0]["path"] == "families.logistic_regression"
    assert {each["outcome"] for each in exports} == {"passed"}
    assert len(exports) > 3


def test_list_and_trials_know_the_search(ran):
    search_id = json.loads(ran[1].stdout)["search_id"]

    listed = json.loads(ask(ran, "list", "--format", "json").stdout)
    trials = json.loads(ask(ran, "trials", search_id, "--format", "json").stdout)

    assert [search["search_id"] for search in listed] == [search_id]
    assert len(trials) == 3 * 4
    assert {trial["family"] for trial in trials} == {"dummy", "logistic_regression"}


def test_the_model_predicts_new_rows(ran):
    folder, answer = ran
    iris = load_iris(as_frame=True)
    iris.data.to_csv(folder / "new.csv", index=False)

    result = type_command(
        "predict", json.loads(answer.stdout)["model_path"], folder / "new.csv", "--format", "json"
    )

    labels = [row["label"] for row in json.loads(result.stdout)]
    right = sum(label == iris.target_names[y] for label, y in zip(labels, iris.target, strict=True))
    assert right > 135
    assert set(labels) == set(iris.target_names)


def test_export_writes_the_winner_again_and_any_other_trial(ran, tmp_path):
    folder, _ = ran
    shutil.copy(folder / "searcher.db", tmp_path)  # what is exported goes into the store
    store = ("--store", f"sqlite:///{tmp_path}/searcher.db")

    winner = type_command(
        *("export", "latest", "-o", tmp_path / "again.onnx", "--format", "json", *store)
    )
    other = type_command(
        *("export", "latest", "--trial", "0.1", "-o", tmp_path / "other.onnx", *store)
    )

    document = json.loads(winner.stdout)
    assert document["model_path"] == str(tmp_path / "again.onnx")
    assert document["parity"]["passed"] is True
    assert (tmp_path / "again.onnx").read_bytes() == (folder / "out" / "model.onnx").read_bytes()
    assert other.exit_code == 0
    assert f"model   {tmp_path}/other.onnx" in other.stdout
    assert "parity  passed" in other.stdout


@pytest.fixture(scope="module")
def refused(ray_session, tmp_path_factory):
    """A finished ``run --quiet`` whose model nobody can write: its store, folder and answer."""
    folder = tmp_path_factory.mktemp("refused")
    spec = SPEC.replace("iris", "diabetes").replace(
        "[logistic_regression]", '["tests.searcher.cli.unexportable:Unexportable"]'
    )
    (folder / "spec.yaml").write_text(spec)
    store = f"sqlite:///{folder}/searcher.db"
    options = ("--store", store, "--output", folder / "out", "--quiet", "--skip-exports")
    return store, folder, type_command("run", folder / "spec.yaml", *options)


def test_a_search_whose_model_is_not_released_exits_with_3(refused):
    store, folder, answer = refused

    shown = json.loads(type_command("show", "latest", "--store", store, "--format", "json").stdout)

    assert answer.exit_code == 3
    assert shown["state"] == "completed"
    assert shown["outer_mean"] is not None
    assert shown["model_path"] is None
    assert shown["error"]
    assert "none was released" in answer.stdout
    assert not list(folder.rglob("*.onnx"))


def test_a_family_that_can_not_be_exported_is_refused_before_anything_starts(refused, tmp_path):
    _, folder, _ = refused
    store = tmp_path / "searcher.db"

    answer = type_command("run", folder / "spec.yaml", "--store", f"sqlite:///{store}")

    assert answer.exit_code == 2
    assert "families.tests.searcher.cli.unexportable:Unexportable" in answer.stderr
    assert "can't be exported" in answer.stderr
    assert not store.exists()


def test_networks_that_can_not_be_trained_are_refused_unless_they_are_not_tried(
    ray_session, tmp_path
):
    iris = load_iris(as_frame=True)
    frame = iris.data.iloc[:, :3].assign(label=iris.target_names[iris.target])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    family = '["tests.searcher.preflight.training.broken:FlawedFirst"]'
    spec = SPEC.replace('"sklearn:iris"', "rows.csv, target: label")
    (tmp_path / "spec.yaml").write_text(spec.replace("[logistic_regression]", family))
    no_store = f"sqlite:///{tmp_path}/no/such/folder.db"  # what comes next is that it is missing
    words = ("run", tmp_path / "spec.yaml", "--skip-exports", "--store", no_store)

    tried = type_command(*words)
    untried = type_command(*words, "--skip-training")

    assert tried.exit_code == 2
    assert "its default configuration can't be trained" in tried.stderr
    assert "trying training, 1 of " in tried.stderr
    assert "can't be trained" not in untried.stderr
    assert "folder.db" in untried.stderr


def test_an_export_that_is_not_released_exits_with_3(refused):
    store, folder, _ = refused

    exported = type_command("export", "latest", "--store", store, "-o", folder / "model.onnx")

    assert exported.exit_code == 3
    assert "none was released" in exported.stdout
    assert not (folder / "model.onnx").exists()


def test_quiet_says_the_result_only(refused):
    _, _, answer = refused

    assert answer.stderr == ""
    assert "diabetes: completed" in answer.stdout
