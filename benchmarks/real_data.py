"""The real datasets that benchmarks read: where they are, and what is known of each."""

import json
import sys
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def require_data() -> None:
    """End the benchmark, saying why, where the datasets are missing."""
    if not SHARED.is_dir():
        sys.exit(f"this benchmark reads the datasets in {SHARED}, which are not there")


def all_facts() -> dict[str, dict[str, Any]]:
    """File, target and task of each dataset, by its name."""
    return {entry["name"]: entry for entry in json.loads((SHARED / "datasets.json").read_text())}
