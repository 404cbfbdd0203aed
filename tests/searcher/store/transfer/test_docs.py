"""docs/transfer.md says how to read a portable file without searcher."""

import re
from pathlib import Path

from searcher.store.transfer import export_search
from searcher.store.transfer.manifest import Manifest
from tests.searcher.store.records_factory import fill, make_records
from tests.searcher.store.transfer.conftest import SEARCH

DOC = (Path(__file__).resolve().parents[4] / "docs" / "transfer.md").read_text(encoding="utf-8")


def test_a_portable_file_is_read_without_searcher_as_the_document_says(
    sqlite_url, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    export_search(fill(sqlite_url, make_records(SEARCH)), SEARCH, "churn.zip")
    (code,) = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)

    read = {}
    exec(code, read)  # noqa: S102 - our own document

    assert len(read["trials"]) == 32
    assert read["trials"][0]["trial_id"] == f"{SEARCH}.0.0"


def test_every_field_of_a_manifest_is_documented():
    assert all(f"`{name}`" in DOC for name in Manifest.model_fields)
