"""How the benchmark of the store is shown: tables that can stand in docs/performance.md."""

import statistics
from typing import Any

from benchmarks.store_rounds import Answers, Cell, Cells

NAMES = {
    "group": "ours, group commit: waits after every 100 trials",
    "event": "ours, a commit for each of the 7 events",
    "optuna": "Optuna RDBStorage",
    "group FULL": "ours, group commit, synchronous=FULL",
    "event FULL": "ours, a commit for each event, synchronous=FULL",
    "optuna FULL": "Optuna RDBStorage, synchronous=FULL",
    "optuna as is": "Optuna RDBStorage as it comes, without a write-ahead log",
    "journal": "Optuna JournalStorage (a file)",
    "mlflow": "MLflow tracking store",
}
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def print_writing(found: Cells) -> None:
    """Medians of the rounds; a ratio is the median over rounds, ours / Optuna's RDBStorage."""
    print("\n### Writing\n")
    print("| database | writers | store | trials/s | times Optuna (range) | CPU ms/trial ", end="")
    print("| server CPU ms/trial | longest wait ms |")
    print("| --- " * 8 + "|")
    for (kind, writers, side), cells in found.items():
        peers = found[kind, writers, "optuna FULL" if "FULL" in side else "optuna"]
        print(
            f"| {KINDS[kind]} | {writers} | {NAMES[side]} | {_median(cells, 'trials_s'):,.0f} "
            f"| {_ratio(cells, peers)} | {_median(cells, 'cpu_ms'):.2f} "
            f"| {_median(cells, 'server_ms') or '':.4} | {_median(cells, 'slowest_ms'):.0f} |"
        )


def _ratio(cells: list[Cell], peers: list[Cell]) -> str:
    ratios = [one.trials_s / peer.trials_s for one, peer in zip(cells, peers, strict=True)]
    return f"{statistics.median(ratios):.3g} ({min(ratios):.3g}-{max(ratios):.3g})"


def print_reading(found: Answers) -> None:
    """One line for each question and size; milliseconds, and megabytes for the memory."""
    print("\n### Reading (milliseconds)\n")
    columns = list(dict.fromkeys((kind, reader) for kind, _, reader in found))
    heads = " | ".join(f"{KINDS[kind]}: {reader}" for kind, reader in columns)
    print(f"| question | trials | {heads} |")
    print("| --- " * (2 + len(columns)) + "|")
    questions = list(dict.fromkeys(name for answers in found.values() for name in answers))
    for question in questions:
        for size in dict.fromkeys(size for _, size, _ in found):
            answers = [found.get((kind, size, reader), {}) for kind, reader in columns]
            shown = " | ".join(_shown(question, answer.get(question)) for answer in answers)
            name = "most memory, MB" if question == "memory_mb" else question
            print(f"| {name} | {size:,} | {shown} |")


def _shown(question: str, value: float | None) -> str:
    if value is None:
        return ""
    number = value if question == "memory_mb" else 1000 * value
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def print_resume(found: dict[tuple[str, str], dict[str, float]]) -> None:
    """Seconds from opening the store to the next proposal."""
    if not found:
        return
    print("\n### Going on with a search\n")
    print("| database | strategy | trials | read s | replay s | propose s | wall s | CPU s |")
    print("| --- " * 8 + "|")
    for (kind, strategy), told in found.items():
        parts = [told[name] for name in ("read_s", "replay_s", "propose_s")]
        seconds = " | ".join(f"{part:.2f}" for part in [*parts, sum(parts), told["cpu_s"]])
        print(f"| {KINDS[kind]} | {strategy} | {told['trials']:,.0f} | {seconds} |")


def _median(cells: list[Any], name: str) -> float:
    return float(statistics.median(getattr(cell, name) for cell in cells))
