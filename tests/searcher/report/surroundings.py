"""What a told search is about: rows, columns, an environment, and how a trial fails in it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.data.summary import summarise_target

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


SUMMARIES: dict[str, dict[str, Any]] = {
    "numeric": {"distinct": 73, "low": 0.0, "median": 29.0, "high": 72.0},
    "boolean": {"distinct": 2, "share": 0.16},
    "categorical": {"distinct": 3, "top": [["Month-to-month", 495], ["Two year", 217]]},
}


def true_answers(task: str, n_classes: int) -> NDArray[Any]:
    """Class codes, the first class the most frequent, or skewed values: (N_ROWS,)."""
    rng = np.random.default_rng(11)
    if task == "regression":
        return rng.lognormal(3, 0.5, N_ROWS)
    shares = np.arange(n_classes, 0, -1) ** 1.5
    return rng.choice(n_classes, N_ROWS, p=shares / shares.sum())


def predict_rows(
    task: str, truth: NDArray[Any], n_classes: int, seed: int
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Predict as a fair model does: predicted (n,), and probabilities (n, n_classes) or None."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        return 0.85 * truth + 3 + rng.normal(0, 0.15, len(truth)) * truth, None
    logits = rng.normal(0, 1, (len(truth), n_classes))
    logits[np.arange(len(truth)), truth] += 1.6
    told = np.exp(1.3 * logits)
    told /= told.sum(axis=1, keepdims=True)
    return told.argmax(axis=1), told


def fingerprint_of(name: str) -> str:
    """Stand in for the SHA-256 of the rows."""
    return sha256(name.encode()).hexdigest()


def describe_data(
    name: str, columns: Sequence[dict[str, Any]], classes: Sequence[str], task: str = "binary"
) -> dict[str, Any]:
    """Describe rows as ``searcher.data.Dataset`` does."""
    truth = true_answers(task, len(classes))
    counts = np.bincount(truth.astype(int), minlength=len(classes)).tolist()
    return {
        "name": "telco_churn",
        "rows": N_ROWS,
        "task": task,
        "target": "Churn",
        "columns": list(columns),
        "classes": [
            {"name": name, "rows": count} for name, count in zip(classes, counts, strict=True)
        ]
        if classes
        else [],
        "summaries": [SUMMARIES[column["kind"]] for column in columns],
        "target_summary": None if classes else summarise_target(truth),
        "groups": None,
        "fingerprint": fingerprint_of(name),
        "notices": ["column 'customerID' has another value in every row: left out"],
    }
