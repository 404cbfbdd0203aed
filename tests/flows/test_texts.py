"""A whole search on free text, and new texts predicted from its file on the command line."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from searcher import Store, search
from searcher.cli.app import app

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("one_worker")]

WORDS = {
    "praise": ["lovely", "superb", "good", "fine", "nice", "great"],
    "blame": ["awful", "poor", "broken", "late", "never", "bad"],
}
OTHERS = ["the", "parcel", "was", "delivered", "on", "day", "and", "café", "日本", "I", "think"]


def make_rows(n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    kinds = rng.choice(sorted(WORDS), n)
    texts = [
        " ".join(rng.permutation([*rng.choice(WORDS[kind], 2), *rng.choice(OTHERS, 8), str(i)]))
        for i, kind in enumerate(kinds)
    ]
    return pd.DataFrame({"note": texts, "kind": kinds})


def test_a_search_on_text_ends_with_a_file_that_reads_new_texts(tmp_path: Path) -> None:
    make_rows().to_csv(tmp_path / "notes.csv", index=False)
    (tmp_path / "new.csv").write_text(
        'note\n"A SUPERB parcel: \nlovely!"\nnever came; AWFUL\n', encoding="utf-8"
    )
    spec = {
        "name": "notes",
        "data": {"path": str(tmp_path / "notes.csv"), "target": "kind"},
        "families": ["logistic_regression"],
        "strategy": {"kind": "random"},
        "validation": {"outer": 2, "inner": 2},
        "budget": {"trials": 3},
        "seed": 3,
    }

    result = search(spec, store=f"sqlite:///{tmp_path}/s.db", output=tmp_path / "out", report=False)
    arguments = ["predict", str(result.model_path), str(tmp_path / "new.csv"), "--format", "csv"]
    told = CliRunner().invoke(app, arguments)

    assert result.parity.passed
    assert result.outer_mean > 0.9
    assert result.best_configuration["text_words"] in (300, 1000, 3000)
    labels = [row["label"] for row in csv.DictReader(told.stdout.splitlines())]
    assert labels == ["praise", "blame"]
    with Store(f"sqlite:///{tmp_path}/s.db") as store:
        assert "parcel" not in str(store.search(result.search_id).data)
