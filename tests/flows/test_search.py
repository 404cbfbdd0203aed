"""Whole searches from Python, on a real Ray and a real SQLite."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

from searcher import Store, search
from searcher.api import export_search
from searcher.errors import (
    DataError,
    NotFoundError,
    NoTrialSucceededError,
    SpecError,
)
from searcher.records import Record, TrialEnded
from searcher.spec import load_spec

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("one_worker")]

FEW_TREES = {"n_estimators": {"type": "integer", "low": 5, "high": 10}}
ENSEMBLES = {"random_forest": FEW_TREES, "xgboost": FEW_TREES}
"""What is claimed of them holds for ten trees as for five hundred."""

TROUBLED = "tests.searcher.tuning.troubled_families"


def make_rows(n: int = 160) -> pd.DataFrame:
    """Numbers, categories, dates, booleans, missing values, and two targets."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "size": rng.normal(100, 20, n).round(2),
            "age": rng.integers(0, 90, n),
            "colour": rng.choice(["red", "green", "blue", "größe, ü"], n),
            "member": rng.choice(["True", "False"], n),
            "joined": pd.date_range("2020-01-01", periods=n).astype(str),
            "constant": 1,
        }
    )
    effect = frame["size"] / 20 + (frame["colour"] == "red") * 2 + rng.normal(0, 0.5, n)
    frame.loc[rng.choice(n, 12, replace=False), "size"] = np.nan
    frame.loc[rng.choice(n, 12, replace=False), "colour"] = None
    frame["value"] = effect.round(3)
    frame["bought"] = np.where(effect > effect.median(), "yes", "no")
    frame["kind"] = np.array(["low", "middle", "high"])[np.digitize(effect, [4.5, 6.0])]
    return frame


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_rows().to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path


def make_spec(folder: Path, target: str = "bought", **changes: Any) -> dict[str, Any]:
    others = [name for name in ("value", "bought", "kind") if name != target]
    usual = {
        "name": "Flow Test",
        "data": {"path": str(folder / "rows.csv"), "target": target, "drop": others},
        "families": {"logistic_regression": None, **ENSEMBLES},
        "strategy": {"kind": "random"},
        "validation": {"outer": 2, "inner": 2},
        "budget": {"trials": 5},
        "seed": 3,
    }
    return usual | changes


def run(folder: Path, spec: dict[str, Any], **options: Any) -> Any:
    """Search without trying exports first, which has tests of its own."""
    usual = {"store": f"sqlite:///{folder}/store.db", "output": folder / "out"}
    return search(spec, **(usual | {"try_exports": False} | options))


@pytest.mark.parametrize(
    ("target", "simplest"),
    [("bought", "logistic_regression"), ("kind", "logistic_regression"), ("value", "ridge")],
)
def test_a_search_ends_with_honest_scores_a_model_with_parity_and_a_report(
    folder: Path, target: str, simplest: str
) -> None:
    families = {simplest: None, **ENSEMBLES}

    result = run(folder, make_spec(folder, target, families=families))

    assert result.state == "completed"
    assert result.error is None
    assert len(result.outer_scores) == 2
    assert result.outer_mean == pytest.approx(np.mean(result.outer_scores))
    low, high = result.interval
    assert low <= result.outer_mean <= high
    assert result.parity.passed
    assert Path(result.model_path) == folder / "out" / "model.onnx"
    assert (folder / "out" / "report.html").stat().st_size > 10_000
    assert result.trials == {"running": 0, "paused": 0, "completed": 15, "stopped": 0, "failed": 0}
    assert result.best_configuration["family"] in [*families, "dummy"]
    winners = {w.outer_fold: w.inner_score for w in result.winners}
    gaps = [winners[f] - s for f, s in result.scores("winner").items()]
    assert result.optimism == pytest.approx(np.mean(gaps))
    assert set(result.scores("dummy")) == set(result.scores("default")) == {"0", "1"}


@pytest.fixture(scope="module")
def found(
    one_worker: object, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any, list[Record]]:
    """One finished search that several tests look at: its folder, result and records."""
    folder = tmp_path_factory.mktemp("found")
    make_rows().to_csv(folder / "rows.csv", index=False)
    seen: list[Record] = []
    result = run(folder, make_spec(folder), observe=seen.append, report=False)
    return folder, result, seen


def test_the_model_file_answers_raw_rows_and_says_where_it_comes_from(found: Any) -> None:
    from searcher.export.predict import predict_rows

    folder, result, _ = found

    predicted = predict_rows(folder / "out" / "model.onnx", folder / "rows.csv")

    frame = make_rows()
    assert (np.asarray(predicted.labels) == frame["bought"]).mean() > 0.75
    metadata = {p.key: p.value for p in onnx.load(result.model_path).metadata_props}
    assert metadata["search_id"] == result.search_id
    assert metadata["fingerprint"] == result.fingerprint
    assert json.loads(metadata["configuration"]).items() <= result.best_configuration.items()


def test_the_same_spec_gives_the_same_search_and_the_same_weights(folder: Path) -> None:
    spec = make_spec(
        folder,
        strategy={"kind": "asha", "searcher": "tpe", "reduction_factor": 2},
        budget={"trials": 8},
    )  # on one worker: results come in one order only

    first, second = (run(folder, spec, output=folder / name, report=False) for name in "ab")

    with Store(f"sqlite:///{folder}/store.db") as store:
        trials = [
            [
                (t.outer_fold, t.number, t.family, t.configuration, t.state, t.score)
                for t in store.trials(result.search_id, sort="number")
            ]
            for result in (first, second)
        ]
        folds = [store.folds(result.search_id) for result in (first, second)]
    assert trials[0] == trials[1]
    for one, other in zip(*folds, strict=True):
        assert np.array_equal(one.train, other.train)
        assert np.array_equal(one.test, other.test)
    assert first.outer_scores == second.outer_scores
    graphs = [onnx.load(result.model_path).graph.SerializeToString() for result in (first, second)]
    assert graphs[0] == graphs[1]


def test_another_seed_gives_another_search(found: Any, folder: Path) -> None:
    _, first, _ = found

    assert run(folder, make_spec(folder, seed=4), report=False).outer_scores != first.outer_scores


def test_all_records_reach_the_observer_and_the_store_alike(found: Any) -> None:
    folder, result, seen = found

    with Store(f"sqlite:///{folder}/store.db") as store:
        stored = {t.trial_id: (t.state, t.score) for t in store.trials(result.search_id)}
    assert {r.trial_id: (r.state, r.score) for r in seen if isinstance(r, TrialEnded)} == stored
    kinds = Counter(type(record).__name__ for record in seen)
    assert kinds["SearchStarted"] == kinds["SearchEnded"] == kinds["ParityChecked"] == 1
    assert kinds["InnerSearchEnded"] == 3
    assert kinds["OuterScore"] >= 4


def test_seconds_end_an_inner_search_after_its_baselines(folder: Path) -> None:
    spec = make_spec(folder, budget={"trials": 500, "time_s": 0.2})

    result = run(folder, spec, report=False)

    n_trials = sum(result.trials.values())
    assert 3 * 4 <= n_trials < 300
    assert result.parity.passed


@pytest.mark.parametrize("splitter", ["kfold", "group", "time"])
def test_every_splitter_ends_with_a_model(folder: Path, splitter: str) -> None:
    spec = make_spec(folder, validation={"outer": 2, "inner": 2, "splitter": splitter})
    if splitter == "group":
        spec["data"] |= {"groups": "age"}
    if splitter == "time":
        spec["data"] |= {"time": "joined"}

    result = run(folder, spec, report=False)

    assert len(result.outer_scores) == 2
    assert result.parity.passed


def test_repeats_give_more_outer_scores(folder: Path) -> None:
    spec = make_spec(
        folder,
        families=["logistic_regression"],
        budget={"trials": 2},
        validation={"outer": 2, "inner": 2, "repeats": 2},
    )

    assert len(run(folder, spec, report=False).outer_scores) == 4


def test_several_metrics_are_recorded_and_the_first_is_optimised(folder: Path) -> None:
    metrics = ["neg_log_loss", "roc_auc", "accuracy"]

    result = run(folder, make_spec(folder, metric=metrics), report=False)

    assert result.metric == "neg_log_loss"
    assert all(score < 0 for score in result.outer_scores)
    assert {score.metric for score in result.outer_scores_of} == set(metrics)


def test_a_users_own_family_is_searched_by_module_and_class(folder: Path) -> None:
    spec = make_spec(
        folder, "value", families={"tests.flows.own_family:Median": None, "ridge": {"alpha": 1.0}}
    )

    result = run(folder, spec, report=False)

    with Store(f"sqlite:///{folder}/store.db") as store:
        families = {trial.family for trial in store.trials(result.search_id)}
    assert families == {"dummy", "ridge", "median"}


def test_when_every_trial_fails_the_search_says_so_and_the_store_has_the_tracebacks(
    folder: Path,
) -> None:
    spec = make_spec(folder, "value", families=[f"{TROUBLED}:Raises"])
    spec["budget"] |= {"trial_time_s": 1e-9}  # the dummy does not make that either

    with pytest.raises(NoTrialSucceededError, match="none of 5 trials completed: 5 failed"):
        run(folder, spec, report=False)

    with Store(f"sqlite:///{folder}/store.db") as store:
        (summary,) = store.searches()
        trials = store.trials(summary.search_id)
    assert summary.state == "failed"
    assert "none of 5 trials completed" in summary.error
    assert all(trial.traceback for trial in trials)


def test_a_family_that_always_fails_leaves_the_dummy_as_the_winner(folder: Path) -> None:
    spec = make_spec(folder, "value", families=[f"{TROUBLED}:Raises"])

    result = run(folder, spec, report=False)

    assert result.best_configuration["family"] == "dummy"
    assert result.parity.passed
    with Store(f"sqlite:///{folder}/store.db") as store:
        failed = store.trials(result.search_id, state="failed")
    assert len(failed) == 12
    assert all("no luck today" in trial.traceback for trial in failed)


def test_a_stored_trial_is_refitted_and_exported_again(found: Any, tmp_path: Path) -> None:
    folder, result, _ = found
    url = f"sqlite:///{folder}/store.db"
    with Store(url) as store:
        trial = store.trials(result.search_id, outer_fold="0", family="xgboost")[0]

    again = export_search(result.search_id[:8], store=url, output=tmp_path / "again.onnx")
    other = export_search(
        result.search_id, store=url, trial_id=trial.trial_id, output=tmp_path / "other.onnx"
    )

    first, second = (onnx.load(path) for path in (result.model_path, again.path))
    assert first.graph.SerializeToString() == second.graph.SerializeToString()
    assert other.verdict.passed
    assert "held_out" in [probe["name"] for probe in other.verdict.probes]
    with Store(url) as store:  # another trial's file is not the search's
        assert store.search(result.search_id).model_path == str(again.path)
        assert store.events(result.search_id)[-1].payload["path"] == str(other.path)


def test_exporting_after_the_rows_changed_is_refused(found: Any, tmp_path: Path) -> None:
    folder, result, _ = found
    rows = (folder / "rows.csv").read_bytes()
    make_rows(150).to_csv(folder / "rows.csv", index=False)

    try:
        with pytest.raises(DataError, match="not those of search"):
            export_search(
                result.search_id, store=f"sqlite:///{folder}/store.db", output=tmp_path / "x.onnx"
            )
    finally:
        (folder / "rows.csv").write_bytes(rows)


def test_exporting_an_unknown_trial_names_the_search(found: Any) -> None:
    folder, result, _ = found

    with pytest.raises(NotFoundError, match=result.search_id):
        export_search(result.search_id, store=f"sqlite:///{folder}/store.db", trial_id="nope.0.1")


def test_an_impossible_request_starts_nothing_and_stores_nothing(folder: Path) -> None:
    spec = make_spec(folder, metric="r2")

    with pytest.raises(SpecError, match="metric"):
        run(folder, spec)

    assert not (folder / "store.db").exists()


def test_a_spec_file_finds_its_data_beside_it(folder: Path) -> None:
    import yaml

    spec = make_spec(folder, families=["logistic_regression"], budget={"trials": 2})
    spec["data"]["path"] = "rows.csv"
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec))

    result = run(folder, folder / "spec.yaml", report=False)  # type: ignore[arg-type]

    assert result.parity.passed
    assert load_spec(result.spec).data.path == "rows.csv"


@pytest.mark.parametrize(("field", "asked"), [("cpus", 64), ("gpus", 1)])
def test_hardware_that_is_not_there_is_refused_before_anything_is_stored(
    folder: Path, field: str, asked: int
) -> None:
    families = ["tests.flows.placed:PlacedOnGpu"]
    spec = make_spec(folder, hardware={field: asked}, families=families)

    with pytest.raises(SpecError, match=rf"hardware.{field}: found {asked} for each trial"):
        run(folder, spec)

    assert not (folder / "store.db").exists()


def test_a_model_that_cannot_be_written_costs_the_file_and_not_the_estimate(folder: Path) -> None:
    spec = make_spec(folder, families=["logistic_regression"], budget={"trials": 2})

    result = run(folder, spec, output=folder / "rows.csv", report=False)  # a file, not a folder

    assert result.state == "completed"
    assert len(result.outer_scores) == 2
    assert result.model_path is None
    assert "rows.csv" in result.error
