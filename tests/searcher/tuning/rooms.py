"""Room for trials where no cluster is asked."""

from collections import defaultdict

from searcher.demand import Demand, Demands
from searcher.room import Room
from searcher.spec.models import HardwareSpec


def room_for(slots: int, demands: Demands | None = None) -> Room:
    """Room for so many trials, whatever they occupy; of one core each where nothing is said."""
    asked = defaultdict(Demand, demands or {})
    asked.setdefault("dummy", Demand())
    return Room(asked, HardwareSpec(), count=lambda demand: slots)
