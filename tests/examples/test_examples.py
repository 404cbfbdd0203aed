"""The examples of networks end with a model that computes what was measured, on data that ship."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cluster.session import Session
from searcher import SearchResult, search
from searcher.records import UnitScore
from searcher.spec import load_spec

pytest.importorskip("torch")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NETWORKS = ("breast_cancer_mlp", "digits_cnn", "gapminder_recurrent", "digits_pbt")


def shorter(name: str, folder: Path) -> dict[str, Any]:
    """Return an example with fewer epochs, trials and folds; else it is as it stands."""
    spec = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    ((family, narrowed),) = spec["families"].items()
    spec["families"] = {family: {**narrowed, "epochs": 4}}
    spec["validation"] = {"outer": 2, "inner": 2}
    if spec["strategy"]["kind"] == "asha":
        spec["budget"] = {"trials": 3}
    if spec["data"]["path"] == "gapminder.npz":
        runpy.run_path(str(EXAMPLES / "gapminder.py"))["write"](folder / "gapminder.npz")
        spec["data"]["path"] = str(folder / "gapminder.npz")
    return spec


def run(spec: dict[str, Any], folder: Path) -> tuple[SearchResult, set[str]]:
    """Search; return the result and the trials that were scored after every epoch."""
    counted: set[str] = set()

    def observe(record: object) -> None:
        if isinstance(record, UnitScore):
            counted.add(record.trial_id)

    store, output = f"sqlite:///{folder}/store.db", folder / "out"
    result = search(
        spec, store=store, output=output, observe=observe, try_exports=False, try_training=False
    )
    return result, counted


def assert_released(result: SearchResult, counted: set[str]) -> None:
    assert result.state == "completed"
    assert result.error is None
    assert result.parity is not None
    assert result.parity.passed
    assert Path(str(result.model_path)).is_file()
    assert result.outer_mean is not None
    assert result.outer_mean > np.mean(list(result.scores("dummy").values()))
    assert counted, "no trial was scored epoch by epoch"


@pytest.mark.parametrize("name", NETWORKS)
def test_an_example_counts_in_epochs_and_names_how_it_is_run(name: str) -> None:
    path = EXAMPLES / f"{name}.yaml"
    (family,) = load_spec(path).families or {}

    assert family in ("mlp", "cnn", "recurrent")
    assert f"searcher run examples/{name}.yaml" in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_sequences_are_those_that_plotly_ships(tmp_path: Path) -> None:
    import plotly.express as px

    path = tmp_path / "gapminder.npz"
    runpy.run_path(str(EXAMPLES / "gapminder.py"))["write"](path)

    table = px.data.gapminder()
    with np.load(path) as file:
        assert file["X"].shape == (140, 12, 3)
        last = file["X"][0, -1]
    expected = table[(table["country"] == "Afghanistan") & (table["year"] == 2007)].iloc[0]
    assert last[0] == expected["lifeExp"]
    assert np.exp(last[1:]) == pytest.approx([expected["pop"], expected["gdpPercap"]])


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["gapminder_recurrent", "digits_pbt"])
def test_an_example_ends_with_a_model_with_parity(
    ray_session: Session, tmp_path: Path, name: str
) -> None:
    assert ray_session.cpus == 2

    result, counted = run(shorter(name, tmp_path), tmp_path)

    assert_released(result, counted)
