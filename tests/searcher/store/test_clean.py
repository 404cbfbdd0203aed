import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import PurePosixPath

import numpy as np
import pytest

from searcher.errors import StoreError
from searcher.records import FoldScore, Note, TrialEnded, TrialStarted
from searcher.store.clean import clean
from searcher.store.values import cells, content_hash, json_object

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TRIAL = TrialStarted("s.0.1", "s", "0", 1, "ridge", {"alpha": 1.0}, "strategy", at=NOW)
SCORE = FoldScore("s.0.1", 1, 0, {"r2": 0.5}, 0.1, 0.1, 0.1, at=NOW)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([1, 2]), [1, 2]),
        ((1, "a"), [1, "a"]),
        (1e308, 1e308),
        (10**30, 10**30),
        (True, True),
        (None, None),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (np.float64("inf"), "Infinity"),
        ("nul\x00", "nul␀"),
        ("lone \ud800", "lone \\ud800"),
        (Colour.RED, "red"),
        (PurePosixPath("a/b"), "a/b"),
        (NOW, "2026-01-31T12:00:00+00:00"),
        ({1: {"a": (2,)}}, {"1": {"a": [2]}}),
    ],
)
def test_a_configuration_value_becomes_plain_json(given, stored):
    found = json_object({"x": given}, "configuration")["x"]

    assert found == stored
    assert type(found) is type(stored)


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes", 1j, np.longdouble(1)])
def test_a_value_without_a_json_form_is_refused_by_name(value):
    with pytest.raises(StoreError, match=r"configuration\['deep'\]\['x'\] is a .*no JSON form"):
        clean(replace(TRIAL, configuration={"deep": {"x": value}}))


def test_a_list_that_contains_itself_is_refused():
    endless = []
    endless.append(endless)

    with pytest.raises(StoreError, match="contains itself"):
        clean(replace(TRIAL, configuration={"x": endless}))


def test_what_the_caller_changes_later_does_not_reach_the_store():
    configuration = {"layers": [1, 2]}

    cleaned = clean(replace(TRIAL, configuration=configuration))
    configuration["layers"].append(3)

    assert cleaned.configuration == {"layers": [1, 2]}


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [
        (0.01, 0.01, None),
        (3, 3.0, None),
        (True, 1.0, "true"),
        (False, 0.0, "false"),
        ("l2", None, "l2"),
        (None, None, None),
        ([64, 32], None, "[64, 32]"),
        (10**400, None, "1" + "0" * 199),
        ("x" * 10_000, None, "x" * 200),
    ],
)
def test_a_parameter_can_be_searched_by_number_or_text(value, number, text):
    assert cells(value) == (number, text)


@pytest.mark.parametrize("given", [math.nan, math.inf, -math.inf, None, np.float32("nan")])
def test_completed_without_a_finite_score_is_failed_and_says_why(given):
    ended = clean(TrialEnded("s.0.1", "completed", given, 3, at=NOW))

    assert (ended.state, ended.score) == ("failed", None)
    assert "not a finite number" in ended.reason


def test_a_stopped_trial_keeps_its_state_without_a_finite_score():
    ended = clean(TrialEnded("s.0.1", "stopped", math.nan, 1, "cutoff", at=NOW))

    assert (ended.state, ended.score, ended.reason) == ("stopped", None, "cutoff")


def test_a_failed_trial_has_no_score():
    ended = clean(TrialEnded("s.0.1", "failed", 0.9, 1, "ValueError", at=NOW))

    assert ended.score is None


@pytest.mark.parametrize(
    ("given", "stored"), [(np.float32(0.5), 0.5), (True, 1.0), (1, 1.0), (1e308, 1e308)]
)
def test_a_score_is_a_float(given, stored):
    cleaned = clean(replace(SCORE, scores={"r2": given}))

    assert cleaned.scores == {"r2": stored}
    assert type(cleaned.scores["r2"]) is float


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (replace(SCORE, scores={"r2": "0.5"}), "the score 'r2' is '0.5'"),
        (replace(SCORE, scores={"r2": [0.5]}), "the score 'r2' is"),
        (replace(SCORE, scores={"x" * 201: 0.5}), "a metric's name is"),
        (replace(SCORE, resource=-1), "resource is -1"),
        (replace(SCORE, inner_fold=0.5), "inner_fold is 0.5"),
        (replace(SCORE, fit_s=math.nan), "fit_s is nan"),
        (replace(SCORE, trial_id="s.0\x00.1"), "trial_id is"),
        (replace(SCORE, trial_id=""), "trial_id is ''"),
        (replace(SCORE, trial_id="x" * 10_000), "trial_id is .*10002 characters"),
        (replace(SCORE, at=datetime(2026, 1, 31)), "without a time zone"),
        (replace(TRIAL, number=2), "by its other fields it is 's.0.2'"),
        (replace(TRIAL, origin="guess"), "origin is 'guess'; allowed: default, dummy, strategy"),
        (replace(TRIAL, configuration={"p" * 201: 1}), "a parameter's name"),
        (TrialEnded("s.0.1", "running", 0.5, 1, at=NOW), "allowed: completed, stopped, failed"),
        ("not a record", "a str is no record"),
    ],
)
def test_a_bad_record_is_refused_where_it_is_added(record, said):
    with pytest.raises(StoreError, match=said):
        clean(record)


def test_a_message_about_a_huge_name_is_short():
    with pytest.raises(StoreError) as refused:
        clean(replace(SCORE, trial_id="x" * 10_000))

    assert len(str(refused.value)) < 250


def test_nul_in_free_text_is_made_visible():
    ended = clean(TrialEnded("s.0.1", "failed", None, 1, "a\x00b", "trace\x00back", at=NOW))

    assert (ended.reason, ended.traceback) == ("a␀b", "trace␀back")


def test_a_long_payload_is_kept_whole():
    note = clean(Note("s", "data", {"text": "x" * 100_000}, at=NOW))

    assert len(note.payload["text"]) == 100_000


def test_times_are_moved_to_utc():
    berlin = timezone(timedelta(hours=1))

    cleaned = clean(replace(SCORE, at=datetime(2026, 1, 31, 13, tzinfo=berlin)))

    assert cleaned.at == NOW
    assert cleaned.at.tzinfo is UTC


def test_equal_configurations_have_equal_hashes_whatever_their_order():
    assert content_hash("f", {"a": 1, "b": 2}) == content_hash("f", {"b": 2, "a": 1})
    assert content_hash("f", {"a": 1}) != content_hash("g", {"a": 1})
