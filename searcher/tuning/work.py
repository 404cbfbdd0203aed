"""What all trials of a search have in common, as their workers need it."""

from dataclasses import dataclass, field

from cluster.gate import Gate
from searcher.demand import Demand, Demands
from searcher.evaluation import Rows
from searcher.lockstep import Share
from searcher.records import Fold


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What every trial of a search needs; put into Ray's object store once."""

    rows: Rows
    folds: dict[str, tuple[Fold, ...]]  # outer fold -> its inner folds
    families: dict[str, str]  # name -> what to load it by
    metrics: tuple[str, ...]  # the first is optimised
    seed: int
    cpus: int  # of each process
    trial_time_s: float | None = None
    gate: Gate | None = None  # workers wait here for each other before their first step
    demands: Demands = field(default_factory=dict)  # by family; one core where it is not named
    share: Share = "rows"
    generation: int | None = None  # units after which members of a population may be replaced
    checkpoints: str | None = None  # folder; None: nothing is kept of a trial that is lost
    checkpoint_s: float = 30.0  # seconds between two checkpoints of a trial
    joined: bool = False  # nodes of the cluster may be taken away

    def demand(self, family: str) -> Demand:
        """Say what a trial of a family occupies."""
        return self.demands.get(family) or Demand(cpus=self.cpus)
