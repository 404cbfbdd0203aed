"""One process that asks a filled store: what ``benchmarks.store`` starts for each of its readers.

``python -m benchmarks.store_reading READER URL REPEATS`` prints seconds for each question and the
most memory that the process ever had.
"""

import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

SEARCH_ID = "big"
Questions = dict[str, Callable[[], Any]]

SQL = {
    "best": """
        SELECT trial_id, score, configuration FROM trials
        WHERE search_id = 'big' AND state = 'completed'
        ORDER BY score DESC, id LIMIT 1""",
    "page": """
        SELECT trial_id, outer_fold, family, configuration, state, score, seconds FROM trials
        WHERE search_id = 'big' AND state = 'completed'
        ORDER BY score DESC, id LIMIT 50""",
    "later page": """
        SELECT trial_id, outer_fold, family, configuration, state, score, seconds FROM trials
        WHERE search_id = 'big' AND state = 'completed' AND score < 0.85
        ORDER BY score DESC, id LIMIT 50""",
    "filter": """
        SELECT t.trial_id, t.score, p.number
        FROM trials t JOIN trial_parameters p ON p.trial_id = t.trial_id
        WHERE t.search_id = 'big' AND t.state = 'completed'
          AND p.name = 'learning_rate' AND p.number < 0.001
        ORDER BY t.score DESC, t.id LIMIT 50""",
    "curves": """
        WITH top AS MATERIALIZED (
            SELECT trial_id FROM trials WHERE search_id = 'big' AND state = 'completed'
            ORDER BY score DESC, id LIMIT 10
        )
        SELECT f.trial_id, f.resource,
               avg(c.score) OVER (PARTITION BY f.trial_id ORDER BY f.resource) AS score
        FROM top
        JOIN fold_fits f ON f.trial_id = top.trial_id
        JOIN fold_scores c ON c.trial_id = f.trial_id AND c.inner_fold = f.inner_fold
        WHERE c.metric = 'roc_auc'
        ORDER BY f.trial_id, f.resource""",
    "summary": """
        SELECT search_id, name, state, trials, running, completed, stopped, failed, cpu_s
        FROM v_searches ORDER BY started_at DESC""",
}
"""What anyone would type; both databases read it."""


@contextmanager
def plain_sql(url: str) -> Iterator[Questions]:
    """Ask through the database's own driver, on a connection that is open."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection: Any = sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True)
    else:
        import psycopg

        connection = psycopg.connect(
            parsed.set(drivername="postgresql").render_as_string(False), autocommit=True
        )

    def ask(sql: str) -> Callable[[], Any]:
        return lambda: connection.execute(sql).fetchall()

    yield {name: ask(sql) for name, sql in SQL.items()}
    connection.close()


@contextmanager
def our_api(url: str) -> Iterator[Questions]:
    """Ask ``searcher.Store`` for typed records."""
    from searcher.store import Store

    def open_and_best() -> Any:
        with Store(url) as fresh:
            return fresh.trials(SEARCH_ID, limit=1)

    with Store(url) as store:
        middle = store.trials(SEARCH_ID, where="score < 0.85", limit=1).next
        yield {
            "open + best": open_and_best,
            "best": lambda: store.trials(SEARCH_ID, limit=1),
            "page": lambda: store.trials(SEARCH_ID, limit=50),
            "later page": lambda: store.trials(SEARCH_ID, limit=50, after=middle),
            "filter": lambda: store.trials(SEARCH_ID, where="learning_rate < 0.001", limit=50),
            "curves": lambda: store.learning_curves(SEARCH_ID, best=10, metric="roc_auc"),
            "summary": store.searches,
        }


@contextmanager
def optuna(url: str) -> Iterator[Questions]:
    """Ask Optuna. It has no pages, filters or curves: each takes all trials, as the page does."""
    from optuna import load_study

    from benchmarks.store_peers import rdb_storage

    def load() -> Any:
        return load_study(study_name="study", storage=rdb_storage(url))

    def ranked() -> Any:
        return sorted(load().get_trials(), key=lambda trial: -(trial.value or 0.0))

    opened = load()
    opened.get_trials()
    yield {
        "open + best": lambda: load().best_trial,
        "page": lambda: ranked()[:50],
        "page again": lambda: sorted(opened.get_trials(), key=lambda t: -(t.value or 0.0))[:50],
        "summary": lambda: summaries(url),
    }


def summaries(url: str) -> Any:
    """Ask Optuna for all studies in a line each."""
    import optuna as package

    from benchmarks.store_peers import rdb_storage

    return package.get_all_study_summaries(rdb_storage(url))


READERS = {"ours, Python": our_api, "ours, SQL": plain_sql, "Optuna": optuna}


def memory_mb() -> float:
    """Return the most memory that this process ever had; ``getrusage`` counts its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    most = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(most.split()[1]) / 1024


def measure(question: Callable[[], Any], repeats: int, most_s: float) -> float:
    """Median seconds; the first time is left out where there is time for others."""
    seconds: list[float] = []
    began = time.perf_counter()
    while len(seconds) < repeats + 1:
        start = time.perf_counter()
        question()
        seconds.append(time.perf_counter() - start)
        if time.perf_counter() - began > most_s:
            break
    return statistics.median(seconds[1:] or seconds)


def main() -> None:
    """Answer the process that asked."""
    reader, url, repeats = sys.argv[1:]
    with READERS[reader](url) as questions:
        found = {name: measure(ask, int(repeats), most_s=5.0) for name, ask in questions.items()}
    print(json.dumps(found | {"memory_mb": memory_mb()}))


if __name__ == "__main__":
    main()
