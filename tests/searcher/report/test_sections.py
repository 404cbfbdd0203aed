"""The smaller sections: timeline, incumbents, parity table, latency, model card, data."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searcher.records import Artifact, Note, OuterScore, ParityChecked, Record, SearchStarted
from searcher.report.gate import gate, latency
from searcher.report.timeline import lay_out
from tests.searcher.report.conftest import Report
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import SEARCH_ID, Story
from tests.searcher.report.test_parts import trial
from tests.searcher.store.records_factory import make_verdict

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_there_are_as_many_lanes_as_trials_ran_at_once() -> None:
    spans = [(0, 10), (1, 3), (2, 9), (3, 5), (6, 7), (10, 12), (11, None)]
    trials = [
        trial(i, started_at=at(begin), ended_at=None if end is None else at(end))
        for i, (begin, end) in enumerate(spans)
    ]

    lanes = lay_out(trials, at(20))

    assert lanes == [0, 1, 2, 1, 1, 0, 1]


def test_lanes_hold_no_two_trials_at_the_same_time() -> None:
    rng = np.random.default_rng(1)
    begins = np.sort(rng.uniform(0, 100, 80))
    spans = [(at(begin), at(begin + rng.uniform(0, 9))) for begin in begins]
    trials = [trial(i, started_at=b, ended_at=e) for i, (b, e) in enumerate(spans)]

    lanes = lay_out(trials, at(200))

    for lane in set(lanes):
        mine = [span for span, where in zip(spans, lanes, strict=True) if where == lane]
        assert all(end <= begin for (_, end), (begin, _) in pairwise(mine))
    at_once = max(sum(b <= moment < e for b, e in spans) for moment, _ in spans)
    assert max(lanes) + 1 == at_once


def test_the_best_so_far_never_falls_and_ends_with_the_last_trial(usual: str) -> None:
    (plot,) = Page(usual).figures["incumbents"]

    assert len(plot["data"]) == 6
    for line in plot["data"]:
        assert line["x"] == sorted(line["x"])
        assert line["y"] == sorted(line["y"])
        assert line["y"][-1] == line["y"][-2]
    assert [line["name"] for line in plot["data"] if line["showlegend"]] == ["final (all rows)"]


def test_timeline_shows_every_trial_once_with_its_state(usual: str) -> None:
    (plot,) = Page(usual).figures["timeline"]

    assert {bars["name"] for bars in plot["data"]} == {"completed", "stopped", "failed"}
    assert sum(len(bars["x"]) for bars in plot["data"]) == 6 * 130
    assert all(width >= 0 for bars in plot["data"] for width in bars["x"])


def test_contours_are_of_two_parameters_for_each_family(usual: str) -> None:
    plots = Page(usual).figures["contours"]

    for plot in plots:
        surface, points = plot["data"]
        assert (surface["type"], points["type"]) == ("contour", "scatter")
        assert len(surface["z"]) == len(surface["y"])
        assert len(surface["z"][0]) == len(surface["x"])
        assert len(points["x"]) == len(points["text"])
        axes = [plot["layout"][key]["title"]["text"] for key in ("xaxis", "yaxis")]
        assert len(set(axes)) == 2


def test_distributions_rise_from_nothing_to_all_of_a_family(usual: str) -> None:
    (plot,) = Page(usual).figures["distribution"]

    assert {line["name"] for line in plot["data"]} <= {
        *("logistic_regression", "random_forest", "xgboost"),
    }
    for line in plot["data"]:
        assert line["y"] == sorted(line["y"])
        assert line["y"][-1] == 1


def test_families_are_compared_by_time_and_by_the_outer_score_where_they_won(
    report: Report,
) -> None:
    story = Story(trials=40, outer=2)
    records = story.tell()
    families = {story.winners[fold][1].family for fold in ("0", "1")}
    scores = {
        family: [
            record.scores["roc_auc"]
            for record in records
            if isinstance(record, OuterScore) and record.role == "winner"
            if story.winners[record.outer_fold][1].family == family
        ]
        for family in families
    }

    text = Page(report(records)).text

    assert "outer folds won outer score there" in text
    for found in scores.values():
        mean = re.escape(f"{np.mean(found):.6f}"[:5])  # the page may round what follows
        assert re.search(rf" (s|min \d+ s) {len(found)} {mean}\d* ", text)


def test_what_a_verdict_says_beyond_its_columns_is_shown_as_text() -> None:
    probes = (
        {"name": "thresholds", "rows": 10, "labels_unequal": 0, "worst": 0.1, "seconds": 0.25},
        {"name": "odd", "threads": [1, 2, 4], "node": {"tree": 3, "at": 0.5}, "empty": []},
    )

    found = gate(make_verdict(probes=probes))

    assert found.has_seconds
    assert found.probes[0].more == ""
    assert found.probes[1].known["rows"] is None
    assert found.probes[1].more == "threads: 1; 2; 4; node: tree 3, at 0.5"


def test_a_probe_sets_extra_fields_are_on_the_page(report: Report) -> None:
    probe = {"name": "nodes", "rows": 9, "labels_unequal": 0, "worst": 0.1, "kind_of": "per node"}
    records: list[Record] = [
        replace(r, verdict=make_verdict(probes=(probe | {"seconds": 0.5},)))
        if isinstance(r, ParityChecked)
        else r
        for r in Story(trials=6, outer=2).tell()
    ]

    assert "nodes 9 0 0.1 – 0.5 s kind of: per node" in Page(report(records)).text


def test_latency_is_a_table(usual: str) -> None:
    assert "The file has 482.1 kB" in Page(usual).text
    assert "1 0.021 1.9 90.5 × 100 0.11 2.4 21.8 × 10,000 8.4 31 3.7 ×" in Page(usual).text


@pytest.mark.parametrize(
    "payload",
    [{}, {"batches": 3}, {"batches": [1, 2], "onnx_ms": ["x"], "native_ms": None}, {"error": "no"}],
)
def test_an_odd_note_on_latency_does_no_harm(payload: dict[str, Any]) -> None:
    found = latency([Note("s", "latency", payload, at=START)])

    assert found is not None
    assert found.error == payload.get("error")
    assert all(row.onnx_ms is None and row.ratio == "" for row in found.rows)
    assert latency([]) is None


def card(path: Path, text: str) -> Artifact:
    """Write a card, and tell of it."""
    path.write_text(text, encoding="utf-8")
    content = text.encode()
    digest = sha256(content).hexdigest()
    return Artifact(SEARCH_ID, "model_card", str(path), digest, len(content), at=START)


def test_the_model_card_is_shown_as_the_text_that_it_is(report: Report, tmp_path: Path) -> None:
    told = [
        card(tmp_path / "model_card.json", '{"licence": "CC0"}'),
        card(tmp_path / "model_card.md", "# Model card\n\n<script>pwned</script> 0.84"),
    ]

    page = Page(report([*Story(trials=6, outer=2).tell(), *told]))

    assert "# Model card <script>pwned</script> 0.84" in page.text
    assert '{"licence": "CC0"}' in page.text
    assert page.text.index("model_card.md") < page.text.index("model_card.json")
    assert len(page.scripts) == 3


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("forged"), "the file was changed since the search wrote it"),
        (lambda path: path.unlink(), "the file is not there any more"),
    ],
)
def test_a_card_that_is_not_the_searchs_is_not_shown(
    report: Report, tmp_path: Path, spoil: Any, said: str
) -> None:
    path = tmp_path / "model_card.md"
    told = card(path, "# The card")
    spoil(path)

    page = Page(report([*Story(trials=6, outer=2).tell(), told]))

    assert said in page.text
    assert "# The card" not in page.text
    assert "forged" not in page.text


def test_a_stored_path_opens_no_other_file(report: Report, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    told = Artifact(SEARCH_ID, "model_card", str(secret), "0" * 64, 10, at=START)

    assert "the secret" not in Page(report([*Story(trials=6, outer=2).tell(), told])).text


def test_columns_are_shown_with_ranges_and_frequent_categories(usual: str) -> None:
    text = Page(usual).text

    assert "TotalCharges numeric 11 1 % 73 0 to 72, median 29" in text.replace("\xa0", " ")
    assert "SeniorCitizen boolean 0 0 % 2 true in 16 %" in text.replace("\xa0", " ")
    assert "Month-to-month (55 %), Two year (24 %)" in text.replace("\xa0", " ")


def test_findings_of_the_checks_are_a_table_and_no_notice_or_event(report: Report) -> None:
    story = Story(trials=6, outer=2)
    story.start()
    started = story.records[0]
    assert isinstance(started, SearchStarted)
    findings = [
        {"severity": "note", "sentence": "x1 has holes", "advice": "Look at it", "kind": "holes"},
        {"severity": "warning", "sentence": "12 rows are twins", "advice": "Declare groups"},
    ]
    notices = [*started.data["notices"], "x1 has holes. Look at it"]
    story.records[0] = replace(started, data={**started.data, "notices": notices})
    story.records.append(Note(SEARCH_ID, "check", {"findings": findings}, at=story.now))

    text = Page(report(story.records)).text

    assert (
        "what to do warning 12 rows are twins Declare groups note x1 has holes Look at it" in text
    )
    assert text.count("x1 has holes") == 1
    assert "column 'customerID' has another value in every row: left out" in text
