"""Put ``NestedSearchCV`` through scikit-learn's checks: ``python -m benchmarks.sklearn_checks``.

With default arguments, and as a declared classifier and regressor, on a Ray that is warm.
"""

import sys
import time
from collections import Counter
from typing import Any

from sklearn.utils.estimator_checks import check_estimator

from cluster.session import stay_connected
from searcher import NestedSearchCV

TASKS = ("auto", "classification", "regression")


def main(tasks: list[str]) -> int:
    """Print one line for each task, and each check that failed; return how many did."""
    stay_connected()
    failures = 0
    for task in tasks or TASKS:
        search = NestedSearchCV() if task == "auto" else NestedSearchCV(task=task)
        started = time.perf_counter()
        results: list[dict[str, Any]] = check_estimator(search, on_fail=None, on_skip=None)
        counts = Counter(result["status"] for result in results)
        seconds = time.perf_counter() - started
        print(f"check_estimator({search!r}): {dict(counts)}, {seconds:.0f} s", flush=True)
        for result in results:
            if result["status"] == "failed":
                failures += 1
                print(f"  {result['check_name']}: {result['exception']}", flush=True)
            if result["status"] == "skipped" and "array_api" not in result["check_name"]:
                print(f"  {result['check_name']} skipped: {result['exception']}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
