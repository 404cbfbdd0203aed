"""Which processes are started against which database, and in which order."""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text

from benchmarks.store_databases import Databases
from benchmarks.store_peers import fill_optuna, has_mlflow
from benchmarks.store_reading import READERS, SEARCH_ID
from benchmarks.store_trials import search_records
from benchmarks.store_writing import prepare

SIDES = ("group", "event", "optuna")
ONE_WRITER = {"sqlite": ("group FULL", "event FULL", "optuna FULL", "optuna as is")}
FILES = ("journal",)
"""Sides that use no database: measured beside SQLite."""

STRATEGIES = ("random", "TPE", "ASHA and TPE")
"""Those that ``store_resume`` knows, which imports Ray Tune for them."""

OTHERS, TRIALS_OF_OTHERS = 20, 50
"""Searches beside the large one, so that a summary has lines."""


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    repeats: int  # rounds of the writing
    writers: tuple[int, ...]  # processes that write at once
    seconds: float  # that each writer writes
    sizes: tuple[int, ...]  # trials of the stores that are read
    most_optuna: int  # trials of the largest study that Optuna is asked about
    resumed: int  # trials of the search that goes on
    strategies: tuple[str, ...]  # with which it does


@dataclass(frozen=True)
class Cell:
    """What some writers did together."""

    trials_s: float
    cpu_ms: float  # a trial, of the writing processes
    server_ms: float  # a trial, of the PostgreSQL server
    slowest_ms: float  # the longest wait for an acknowledgement


Cells = dict[tuple[str, int, str], list[Cell]]
Answers = dict[tuple[str, int, str], dict[str, float]]


def measure_writing(databases: Databases, kinds: tuple[str, ...], amount: Amount) -> Cells:
    """Measure every cell in each round; every other round goes backwards."""
    found: Cells = defaultdict(list)
    cells = [
        (kind, at_once, side)
        for kind in kinds
        for at_once in amount.writers
        for side in _sides(kind, at_once)
    ]
    for repeat in range(amount.repeats):
        for kind, at_once, side in cells if repeat % 2 == 0 else cells[::-1]:
            found[kind, at_once, side].append(
                measure_cell(databases, kind, side, at_once, amount.seconds)
            )
            _dot()
    return {cell: found[cell] for cell in cells}


def _sides(kind: str, writers: int) -> list[str]:
    mlflow = ("mlflow",) if has_mlflow() and writers == 1 else ()
    full = ONE_WRITER.get(kind, ()) if writers == 1 else ()
    return [*SIDES, *full, *(FILES if kind == "sqlite" else ()), *mlflow]


def measure_cell(databases: Databases, kind: str, side: str, writers: int, seconds: float) -> Cell:
    """Let ``writers`` processes write into an empty database at the same time."""
    url = databases.fresh(kind)
    prepare(side, url)
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.store_writing", side, url]
    started = [
        subprocess.Popen(
            [*command, str(number), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(writers)
    ]
    try:
        for process in started:
            _line(process)  # it is ready
        server = databases.server_cpu_s()
        for process in started:
            _say(process)
        told = [json.loads(_line(process)) for process in started]
        server = databases.server_cpu_s() - server
        for process in started:
            _say(process)
            process.wait(timeout=60)
    finally:
        for process in started:
            process.kill()
            process.communicate()
    databases.drop(url)
    trials = sum(one["trials"] for one in told)
    return Cell(
        trials_s=trials / max(one["wall_s"] for one in told),
        cpu_ms=1000 * sum(one["cpu_s"] for one in told) / trials,
        server_ms=1000 * server / trials,
        slowest_ms=1000 * max(one["slowest_s"] for one in told),
    )


def measure_reading(databases: Databases, kinds: tuple[str, ...], amount: Amount) -> Answers:
    """Fill a store of each size and ask it; Optuna's only up to ``amount.most_optuna`` trials."""
    found: Answers = {}
    for kind in kinds:
        for size in amount.sizes:
            readers = [name for name in READERS if name != "Optuna"]
            for fill, asked in ((fill_ours, readers), (fill_optuna, ["Optuna"])):
                if fill is fill_optuna and size > amount.most_optuna:
                    continue
                url = databases.fresh(kind)
                fill(url, size)
                _analyse(url)
                for reader in asked:
                    found[kind, size, reader] = _answer("store_reading", reader, url, "9")
                    _dot()
                databases.drop(url)
    return found


def fill_ours(url: str, n_trials: int) -> None:
    """Write a large search and some small ones through our writer."""
    from searcher.store import Writer

    small = [(f"other-{number}", TRIALS_OF_OTHERS) for number in range(OTHERS)]
    with Writer(url) as writer:
        for search_id, size in [*small, (SEARCH_ID, n_trials)]:
            for position, record in enumerate(search_records(search_id, size)):
                writer.add(record)
                if position % 10_000 == 9_999:
                    writer.flush()  # or all of it would wait in memory
        writer.flush()


def _analyse(url: str) -> None:
    """Count what is in the tables, as PostgreSQL does by itself within a minute."""
    if url.startswith("postgresql"):
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
        engine.dispose()


def measure_resume(
    databases: Databases, kinds: tuple[str, ...], amount: Amount
) -> dict[tuple[str, str], dict[str, float]]:
    """Measure how long a search takes to go on."""
    found = {}
    for kind in kinds:
        for strategy in amount.strategies:
            url = databases.fresh(kind)
            found[kind, strategy] = _answer("store_resume", strategy, url, str(amount.resumed))
            databases.drop(url)
            _dot()
    return found


def _answer(module: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{module} {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _line(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        sys.exit(f"a writer failed; run it alone: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]
    return line


def _say(process: "subprocess.Popen[str]") -> None:
    if process.stdin:
        process.stdin.write("go\n")
        process.stdin.flush()


def _dot() -> Any:
    sys.stderr.write(".")
    sys.stderr.flush()
