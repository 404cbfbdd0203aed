"""The parts that the page is made of: numbers, samples, ranges, studies."""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Space
from searcher.records import FoldScore, utc_now
from searcher.report.material import running_means
from searcher.report.numbers import (
    Digits,
    digits_for,
    duration,
    percent,
    plural,
    size,
    small_number,
    value_text,
)
from searcher.report.provenance import to_yaml
from searcher.report.sampling import evenly, focus, incumbents, keep
from searcher.report.slices import log_ticks
from searcher.report.spaces import (
    declared_spaces,
    end_of_range,
    infer,
    parameters_of,
    varying,
)
from searcher.report.studies import make_study, quiet_optuna
from searcher.spec.yaml_text import read_yaml
from searcher.store import StoredTrial


def trial(number: int, score: float | None = 0.5, **changes: Any) -> StoredTrial:
    """One trial of an inner search, completed unless told otherwise."""
    given: dict[str, Any] = {
        "trial_id": f"s.final.{number}",
        "search_id": "s",
        "outer_fold": "final",
        "number": number,
        "family": "xgboost",
        "configuration": {},
        "origin": "strategy",
        "state": "completed",
        "score": score,
        "resource": 4,
        "reason": None,
        "traceback": None,
        "started_at": utc_now(),
        "ended_at": None,
        "seconds": 1.0,
        "fit_s": 1.0,
        "cpu_s": 1.0,
    }
    return StoredTrial(**(given | changes))


@pytest.mark.parametrize(
    ("scores", "spread", "decimals"),
    [
        ([0.8431, 0.7], 0.01, 4),
        ([0.99991, 0.99987], 0.00002, 6),
        ([-54.3], 1.2, 2),
        ([-52_341.0], 900.0, 0),
        ([0.0], 0.0, 4),
        ([], 0.0, 4),
        ([None, float("nan")], 0.0, 4),
        ([3e-12], 0.0, 4),
    ],
)
def test_scores_get_the_digits_that_tell_them_apart(
    scores: Sequence[float | None], spread: float, decimals: int
) -> None:
    assert digits_for(scores, spread) == Digits(decimals)


def test_differences_have_a_sign_and_zero_has_none() -> None:
    digits = Digits(3)

    written = [digits.signed(value) for value in (0.0123, -0.0123, 1234.5, None)]
    zeros = [digits.score(value) for value in (-0.0001, 0.0)]

    assert written == ["+0.012", "-0.012", "+1,234.500", "–"]
    assert zeros == ["0.000", "0.000"]


def test_quantities_are_written_as_people_say_them() -> None:
    assert [duration(s) for s in (0.25, 9.9, 42, 200, 7300, 100_000, None)] == [
        *("0.25 s", "9.9 s", "42 s", "3 min 20 s", "2 h 1 min", "1 d 3 h", "–")
    ]
    assert plural(3, "class") == "3 classes"
    assert [plural(n, "inner search") for n in (1, 2, 1200)] == [
        *("1 inner search", "2 inner searches", "1,200 inner searches")
    ]
    assert [size(n) for n in (12, 48_213, 5_000_000)] == ["12 B", "48.2 kB", "5.0 MB"]
    assert [percent(*p).replace("\xa0", " ") for p in ((1, 3), (1, 400), (0, 3), (0, 0))] == [
        *("33 %", "0.2 %", "0 %", "–")
    ]
    assert [small_number(n) for n in (0, 1.234e-7, None, "NaN")] == ["0", "1.2e-07", "–", "NaN"]
    assert [value_text(v) for v in (True, None, 0.0123456, 7, "l2")] == [
        *("true", "none", "0.01235", "7", "l2")
    ]


def test_even_samples_keep_both_ends() -> None:
    assert evenly(range(100), 4) == [0, 33, 66, 99]
    assert evenly([1, 2], 4) == [1, 2]
    assert evenly(range(10), 1) == [0]
    assert evenly(range(10), 0) == []


def test_a_sample_keeps_every_new_best_trial_and_the_order() -> None:
    scores = np.random.default_rng(3).random(1000)
    trials = [trial(i, float(score)) for i, score in enumerate(scores)]
    best = incumbents(trials)

    kept = keep(trials, best, 50)

    assert len(kept) == 50
    assert {t.number for t in best} <= {t.number for t in kept}
    assert [t.number for t in kept] == sorted(t.number for t in kept)
    assert best[-1].score == scores.max()


def test_axis_leaves_out_what_is_far_out_and_shows_what_it_must() -> None:
    scores = [*np.linspace(0.80, 0.84, 50), 0.2]

    low, high = focus(scores) or (0.0, 0.0)
    low_of_all, _ = focus(scores, always=[0.2]) or (0.0, 0.0)

    assert 0.7 < low < 0.8
    assert 0.84 < high < 0.85
    assert low_of_all < 0.2
    assert focus([]) is None
    one = focus([0.5])
    assert one is not None
    assert one[0] < 0.5 < one[1]


def test_ranges_are_inferred_from_values() -> None:
    assert infer([3, 1, 7]) == Integer(low=1, high=7)
    assert infer([0.001, 1.0]) == Float(low=0.001, high=1.0, log=True)
    assert infer([0.5, 1]) == Float(low=0.5, high=1.0)
    assert infer([True, False]) == Categorical(choices=(False, True))
    assert infer([None, 8, 3]) == Categorical(choices=(3, 8, None))
    assert infer([1e308, -1e308]) is None
    assert infer([str(i) for i in range(100)]) is None
    assert infer([]) is None


def test_declared_ranges_hold_as_long_as_the_values_fit() -> None:
    space = Space(
        parameters={"C": Float(low=0.1, high=10, log=True), "depth": Integer(low=1, high=3)}
    )
    trials = [trial(i, configuration={"C": 0.5 + i, "depth": 9, "new": ["a", i]}) for i in range(3)]

    parameters = parameters_of(trials, space)

    assert parameters["C"] == space.parameters["C"]
    assert parameters["depth"] == Integer(low=9, high=9)
    assert parameters["new"] == Categorical(choices=('["a", 0]', '["a", 1]', '["a", 2]'))
    assert varying(trials, parameters) == ["C", "new"]


def test_spaces_are_those_of_installed_families_as_the_spec_narrows_them() -> None:
    data = {"task": "binary", "rows": 9, "classes": [{}, {}], "columns": []}
    changes = {"max_depth": {"high": 4}}
    spec = {"families": {"xgboost": changes, "gone": None, "random_forest": {"no_such": 1}}}

    spaces = declared_spaces(spec, data, [])

    assert set(spaces) == {"xgboost"}
    assert spaces["xgboost"].parameters["max_depth"] == Integer(low=1, high=4)


def test_a_strangers_module_is_never_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strangers_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)

    spaces = declared_spaces({"families": {"strangers_module:Forest": None}}, {"columns": []}, [])

    assert spaces == {}
    assert "strangers_module" not in sys.modules


@pytest.mark.parametrize(
    ("parameter", "value", "end"),
    [
        (Float(low=0.001, high=1, log=True), 0.00101, "low"),
        (Float(low=0.001, high=1, log=True), 0.03, None),
        (Float(low=0, high=1), 0.995, "high"),
        (Integer(low=1, high=15), 15, "high"),
        (Integer(low=1, high=15), 14, None),
        (Categorical(choices=(1, 2)), 1, None),
        (Float(low=2, high=2), 2.0, None),
        (Float(low=0, high=1), 7.0, None),
    ],
)
def test_ends_of_ranges_are_seen(parameter: Any, value: float, end: str | None) -> None:
    assert end_of_range(parameter, value) == end


def test_running_means_stop_at_a_score_that_is_none() -> None:
    scores = [(1, 0.4), (2, 0.8), (3, float("nan")), (4, 0.5)]
    told = [FoldScore("a", step, step, {"m": score}, 0, 0, 0) for step, score in scores]

    assert running_means(told, "m") == {"a": ((1, 0.4), (2, pytest.approx(0.6)))}
    assert running_means(told, "other") == {"a": ()}


def test_optuna_is_told_of_trials_as_they_ended() -> None:
    trials = [
        trial(0, 0.7, configuration={"C": 1.0}),
        trial(1, 0.6, state="stopped", configuration={"C": 2.0}),
        trial(2, None, state="failed", configuration={"C": 3.0}),
        trial(3, 0.5, state="running", family="ridge", configuration={}),
    ]
    parameters = {"xgboost": {"C": Float(low=1, high=4)}, "ridge": {}}

    with quiet_optuna():
        study = make_study(trials, parameters, curves={"s.final.1": ((1, 0.6),)}, joint=True)

    assert [t.state.name for t in study.trials] == ["COMPLETE", "PRUNED", "FAIL", "PRUNED"]
    assert study.trials[0].params == {"family": "xgboost", "xgboost.C": 1.0}
    assert study.trials[3].params == {"family": "ridge"}
    assert study.trials[1].intermediate_values == {1: 0.6}
    assert study.best_value == 0.7


def test_optuna_is_only_quiet_while_asked() -> None:
    import optuna

    before = optuna.logging.get_verbosity()

    with quiet_optuna():
        warnings.warn("of no interest", stacklevel=1)

    assert optuna.logging.get_verbosity() == before
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.006, 1.2, [0.01, 0.03, 0.1, 0.3, 1.0]),
        (1e-4, 1e4, [1e-4, 1e-2, 1.0, 1e2, 1e4]),
        (2.0, 2.5, [2.0]),
        (50, 499, [100.0, 300.0]),
    ],
)
def test_log_axes_have_few_round_ticks(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(ticks)


TEXTS = (
    *("1e-3", "010", "0o17", "yes", "No", "null", "~", "1:30", "2024-01-01", ".nan", "=", "a: b"),
    *("", " x", "#x", "ünïcode", "\u2028", '"', "'", "{a}", "- a", "very " * 60, "a\nb\n"),
)


@pytest.mark.parametrize("text", TEXTS)
def test_yaml_reads_back_as_the_same_text(text: str) -> None:
    document = {"name": text, text or "empty": [text], "numbers": [1, 1e-05, 1e300, True, None]}

    read, _ = read_yaml(to_yaml(document))

    assert read == document
