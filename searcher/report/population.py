"""What happened to a population: who went on from whom, and the way of the state that won."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from searcher.lineage import Stage, stages_of
from searcher.records import Configuration, Replaced
from searcher.report.material import Curve, Material
from searcher.store import StoredTrial


@dataclass(frozen=True, slots=True)
class Exploit:
    """A member goes on from a copy of another one's state."""

    record: Replaced
    copied: float  # score of the state that was copied, as it was then
    given_up: float  # score of the member's own state
    changes: tuple[tuple[str, object, object], ...]  # parameter, value at the source, new value


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """The members of one inner search."""

    outer_fold: str
    members: tuple[StoredTrial, ...]  # that have a score, in order of proposal
    curves: Mapping[str, Curve]
    lineage: tuple[Replaced, ...]
    winner: StoredTrial | None  # none, if the inner search has not ended
    stages: tuple[Stage, ...]  # of the winner

    def number(self, trial_id: str) -> int:
        """Return a member's number, by which people know it."""
        return int(trial_id.rsplit(".", 1)[-1])

    @property
    def way(self) -> list[tuple[int, float, Stage]]:
        """Points of the winner's state from its beginning, each with the stage it belongs to."""
        ends = [*(stage.resource for stage in self.stages[1:]), None]
        return [
            (resource, score, stage)
            for stage, end in zip(self.stages, ends, strict=False)
            for resource, score in self.curves.get(stage.trial_id, ())
            if resource > stage.resource and (end is None or resource <= end)
        ]

    def on_the_way(self, record: Replaced) -> bool:
        """Whether the winner's state was copied here."""
        found = (record.resource, record.trial_id)
        return any(found == (stage.resource, stage.trial_id) for stage in self.stages[1:])


def populations(material: Material) -> list[Population]:
    """Return the populations of all inner searches, the final one first; none without lineage."""
    if not material.lineage:
        return []
    return [_population(material, fold) for fold in material.folds_to_choose_from]


def _population(material: Material, fold: str) -> Population:
    trials = [trial for trial in material.trials[fold] if trial.origin != "dummy"]
    members = tuple(trial for trial in trials if material.curves.get(trial.trial_id))
    lineage, chosen = material.lineage.get(fold, ()), material.winner_of(fold)
    ways = stages_of({t.trial_id: material.began[t.trial_id] for t in trials}, lineage)
    return Population(
        outer_fold=fold,
        members=members,
        curves=material.curves,
        lineage=lineage,
        winner=next((trial for trial in members if trial.trial_id == chosen), None),
        stages=ways.get(chosen or "", ()),
    )


def exploits(
    population: Population, began: Mapping[str, Configuration], drawn: Sequence[StoredTrial]
) -> Iterator[Exploit]:
    """Yield what happened between the members that are drawn, by resource."""
    now, known = dict(began), {trial.trial_id for trial in drawn}
    scores = {trial_id: dict(population.curves[trial_id]) for trial_id in known}
    later: dict[str, Configuration] = {}
    at = 0
    for record in population.lineage:
        if record.resource != at:  # a state is copied as it was before any of these
            now.update(later)
            later, at = {}, record.resource
        later[record.trial_id] = record.configuration
        if {record.trial_id, record.source_trial_id} <= known:
            own, source = (scores[i].get(at) for i in (record.trial_id, record.source_trial_id))
            if own is not None and source is not None:
                before = now[record.source_trial_id]
                changes = tuple(differences(before, record.configuration))
                yield Exploit(record, source, own, changes)


def differences(
    before: Configuration, after: Configuration
) -> Iterator[tuple[str, object, object]]:
    """Yield the parameters whose values differ; None for one that is not there."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old != new:
            yield name, old, new
