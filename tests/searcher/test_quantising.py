"""A search's winner with 8-bit weights: a second file, judged by the outer folds."""

import json
from pathlib import Path
from typing import Any

import pytest

from searcher import search
from searcher.errors import NotFoundError
from searcher.quantising import quantise_search
from searcher.store import Store

pytest.importorskip("torch")
pytestmark = [pytest.mark.ray, pytest.mark.slow]

SPEC: dict[str, Any] = {
    "name": "eight",
    "data": {"path": "sklearn:digits"},
    "metric": "accuracy",
    "families": {"mlp": {"epochs": 3, "depth": 1, "width": 128, "quantities": "plain"}},
    "strategy": {"kind": "random"},
    "validation": {"outer": 2, "inner": 2},
    "budget": {"trials": 2},
    "seed": 3,
}


def test_the_smaller_file_is_told_beside_the_one_with_parity(
    tmp_path: Path, one_worker: Any
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    found = search(SPEC, store=url, output=tmp_path / "out", try_exports=False, try_training=False)

    made = quantise_search(found.search_id, store=url, output=tmp_path / "model.onnx")

    assert made.released.verdict is not None
    assert made.released.verdict.passed
    assert made.path == tmp_path / "model.int8.onnx", made.error
    assert made.verdict is not None
    assert made.verdict.passed
    assert made.path.stat().st_size == made.verdict.size_bytes < made.verdict.released_size_bytes
    assert len(made.verdict.outer) == 2
    with Store(url) as store:
        (note,) = [note for note in store.events(found.search_id) if note.kind == "quantised"]
    assert note.payload["path"] == str(made.path)
    assert json.dumps(note.payload)


def test_a_search_that_is_not_completed_has_nothing_to_quantise(tmp_path: Path) -> None:
    from tests.searcher.store.records_factory import SEARCH_ID, fill, make_records

    url = fill(f"sqlite:///{tmp_path}/store.db", make_records(state="interrupted"))
    with pytest.raises(NotFoundError, match="is interrupted, not completed"):
        quantise_search(SEARCH_ID, store=url)
