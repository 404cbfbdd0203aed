"""Members of populations in other programs: with what they ended with, whose score it is."""

import json
from typing import Any

import optuna
import pytest

from searcher.records import FINAL, TrialStarted
from searcher.store import Store
from searcher.store.transfer import (
    export_mlflow,
    export_optuna,
    export_tensorboard,
    import_optuna,
)
from tests.searcher.report.evolving import Evolution
from tests.searcher.report.stories import SEARCH_ID
from tests.searcher.store.records_factory import fill
from tests.searcher.store.transfer.test_tracking import events_of, needs

DEFAULT = f"{SEARCH_ID}.{FINAL}.1"
"""It is never replaced."""

FIRST = "first_configuration"


@pytest.fixture(scope="module")
def story() -> Evolution:
    told = Evolution(outer=2, epochs=14)  # so that some member is replaced more than once
    told.tell()
    return told


@pytest.fixture(scope="module")
def evolved(story: Evolution, tmp_path_factory: pytest.TempPathFactory) -> str:
    return fill(f"sqlite:///{tmp_path_factory.mktemp('evolved')}/s.db", story.records)


@pytest.fixture(scope="module")
def member(story: Evolution) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A member that was replaced more than once: what it began with, and what it ended with."""
    replaced = story.replaced(FINAL)
    ids = [record.trial_id for record in replaced]
    often = max(ids, key=ids.count)
    last = [record.configuration for record in replaced if record.trial_id == often]
    assert len(last) > 1
    (began,) = (
        r.configuration
        for r in story.records
        if isinstance(r, TrialStarted) and r.trial_id == often
    )
    assert began["learning_rate"] != last[-1]["learning_rate"]
    return often, dict(began), dict(last[-1])


@pytest.fixture(scope="module")
def study(evolved: str, tmp_path_factory: pytest.TempPathFactory) -> optuna.Study:
    storage = f"sqlite:///{tmp_path_factory.mktemp('optuna')}/o.db"
    export_optuna(evolved, SEARCH_ID, storage)
    return optuna.load_study(study_name=f"{SEARCH_ID}/{FINAL}", storage=storage)


def test_optuna_has_the_parameters_whose_score_it_has(study: Any, story: Any, member: Any) -> None:
    trial_id, began, last = member

    (trial,) = (t for t in study.trials if t.user_attrs["searcher:trial_id"] == trial_id)

    of = {name: trial.params[f"mlp.{name}"] for name in ("learning_rate", "optimizer")}
    assert of == {name: last[name] for name in of}
    assert trial.user_attrs[f"searcher:{FIRST}"] == began
    best = story.ways(FINAL)[story.winners[FINAL][1].trial_id][-1][1]
    assert study.best_params["mlp.learning_rate"] == best["learning_rate"]


def test_optuna_is_told_a_first_configuration_only_where_it_is_another(
    study: Any, story: Any
) -> None:
    told = {
        trial.user_attrs["searcher:trial_id"]
        for trial in study.trials
        if f"searcher:{FIRST}" in trial.user_attrs
    }

    assert told == {record.trial_id for record in story.replaced(FINAL)}
    assert DEFAULT not in told


def test_a_population_that_comes_back_from_optuna_has_what_its_members_ended_with(
    evolved: str, member: Any, tmp_path: Any
) -> None:
    trial_id, _, last = member
    storage = str(tmp_path / "o.log")
    export_optuna(evolved, SEARCH_ID, storage)

    import_optuna(evolved, storage, f"{SEARCH_ID}/{FINAL}", new_id="back-1")

    with Store(evolved) as store:
        back = store.trial(f"back-1.{FINAL}.{trial_id.rsplit('.', 1)[1]}")
        assert back.configuration == last
        assert store.search("back-1").best_configuration == (
            store.search(SEARCH_ID).best_configuration
        )


def test_tensorboard_shows_what_a_member_ended_with_and_says_what_it_began_with(
    evolved: str, member: Any, tmp_path: Any
) -> None:
    needs("tensorboard", developed_with=True)
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    trial_id, began, last = member
    folder = export_tensorboard(evolved, SEARCH_ID, tmp_path / "board").folder / FINAL

    events = events_of(folder / trial_id.rsplit(".", 1)[1])
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    info = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert info.hparams["mlp.learning_rate"].number_value == last["learning_rate"]
    (text,) = events.Tensors(FIRST)
    assert json.loads(text.tensor_proto.string_val[0]) == began
    assert events.SummaryMetadata(FIRST).plugin_data.plugin_name == "text"
    unchanged = events_of(folder / "1").Tags()["tensors"]
    assert FIRST not in unchanged


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_has_the_parameters_that_a_member_ended_with(
    evolved: str, member: Any, tmp_path: Any
) -> None:
    needs("mlflow", developed_with=False)
    from mlflow import MlflowClient

    trial_id, began, last = member
    tracking = f"sqlite:///{tmp_path / 'mlflow.db'}"

    made = export_mlflow(evolved, SEARCH_ID, tracking)

    found = MlflowClient(tracking_uri=tracking).search_runs([made.experiment_id])
    runs = {run.data.tags.get("searcher.trial_id"): run.data for run in found}
    assert runs[trial_id].params["learning_rate"] == str(last["learning_rate"])
    assert json.loads(runs[trial_id].tags[f"searcher.{FIRST}"]) == began
    assert f"searcher.{FIRST}" not in runs[DEFAULT].tags
