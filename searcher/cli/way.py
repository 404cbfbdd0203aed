"""How a search came to where it is: what it cost, who drives it, what to do next."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from searcher.cli.options import store_option
from searcher.cli.words import count, duration, local_time, number
from searcher.records import FINAL

if TYPE_CHECKING:
    from searcher.racing import Audit
    from searcher.store import Store, StoredSearch
    from searcher.store.costs import Costs
    from searcher.store.histories import Incumbent
    from searcher.store.leases import Standing

SHOWN = 6
"""Incumbents of an inner search that are told; the last ones."""


@dataclass(frozen=True, slots=True)
class Way:
    """What the store knows of a search beside what it found."""

    costs: "Costs"
    driver: "Standing | None"  # who drives it, or did last
    incumbents: "tuple[Incumbent, ...]"  # of all inner searches
    next: tuple[str, ...]  # commands
    audits: "Mapping[str, Audit]" = field(default_factory=dict)  # by outer fold, of a race
    evolved: bool = False  # whether the best trial went on from another one's state

    @property
    def race(self) -> list[str]:
        """What the audits tell, in words."""
        if not self.audits:
            return []
        from searcher.audits import told

        return told(self.audits)


def look(store: "Store", search: "StoredSearch", url: str) -> Way:
    """Ask the store."""
    driver = store.driver(search.search_id)
    replaced = {record.trial_id for record in store.lineage(search.search_id)}
    return Way(
        costs=store.costs(search.search_id),
        driver=driver,
        incumbents=store.incumbents(search.search_id),
        next=tuple(commands(search, url, live=driver is not None and driver.live)),
        audits=_audits(store, search),
        evolved=search.best_trial_id in replaced,
    )


def document(way: Way) -> dict[str, Any]:
    """Say it in JSON."""
    return {
        "costs": way.costs,
        "driver": way.driver,
        "incumbents": way.incumbents,
        "audits": way.audits,
        "next": way.next,
    }


def _audits(store: "Store", search: "StoredSearch") -> "Mapping[str, Audit]":
    if search.spec.get("strategy", {}).get("kind") != "racing":
        return {}
    from searcher.audits import audits

    return audits(store.trials(search.search_id), store.decisions(search.search_id))


def commands(search: "StoredSearch", url: str, *, live: bool) -> Iterator[str]:
    """Write the commands that are likely to come next."""
    option, of = store_option(url), search.search_id
    if search.state == "running" and live:
        yield f"searcher stop {of}{option}"
        yield f"searcher report {of}{option}"
        return
    if search.state != "completed":
        yield f"searcher resume {of}{option}"
        yield f"searcher report {of}{option}"
        return
    if search.model_path:
        yield f"searcher predict {shlex.quote(search.model_path)} NEW.csv"
    else:  # the parity gate would refuse the winner again
        yield f"searcher trials {of} --outer-fold final --limit 5{option}"
        yield f"searcher export {of} --trial final.NUMBER{option}"
    trials = search.spec.get("budget", {}).get("trials")
    if trials:
        yield f"searcher extend {of} --trials {2 * int(trials)}{option}"


def cost_lines(costs: "Costs", trials: Mapping[str, int]) -> list[str]:
    """Say where the time went: CPU seconds, but for what was lost with its process."""
    parts = [
        f"{duration(costs.useful_s)} in completed trials",
        f"{duration(costs.stopped_s)} in stopped ones",
        f"{duration(costs.failed_s)} in failed ones",
    ]
    if costs.unfinished_s or trials.get("running") or trials.get("paused"):
        parts.append(f"{duration(costs.unfinished_s)} in unfinished ones")
    lines = [f"CPU time: {', '.join(parts)}"]
    if costs.repeats:
        times = count(costs.repeats, "time")
        lines.append(
            f"{duration(costs.repeated_s)} repeated: {times} a trial lost its worker or its "
            "driver, and the inner fold that it was at"
        )
    if costs.refits:
        lines.append(f"{duration(costs.refits_s)} for {count(costs.refits, 'refit')}")
    if costs.reused:
        lines.append(f"{count(costs.reused, 'trial')} copied from another search, at no cost")
    return lines


def driver_line(driver: "Standing | None", state: str) -> str:
    """Say who drives a search."""
    if driver is not None and driver.live:
        return f"{driver.owner}, since {local_time(driver.since)}"
    if driver is None or state == "completed":
        return "nobody"
    last = f"last {driver.owner}, from {local_time(driver.since)}"
    return f"nobody; {last}" + (": it is gone" if state == "running" else "")


def incumbent_lines(incumbents: "Sequence[Incumbent]") -> list[str]:
    """Say how the best inner score grew: in the final inner search, or else the last begun."""
    if not incumbents:
        return []
    fold = incumbents[-1].outer_fold
    of_fold = [each for each in incumbents if each.outer_fold == fold]
    where = "on all rows" if fold == FINAL else f"in outer fold {fold}"
    left_out = len(of_fold) - SHOWN
    lines = [f"best inner score {where}" + (f", {left_out} earlier left out" * (left_out > 0))]
    for each in of_fold[-SHOWN:]:
        number_ = each.trial_id.rsplit(".", 1)[1]
        lines.append(
            f"  {number(each.score)} {each.family} ({fold}.{number_}), "
            f"after {count(each.completed, 'completed trial')}"
        )
    return lines
