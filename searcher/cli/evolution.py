"""How a member of a population changed: whose states it went on from, and what trained its last."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searcher.cli.words import count, value
from searcher.lineage import Stage, stages_of
from searcher.records import NOUNS, Replaced

if TYPE_CHECKING:
    from searcher.store import Store, StoredTrial


@dataclass(frozen=True, slots=True)
class Evolution:
    """What became of a member that was replaced at least once."""

    own: tuple[Replaced, ...]  # its replacements, by resource
    way: tuple[Stage, ...]  # who trained its last state, and by which configurations


def look(store: "Store", trial: "StoredTrial") -> Evolution | None:
    """Ask the store; None for a trial that was what it began as to its end."""
    lineage = store.lineage(trial.search_id)
    own = tuple(record for record in lineage if record.trial_id == trial.trial_id)
    if not own:
        return None
    members = store.trials(trial.search_id, outer_fold=trial.outer_fold)
    began = {member.trial_id: member.configuration for member in members}
    stages = stages_of(began, (record for record in lineage if record.trial_id in began))
    return Evolution(own, stages[trial.trial_id])


def document(trial: "StoredTrial", evolved: Evolution | None) -> dict[str, Any]:
    """Say it in JSON; of a trial that never changed, its one configuration."""
    way = evolved.way if evolved else (Stage(0, trial.trial_id, trial.configuration),)
    return {
        "last_configuration": way[-1].configuration,
        "lineage": [
            {
                "resource": record.resource,
                "source_trial_id": record.source_trial_id,
                "configuration": record.configuration,
                "at": record.at,
            }
            for record in (evolved.own if evolved else ())
        ],
        "way": way,
    }


def own_lines(trial: "StoredTrial", evolved: Evolution) -> list[str]:
    """Tell each replacement: when, whose copy, and what differs from the member's own before."""
    lines, before = [], trial.configuration
    for record in evolved.own:
        lines.append(
            f"after {_units(trial, record.resource)}: a copy of "
            f"{_short(record.source_trial_id)}, {_differences(before, record.configuration)}"
        )
        before = record.configuration
    return lines


def way_lines(trial: "StoredTrial", evolved: Evolution) -> list[str]:
    """Tell what trained the last state from its beginning, as a refit replays it."""
    return list(_way(trial, evolved.way))


def _way(trial: "StoredTrial", way: tuple[Stage, ...]) -> Iterator[str]:
    yield "the state that the score is of, which a refit trains again from the beginning:"
    ends = (*(str(stage.resource) for stage in way[1:]), "the end")
    before: Mapping[str, Any] | None = None
    for stage, end in zip(way, ends, strict=True):
        of = "itself" if stage.trial_id == trial.trial_id else _short(stage.trial_id)
        said = f"  {NOUNS[trial.unit][1]} {stage.resource} to {end}, by {of}"
        if before is None:
            first = ", ".join(f"{k} = {value(v)}" for k, v in _changing(way))
            yield f"{said}: {first or 'nothing changed since'}"
        else:
            yield f"{said}: {_differences(before, stage.configuration)}"
        before = stage.configuration


def _changing(way: tuple[Stage, ...]) -> Iterator[tuple[str, Any]]:
    """Yield the first values of the parameters that change on the way."""
    first, *later = (stage.configuration for stage in way)
    for name, of in first.items():
        if any(configuration.get(name) != of for configuration in later):
            yield name, of


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    said = (f"{name} = {value(after[name]) if name in after else 'none'}" for name in names)
    return ", ".join(said) or "the same configuration"


def _units(trial: "StoredTrial", resource: int) -> str:
    one, many = NOUNS[trial.unit]
    return count(resource, one, plural=many)


def _short(trial_id: str) -> str:
    return ".".join(trial_id.rsplit(".", 2)[1:])
