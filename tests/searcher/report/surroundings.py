"""What a told search is about: rows, columns, an environment, and how a trial fails in it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

N_ROWS = 900
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "searcher/evaluation.py", line 121, in evaluate\n'
    "    model = fit_model(family, configuration, X, y)\n"
    "ValueError: Input X contains infinity or a value too large for dtype('float32').\n"
)
ENVIRONMENT: dict[str, Any] = {
    "python": "3.11.7",
    "platform": "Linux-6.1-x86_64-with-glibc2.36",
    "machine": "x86_64",
    "cpus": 2,
    "versions": {"searcher": "0.1.0", "ray": "2.60.0", "optuna": "5.0.0"},
    "git_commit": "9f2d1c0b7a" * 4,
}
COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "tenure", "kind": "numeric", "missing": 0, "categories": 0},
    {"name": "MonthlyCharges", "kind": "numeric", "missing": 0, "categories": 0},
    {"name": "TotalCharges", "kind": "numeric", "missing": 11, "categories": 0},
    {"name": "SeniorCitizen", "kind": "boolean", "missing": 0, "categories": 0},
    {"name": "Contract", "kind": "categorical", "missing": 0, "categories": 3},
    {"name": "PaymentMethod", "kind": "categorical", "missing": 4, "categories": 4},
)


def fingerprint_of(name: str) -> str:
    """Stand in for the SHA-256 of the rows."""
    return sha256(name.encode()).hexdigest()


def describe_data(
    name: str, columns: Sequence[dict[str, Any]], classes: Sequence[str]
) -> dict[str, Any]:
    """Describe rows as ``searcher.data.Dataset`` does."""
    return {
        "name": "telco_churn",
        "rows": N_ROWS,
        "task": "binary",
        "target": "Churn",
        "columns": list(columns),
        "classes": [
            {"name": name, "rows": count} for name, count in zip(classes, (661, 239), strict=True)
        ],
        "groups": None,
        "fingerprint": fingerprint_of(name),
        "notices": ["column 'customerID' has another value in every row: left out"],
    }
