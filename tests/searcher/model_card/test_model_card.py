import json
from dataclasses import replace

import pytest

from searcher.model_card import describe_model, to_markdown
from searcher.records import Note, SearchEnded
from searcher.store import Store
from tests.searcher.report.stories import SEARCH_ID, Story
from tests.searcher.store.records_factory import fill

LATENCY = {
    "size_bytes": 123_456,
    "batches": [1, 100, 10_000],
    "onnx_ms": [0.02, 0.5, 40.0],
    "native_ms": [5.0, 6.0, 50.0],
}


def card_of(records, tmp_path):
    with Store(fill(f"sqlite:///{tmp_path / 's.db'}", records)) as store:
        return store.search(SEARCH_ID), describe_model(
            store.search(SEARCH_ID), store.events(SEARCH_ID)
        )


def test_a_card_says_what_the_store_says(tmp_path):
    records = [*Story(trials=30).tell(), Note(SEARCH_ID, "latency", LATENCY)]
    found, card = card_of(records, tmp_path)

    text = to_markdown(card)

    assert card["evaluation"]["outer_mean"] == found.outer_mean
    assert card["latency"] == LATENCY
    winners = found.scores("winner")
    told = {
        row["outer_fold"]: row["winner"]
        for row in card["evaluation"]["outer_scores"]
        if row["metric"] == found.metric
    }
    assert told == winners
    for part in ("How to run it", "Limits", "Licence", "Not stated.", f"{found.outer_mean:.4g}"):
        assert part in text
    assert "| 10000 | 40 | 50 |" in text


def test_a_card_is_plain_json(tmp_path):
    _, card = card_of(Story(trials=30).tell(), tmp_path)

    assert json.loads(json.dumps(card, allow_nan=False)) == card


def test_the_licence_of_the_spec_is_on_the_card(tmp_path):
    started, *rest = Story(trials=30).tell()
    records = [replace(started, spec=started.spec | {"licence": "CC-BY-4.0"}), *rest]

    _, card = card_of(records, tmp_path)

    assert to_markdown(card).rstrip().endswith("## Licence\n\nCC-BY-4.0")


def test_a_search_without_a_model_says_so_first(tmp_path):
    records = [
        replace(r, error="labels differ | in row 3") if isinstance(r, SearchEnded) else r
        for r in Story(trials=30).tell()
    ]

    _, card = card_of(records, tmp_path)

    assert "**No model was released:** labels differ \\| in row 3" in to_markdown(card)


@pytest.mark.parametrize("better", [True, False])
def test_not_better_than_the_default_is_a_limit(tmp_path, better):
    interval = (0.01, 0.03) if better else (-0.01, 0.03)
    records = [
        replace(r, default_difference=0.02, default_interval=interval)
        if isinstance(r, SearchEnded)
        else r
        for r in Story(trials=30).tell()
    ]

    _, card = card_of(records, tmp_path)

    assert any("not shown to be better" in says for says in card["limits"]) is not better
