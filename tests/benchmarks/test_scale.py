"""The benchmark of scale counts trials, fifths, rows and ratios as it says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from benchmarks.scale import Plan, cells_of, measure
from benchmarks.scale_tables import Cell, growth, per_trial, per_trial_in_fifths, tables
from benchmarks.scale_trials import Marks, Shares, make_rows, run_ours, run_tune
from searcher.store import Store
from searcher.tuning.run import TUNE_ENVIRONMENT


def found(begin_ms: float, more_ms: float, **others: float) -> dict[str, Any]:
    """What is found where trial n takes ``begin_ms + n * more_ms``; marks at 0, 20, ..., 100."""
    marks = []
    for n in range(0, 101, 20):
        seconds = (begin_ms * n + more_ms * n * (n - 1) / 2) / 1000
        figures = dict.fromkeys(("at_s", "driver_s", "writer_s", "tree_s"), seconds)
        marks.append({"ended": n, "rss_mb": 300 + n / 64, **figures})
    begun = {"began_s": -5.0, "ended_s": marks[-1]["at_s"] + 2, "peak_mb": 400.0, "rows": 6.0}
    return {"marks": marks, **begun, **others}


def test_marks_divide_the_trials_into_fifths_without_those_that_start_and_end() -> None:
    few, many = Marks(100, 2), Marks(100, 32)
    for marks in (few, many):
        for n in range(100):
            marks.end_trial(float(n))

    assert [mark.ended for mark in few.marks] == [8, 24, 41, 58, 75, 92]
    assert [mark.ended for mark in many.marks] == [25, 35, 45, 55, 65, 75]
    assert [mark.at_s for mark in many.marks] == [24, 34, 44, 54, 64, 74]
    assert all(mark.rss_mb > 10 for mark in few.marks)
    assert few.marks[-1].driver_s >= few.marks[0].driver_s > 0


def test_a_trial_costs_what_the_marks_grew_by_between_its_neighbours() -> None:
    steady = found(10, 0)

    assert per_trial(steady, "driver_s") == pytest.approx(0.010)
    assert per_trial_in_fifths(steady, "driver_s") == pytest.approx([0.010] * 5)
    assert growth(steady, "driver_s") == pytest.approx(1)
    assert 1024 * per_trial(steady, "rss_mb") == pytest.approx(16)


def test_growth_is_the_last_fifth_over_the_first() -> None:
    slower = found(10, 0.1)  # trials 0 to 19 take 10.95 ms on average, trials 80 to 99 18.95

    assert growth(slower, "at_s") == pytest.approx(18.95 / 10.95)


def test_a_ratio_is_the_median_over_pairs() -> None:
    cells = {Cell("ours", 99, 2, n): found(ms, 0) for n, ms in enumerate((10, 30, 20))}
    cells |= {Cell("tune", 99, 2, n): found(ms, 0) for n, ms in enumerate((10, 10, 40))}

    row = row_of(tables(cells), "### A trial\n")

    assert row[:5] == ["2", "99", "20.0", "10.0", "1.00 (0.50-3.00)"]


def test_the_store_and_the_ends_are_told() -> None:
    cells = {Cell(side, 99, 8, 0): found(20, 0) for side in ("ours", "tune")}

    text = tables(cells)

    assert row_of(text, "### The driver's memory") == ["8", "99", "400", "400", "16", "16"]
    told = ["8", "99", "6.0", "300", "20.0", "5.0", "5.0", "2.0", "2.0"]
    assert row_of(text, "### The store") == told


def test_a_side_that_was_left_out_is_a_dash() -> None:
    cells = list(cells_of(Plan((100,), (2,), 1, ("trials",), ("ours",))))

    text = tables({cell: found(10, 0) for cell in cells})

    assert row_of(text, "### A trial\n") == ["2", "99", *(["10.0", "-", "-"] * 3)]
    assert row_of(text, "### The driver's memory") == ["2", "99", "400", "-", "16", "-"]


def test_efficiency_is_the_share_of_twice_the_speed() -> None:
    walls = {1: (30.0, 40.0), 2: (20.0, 32.0)}
    cells = {
        Cell("real", 8, workers, 0): {"trials_s": trials, "wall_s": whole, "fits_s": 25.0}
        for workers, (trials, whole) in walls.items()
    }

    lines = tables(cells).splitlines()

    assert "| all trials | 30.0 | 20.0 | 0.75 |" in lines
    assert "| the whole search | 40.0 | 32.0 | 0.62 |" in lines
    assert not any("CPUs" in line for line in lines)


def row_of(text: str, title: str) -> list[str]:
    """The first row of a table."""
    row = text[text.index(title) :].split("| --- |\n")[1].splitlines()[0]
    return row.strip("| ").split(" | ")


def test_sides_take_turns_and_every_inner_search_has_as_many_trials() -> None:
    cells = list(cells_of(Plan((100,), (2, 8), 2, ("trials", "real"))))

    assert [cell.side for cell in cells if cell.cpus == 8] == ["ours", "tune", "tune", "ours"]
    assert {cell.trials for cell in cells if cell.side != "real"} == {99}
    assert [cell.cpus for cell in cells if cell.side == "real"] == [1, 2, 2, 1]


def test_what_is_there_already_is_not_measured_again(tmp_path: Path) -> None:
    cells = [Cell("ours", 99, 2, 0), Cell("tune", 99, 2, 0)]
    path = tmp_path / "cells.jsonl"
    path.write_text("".join(json.dumps(c._asdict() | {"of": c.side}) + "\n" for c in cells))

    assert measure(cells[:1], path) == {cells[0]: {"of": "ours"}}


def test_the_trivial_model_is_the_prior() -> None:
    X, y = make_rows()
    ours, known = Shares().fit(X, y), DummyClassifier(strategy="prior").fit(X, y)

    assert ours.predict(X).tolist() == known.predict(X).tolist()
    assert np.array_equal(ours.predict_proba(X), known.predict_proba(X))


@pytest.mark.ray
def test_a_search_completes_all_trials_and_counts_their_rows(
    ray_session: object, tmp_path: Path
) -> None:
    told = run_ours(24, 2, tmp_path)

    with Store(f"sqlite:///{tmp_path}/searcher.db") as store:
        trials = store.trials(next(iter(store.searches())).search_id, limit=100)
    assert [trial.state for trial in trials] == ["completed"] * 24
    assert {round(trial.score or 0, 9) for trial in trials} == {round(2 / 3, 9)}
    assert 6 <= told["rows"] < 7.5  # trial, parameter, two fits and two scores; winners
    assert_told(told)


@pytest.mark.ray
def test_tune_alone_runs_as_many_trials_and_finds_the_same(
    ray_session: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in TUNE_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)  # what is set in there goes with the test

    told = run_tune(24, 2, tmp_path)

    assert told["best"] == pytest.approx(2 / 3)
    assert_told(told)


def assert_told(told: dict[str, Any]) -> None:
    """Of 24 trials on 2 CPUs the first and the last quarter are left out."""
    assert [mark["ended"] for mark in told["marks"]] == [6, 8, 10, 13, 15, 18]
    assert per_trial(told, "at_s") > 0
    assert per_trial(told, "tree_s") >= per_trial(told, "driver_s") > 0
