"""What one trial of a family occupies on the cluster while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.families.base import Family
from searcher.records import Unit
from searcher.spec.models import HardwareSpec


@dataclass(frozen=True, slots=True)
class Demand:
    """Processes that must run at once, and what each of them occupies on its node."""

    ranks: int = 1
    cpus: int = 1
    gpus: float = 0.0

    @property
    def all_cpus(self) -> int:
        """Cores of all its processes."""
        return self.ranks * self.cpus


def uses_gpus(family: Family) -> bool:
    """Whether a family trains on GPUs: what trains in epochs does, unless it says otherwise."""
    return bool(getattr(family, "uses_gpus", family.resource == "epochs"))


def demand_of(family: Family, unit: Unit, hardware: HardwareSpec) -> Demand:
    """Say what a trial occupies: several processes and GPUs only where it can use them.

    Parameters
    ----------
    unit
        What the trials of the family count in.
    """
    together = unit == "epochs" or (unit == "rounds" and hardware.parallel == "folds")
    return _demand(family, hardware, together=together)


def demand_of_refit(family: Family, hardware: HardwareSpec) -> Demand:
    """Say what one fit occupies; by several processes if they share the rows of one."""
    together = family.resource == "epochs" and hardware.parallel == "rows"
    return _demand(family, hardware, together=together)


def _demand(family: Family, hardware: HardwareSpec, *, together: bool) -> Demand:
    return Demand(
        ranks=hardware.workers if together else 1,
        cpus=hardware.cpus,
        gpus=hardware.gpus if uses_gpus(family) else 0.0,
    )


Demands = Mapping[str, Demand]
"""Family -> what each of its trials occupies."""
