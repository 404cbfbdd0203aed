"""How many trials may run at once: what there is room for by now, and what the spec allows."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Collection

from cluster.ranks import TooManyRanksError, await_room, count_room, require_room
from cluster.session import Session
from searcher.demand import Demand, Demands
from searcher.errors import SpecError
from searcher.spec.models import HardwareSpec

PATIENCE_S = 600.0
"""Seconds that a search waits for nodes with room for its first trial, on a cluster it joined."""

CORE = Demand()

_log = logging.getLogger(__name__)


class Room:
    """Says whether one more trial may be proposed, on a cluster that grows and shrinks.

    There is always room for one: what is proposed then waits for a node, and is what a cluster that
    starts nodes on demand starts one for. A trial that waits for a node of its kind keeps no other
    kind waiting: a GPU that is taken leaves no core idle.

    Parameters
    ----------
    demands
        What the trials of each family occupy.
    hardware
        Its ``max_cpus`` and ``max_concurrent`` are what all trials together may occupy.
    count
        Counts how many of a kind the nodes have room for when nothing else runs.
    every_s
        Seconds that an answer is good for; it is asked for many times a second.
    """

    def __init__(
        self,
        demands: Demands,
        hardware: HardwareSpec,
        *,
        count: Callable[[Demand], int],
        every_s: float = 1.0,
    ) -> None:
        self._demands, self._count, self._every_s = demands, count, every_s
        self._kinds = tuple(dict.fromkeys(demands.values()))
        self._most = math.inf if hardware.max_concurrent is None else hardware.max_concurrent
        self._most_cpus = math.inf if hardware.max_cpus is None else hardware.max_cpus
        self._asked_at = float("-inf")
        self._known: dict[Demand, int] = {}

    def at_once(self, demand: Demand) -> int:
        """How many of one kind may run at once if nothing else does; at least one."""
        allowed = min(self._most, self._most_cpus // demand.all_cpus)
        return int(max(1, min(self._there(demand), allowed)))

    @property
    def together(self) -> int:
        """How many may run at once whatever their families are."""
        return min(self.at_once(kind) for kind in self._kinds)

    def takes_more(self, running: Collection[str]) -> bool:
        """Whether one more may be proposed, of whatever family.

        Parameters
        ----------
        running
            Families of the trials that run, or wait for a node.
        """
        if not running:
            return True
        counts = Counter(self._demands[family] for family in running)
        asked = sum(kind.all_cpus * n for kind, n in counts.items())
        widest = max(kind.all_cpus for kind in self._kinds)
        if len(running) >= self._most or asked + widest > self._most_cpus:
            return False
        slots = max(self.at_once(kind) for kind in self._kinds)
        placed = {kind: min(n, self.at_once(kind)) for kind, n in counts.items()}
        busy = sum(kind.all_cpus * n for kind, n in placed.items())
        has_core = len(self._kinds) == 1 or busy < self._there(CORE)
        return sum(placed.values()) < slots and has_core and len(running) < 2 * slots

    def _there(self, demand: Demand) -> int:
        now = time.monotonic()
        if now - self._asked_at >= self._every_s:
            self._asked_at, self._known = now, {}
        if demand not in self._known:
            self._known[demand] = self._count(demand)
        return self._known[demand]


def open_room(demands: Demands, hardware: HardwareSpec, session: Session) -> Room:
    """Make sure that a trial of every family can run; a joined cluster may first have to grow.

    Raises
    ------
    SpecError
        If one can't: Ray would wait for ever.
    """
    for demand in dict.fromkeys(demands.values()):
        if session.joined:
            _await(demand)
        else:
            _require_all(demand, session)
        try:
            require_room(demand.ranks, cpus=demand.cpus, gpus=demand.gpus)
        except TooManyRanksError as error:
            field = "hardware.workers" if demand.ranks > 1 else "hardware"
            raise SpecError(f"{field}: {error}") from error
    every_s = 1.0 if session.joined else math.inf
    return Room(demands, hardware, count=_count_there, every_s=every_s)


def _count_there(demand: Demand) -> int:
    return count_room(cpus=demand.cpus, gpus=demand.gpus) // demand.ranks


def _await(demand: Demand) -> None:
    """Wait for nodes that can hold a trial: workers start later, or when somebody wants them."""
    asked = {"cpus": demand.cpus, "gpus": demand.gpus}
    if count_room(**asked) >= demand.ranks:
        return
    what = ", ".join(f"hardware.{name}: {wanted:g}" for name, wanted in asked.items() if wanted)
    _log.warning(
        "the cluster has no room for a trial yet (%s, hardware.workers: %d); "
        "waiting up to %g s for nodes",
        what,
        demand.ranks,
        PATIENCE_S,
    )
    await_room(demand.ranks, **asked, patience_s=PATIENCE_S)


def _require_all(demand: Demand, session: Session) -> None:
    asked = {"cpus": demand.cpus, "gpus": demand.gpus}
    there = {"cpus": session.cpus, "gpus": session.gpus}
    for name, wanted in asked.items():
        if wanted * demand.ranks > there[name]:
            whom = f"each of {demand.ranks} workers" if demand.ranks > 1 else "each trial"
            raise SpecError(
                f"hardware.{name}: found {wanted:g} for {whom}; there are {there[name]}"
            )
