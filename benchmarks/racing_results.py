"""From replays to tables: what was saved, and what was lost by it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.racing_policies import Policy
from benchmarks.racing_tables import Floats, Table

Told = Floats
"""Of a policy on a table, means over orders, in the order of ``FIELDS``."""

FIELDS = ("cost", "cpu", "regret", "regret_test", "wins")
HEAD = ("fits saved", "speed-up (CPU)", "regret CV", "worst table", "regret test", "picks winner")


def told(order: Table, cost: float, chosen: int, cpu: float = math.nan) -> Told:
    """Share of the cost and of the CPU seconds that were spent, regrets, and whether it won.

    Regret is the full mean of the best configuration minus the chosen one's, in CV and in the test.
    """
    means = order.scores.mean(axis=1)
    best = int(means.argmax())
    lost = math.nan if order.test is None else float(order.test[best] - order.test[chosen])
    regret = float(means[best] - means[chosen])
    return np.array([cost, cpu, regret, lost, float(regret <= 0)])


def measure(
    tables: Sequence[Table],
    policies: Mapping[str, Policy],
    n_orders: int,
    *,
    configurations: int | None,
    folds: int | None,
) -> dict[str, dict[str, Told]]:
    """Replay every policy on every table; by policy and table."""
    found: dict[str, dict[str, Told]] = {name: {} for name in policies}
    for table in tables:
        orders = list(table.orders(n_orders, configurations=configurations, folds=folds))
        for name, policy in policies.items():
            found[name][table.name] = np.mean([_run(order, policy) for order in orders], axis=0)
    return found


def _run(order: Table, policy: Policy) -> Told:
    outcome = policy(order)
    cpu = float(order.seconds[outcome.fitted].sum() / order.seconds.sum())
    return told(order, float(outcome.fitted.mean()), outcome.chosen, cpu)


def summary(of_tables: Mapping[str, Told]) -> dict[str, float]:
    """Means over tables; the speed-up is the inverse of the geometric mean of the CPU share."""
    values = np.array(list(of_tables.values()))
    return {
        "saved": 1 - float(values[:, 0].mean()),
        "speed_up": 1 / float(np.exp(np.log(values[:, 1]).mean())),
        "regret": float(values[:, 2].mean()),
        "worst": float(values[:, 2].max()),
        "regret_test": float(values[:, 3].mean()),
        "wins": float(values[:, 4].mean()),
    }


def markdown(found: Mapping[str, Mapping[str, Told]], head: Sequence[str] = HEAD) -> str:
    """One line a policy."""
    lines = [_line(["policy", *head]), _line(["---"] * (1 + len(head)))]
    for name, of_tables in found.items():
        means = summary(of_tables)
        cells = [
            f"{100 * means['saved']:.1f} %",
            _shown(means["speed_up"], ".1f"),
            f"{means['regret']:.5f}",
            f"{means['worst']:.5f}",
            _shown(means["regret_test"], "+.4f"),
            f"{100 * means['wins']:.0f} %",
        ]
        lines.append(_line([name, *cells]))
    return "\n".join(lines) + "\n"


def as_json(found: Mapping[str, Mapping[str, Told]]) -> dict[str, Any]:
    """Summaries, and the figures of each table."""
    return {
        name: {
            **{key: _finite(value) for key, value in summary(of_tables).items()},
            "tables": {
                table: {
                    field: _finite(float(value))
                    for field, value in zip(FIELDS, values, strict=True)
                }
                for table, values in of_tables.items()
            },
        }
        for name, of_tables in found.items()
    }


def left_out(
    found: Mapping[float, Mapping[str, Told]], dataset_of: Mapping[str, str], *, limit: float
) -> dict[str, tuple[float, dict[str, float]]]:
    """Choose a setting on all datasets but one, and report it on that one, for each dataset.

    Chosen is the setting that saves most with a mean regret of at most ``limit`` on the others;
    if none has that, the one with the smallest regret.

    Parameters
    ----------
    found
        Results by setting and table.
    """
    chosen = {}
    for dataset in dict.fromkeys(dataset_of.values()):
        others = {
            setting: summary({t: v for t, v in told.items() if dataset_of[t] != dataset})
            for setting, told in found.items()
        }
        fit = {s: means for s, means in others.items() if means["regret"] <= limit}
        if fit:
            best = max(fit, key=lambda setting: fit[setting]["saved"])
        else:
            best = min(others, key=lambda setting: others[setting]["regret"])
        own = {t: v for t, v in found[best].items() if dataset_of[t] == dataset}
        chosen[dataset] = (best, summary(own))
    return chosen


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _shown(value: float, how: str) -> str:
    return "-" if math.isnan(value) else format(value, how)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
