"""MLflow and TensorBoard read what was written for them; each by its own package."""

import os
import sys
from importlib.util import find_spec

import pytest

from searcher.errors import StoreError
from searcher.store import Store
from searcher.store.transfer import export_mlflow, export_tensorboard
from tests.searcher.store.records_factory import fill, make_records
from tests.searcher.store.transfer.conftest import SEARCH


def needs(package, *, developed_with):
    if find_spec(package) is None:
        message = f"{package} is not installed; `pip install 'searcher[tracking]'`"
        if developed_with and os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def ours(sqlite_url):
    return fill(
        sqlite_url, make_records(SEARCH), make_records("busy-77", state="running", name="busy")
    )


def events_of(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


@pytest.fixture
def board(ours, tmp_path):
    needs("tensorboard", developed_with=True)
    return export_tensorboard(ours, SEARCH, tmp_path / "board").folder


def test_a_trials_curve_is_what_tensorboard_reads(board, ours):
    with Store(ours) as store:
        trial = store.trial(f"{SEARCH}.final.1")

    scalars = events_of(board / "final" / "1").Scalars("roc_auc")

    assert [scalar.step for scalar in scalars] == [1, 2, 3]
    assert scalars[-1].value == pytest.approx(trial.score, rel=1e-6)
    assert scalars[-1].wall_time == pytest.approx(trial.ended_at.timestamp(), abs=1e-3)


def test_a_configuration_is_what_the_hparams_page_reads(board, ours):
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    content = events_of(board / "final" / "2").SummaryMetadata(metadata.SESSION_START_INFO_TAG)
    data = plugin_data_pb2.HParamsPluginData.FromString(content.plugin_data.content)

    hparams = data.session_start_info.hparams
    with Store(ours) as store:
        trial = store.trial(f"{SEARCH}.final.2")
    assert hparams["family"].string_value == trial.family == "random_forest"
    assert hparams["random_forest.n_estimators"].number_value == 100
    assert hparams["random_forest.bootstrap"].bool_value is True
    assert hparams["random_forest.max_depth"].string_value == "None"


def test_every_trial_is_a_run(board):
    assert len(list(board.glob("*/*"))) == 32 + len(list(board.glob("events*"))) - 1


def test_a_running_search_can_be_looked_at(ours, tmp_path):
    needs("tensorboard", developed_with=True)

    assert export_tensorboard(ours, "busy-77", tmp_path / "busy").trials == 27


def test_a_folder_is_whole_or_not_there(ours, tmp_path):
    needs("tensorboard", developed_with=True)
    (tmp_path / "out").mkdir()

    def fail(what, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_tensorboard(ours, SEARCH, tmp_path / "out" / "board", progress=fail)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_with_something_in_it_is_refused(ours, tmp_path):
    needs("tensorboard", developed_with=True)
    (tmp_path / "mine").write_text("mine")

    with pytest.raises(StoreError, match="is not empty"):
        export_tensorboard(ours, SEARCH, tmp_path)


@pytest.mark.parametrize("package", ["tensorboard", "mlflow"])
def test_a_package_that_is_missing_is_named(ours, tmp_path, monkeypatch, package):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)

    export = export_mlflow if package == "mlflow" else export_tensorboard
    with pytest.raises(StoreError, match=r"pip install 'searcher\[tracking\]'"):
        export(ours, SEARCH, str(tmp_path / "out"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_search_is_a_run_with_a_child_for_each_trial(ours, tmp_path):
    needs("mlflow", developed_with=False)
    tracking = f"sqlite:///{tmp_path / 'mlflow.db'}"

    made = export_mlflow(ours, SEARCH, tracking)

    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking)
    runs = {run.info.run_name: run for run in client.search_runs([made.experiment_id])}
    with Store(ours) as store:
        search, trial = store.search(SEARCH), store.trial(f"{SEARCH}.final.1")
    assert len(runs) == 33
    assert runs[SEARCH].data.metrics["outer_mean"] == search.outer_mean
    child = runs["final.1"]
    assert child.data.tags["mlflow.parentRunId"] == made.run_id == runs[SEARCH].info.run_id
    assert child.data.metrics["score"] == trial.score
    assert child.data.params["C"] == str(trial.configuration["C"])
    curve = client.get_metric_history(child.info.run_id, "roc_auc")
    assert [point.step for point in curve] == [1, 2, 3]
    assert child.info.start_time == int(trial.started_at.timestamp() * 1000)
    statuses = {run.info.status for run in runs.values()}
    assert statuses == {"FINISHED", "KILLED", "FAILED"}
    with pytest.raises(StoreError, match=r"has search .* already"):
        export_mlflow(ours, SEARCH, tracking)
