"""Racing rules replayed on recorded fold tables: what they save, and what they lose by it.

``python -m benchmarks.racing [--quick] [--format markdown|json] [--plot front.svg]``. It reads
``../shared/folds``: 100 to 160 configurations on ten folds, with the CPU seconds of each fit, and
the scores after each boosting round for XGBoost. Nothing is fitted; the same call prints the same
figures. Every policy meets the same random orders of configurations and folds.

**Regret** is the mean over all folds of the best configuration minus that of the chosen one.
"""

import argparse
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks import racing_rounds
from benchmarks.racing_peers import PEERS
from benchmarks.racing_plot import draw
from benchmarks.racing_policies import EVERYTHING, HALVING, OURS, race
from benchmarks.racing_results import HEAD, Told, as_json, left_out, markdown, measure, summary
from benchmarks.racing_tables import TABLES, Table, read_tables

POLICIES = {**EVERYTHING, **OURS, **HALVING, **PEERS}
USUAL = [name for name in POLICIES if "Wilcoxon" not in name]  # which takes minutes by itself
SMALLER = ((64, 5), (12, 5))  # configurations and folds of usual searches
TOLERANCES = (0.003, 0.01, 0.02, 0.03, 0.1)
LIMIT = 0.0005

Found = Mapping[str, Mapping[str, Told]]


def main() -> None:
    """Replay, print the tables, draw the front."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=12, help="random orders of each table")
    parser.add_argument("--quick", action="store_true", help="two orders")
    parser.add_argument("--tables", type=Path, default=TABLES, help="folder of fold tables")
    parser.add_argument("--only", nargs="+", choices=POLICIES, default=USUAL)
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
    parser.add_argument("--plot", type=Path, help="write the front to this SVG file")
    chosen = parser.parse_args()
    tables = read_tables(chosen.tables)
    n_orders = 2 if chosen.quick else chosen.orders
    found = replay_all(tables, chosen.only, n_orders)
    if chosen.plot:
        chosen.plot.write_text(draw(found["all configurations, all folds"]), encoding="utf-8")
    if chosen.format == "json":
        print(json.dumps({title: as_json(part) for title, part in found.items()}, indent=1))
    else:
        for title, part in found.items():
            rounds = title.startswith("folds and rounds")
            head = ("rounds saved", *HEAD[1:]) if rounds else HEAD
            print(f"## {title}\n\n{markdown(part, head)}")
    if chosen.format == "markdown" and len({table.dataset for table in tables}) > 2:
        print(leave_one_out(tables, n_orders))


def replay_all(tables: list[Table], names: list[str], n_orders: int) -> dict[str, Found]:
    """Replay on whole tables and on parts of them; by title."""
    policies = {name: POLICIES[name] for name in names}
    found: dict[str, Found] = {
        "all configurations, all folds": measure(
            tables, policies, n_orders, configurations=None, folds=None
        )
    }
    with_curves = [table for table in tables if table.curves is not None]
    if with_curves:
        found["folds and rounds"] = racing_rounds.measure(
            with_curves, n_orders, configurations=None, folds=None
        )
    for n, k in SMALLER:
        if all(table.scores.shape[0] >= n and table.scores.shape[1] >= k for table in tables):
            title = f"{n} configurations, {k} folds"
            found[title] = measure(tables, policies, n_orders, configurations=n, folds=k)
    return found


def leave_one_out(tables: list[Table], n_orders: int) -> str:
    """Say what tolerance the other datasets choose for each dataset, and what it does there."""
    policies = {str(t): partial(race, tolerance=t) for t in TOLERANCES}
    found = measure(tables, policies, n_orders, configurations=None, folds=None)
    by_number = {float(name): told for name, told in found.items()}
    chosen = left_out(by_number, {table.name: table.dataset for table in tables}, limit=LIMIT)
    lines = [
        f"{dataset}: tolerance {tolerance:g}, {100 * means['saved']:.1f} % saved, "
        f"regret {means['regret']:.5f}, worst table {means['worst']:.5f}"
        for dataset, (tolerance, means) in chosen.items()
    ]
    front = [
        f"{name}: {100 * (means := summary(told))['saved']:.1f} % saved, "
        f"regret {means['regret']:.5f}, worst table {means['worst']:.5f}"
        for name, told in found.items()
    ]
    parts = ["## race, by tolerance", "", *front, ""]
    return "\n".join([*parts, "## race, tolerance of the other datasets", "", *lines])


if __name__ == "__main__":
    main()
