"""Audited trials of a race are compared with what their inner search chose without them."""

from types import SimpleNamespace
from typing import Any

import pytest

from searcher.audits import audits, told
from searcher.racing import AUDITED
from searcher.report.rungs import _audit


def trial(name: str, score: float, state: str = "completed", family: str = "ridge") -> Any:
    fold = name.split(".", maxsplit=1)[0]
    return SimpleNamespace(trial_id=name, outer_fold=fold, score=score, state=state, family=family)


def said(name: str, reason: str = f"{AUDITED}; expected gain 0.01") -> Any:
    return SimpleNamespace(trial_id=name, reason=reason)


TRIALS = [
    trial("0.0", 0.99, family="dummy"),  # no part of the race
    trial("0.1", 0.8),
    trial("0.2", 0.7),  # audited
    trial("0.3", 0.6, "stopped"),
    trial("1.1", 0.8),
    trial("1.2", 0.85),  # audited, and better
    trial("1.3", 0.2, "failed"),
]
DECISIONS = [said("0.1", "expected gain 1.2"), said("0.2"), said("0.2"), said("1.2")]


def test_each_inner_search_is_audited_by_its_own_best() -> None:
    found = audits(TRIALS, DECISIONS)

    first, second = found["0"], found["1"]
    assert (first.n_stopped, first.n_audited, first.n_false) == (2, 1, 0)
    assert (second.n_stopped, second.n_audited, second.n_false) == (1, 1, 1)
    assert second.largest_excess == pytest.approx(0.05)


def test_a_search_that_was_no_race_has_no_audit() -> None:
    assert audits(TRIALS, [said("0.1", "at or above the cutoff")]) == {}
    assert told({}) == []


def test_the_rate_of_false_stops_is_told_with_its_interval() -> None:
    stopped, rate = told(audits(TRIALS, DECISIONS))

    assert stopped == (
        "racing stopped 3 trials; 2 of them ran on to be audited, 1 would have won an inner search"
    )
    assert rate == "false stops 50%, 95 % interval 1.3% to 99%; largest loss 0.05"


def test_the_report_says_it_in_sentences() -> None:
    trials = {fold: [t for t in TRIALS if t.outer_fold == fold] for fold in ("0", "1")}
    material: Any = SimpleNamespace(trials=trials, decisions={"0": DECISIONS})

    first, second = _audit(material)

    assert first.startswith("Racing stopped 3 trials; 2 of them ran on to be audited")
    assert second.startswith("False stops 50%")
    assert first.endswith("inner search.")
