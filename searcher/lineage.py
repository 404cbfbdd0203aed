"""By which configurations the members of a population were trained, one after the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from searcher.records import Configuration, Replaced

Way = tuple[tuple[int, Configuration], ...]
"""Configurations, each with the units of resource after which it holds; the first with 0."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the way of a state: one member trained it by one configuration."""

    resource: int  # units after which it begins
    trial_id: str  # the member
    configuration: Configuration


def stages_of(
    began: Mapping[str, Configuration], replaced: Iterable[Replaced]
) -> dict[str, tuple[Stage, ...]]:
    """Follow each member back to where its state began.

    Parameters
    ----------
    began
        Trial -> the configuration that it began with.
    replaced
        Of one inner search or of several, in any order.

    Returns
    -------
    Trial -> who trained its last state, and by which configurations; the first stage begins at 0.
    """
    found: dict[str, tuple[Stage, ...]] = {
        trial_id: (Stage(0, trial_id, own),) for trial_id, own in began.items()
    }
    ordered = sorted(replaced, key=lambda record: record.resource)
    for _, at_once in groupby(ordered, key=lambda record: record.resource):
        before = dict(found)  # a state is copied as it was before any of these
        for record in at_once:
            stage = Stage(record.resource, record.trial_id, record.configuration)
            found[record.trial_id] = (*before[record.source_trial_id], stage)
    return found


def ways_of(began: Mapping[str, Configuration], replaced: Iterable[Replaced]) -> dict[str, Way]:
    """Follow each member back to where its state began; the arguments are those of ``stages_of``.

    Returns
    -------
    Trial -> the configurations that its last state was trained by.
    """
    return {
        trial_id: tuple((stage.resource, stage.configuration) for stage in stages)
        for trial_id, stages in stages_of(began, replaced).items()
    }


def last_configurations(replaced: Iterable[Replaced]) -> dict[str, Configuration]:
    """Return the configuration that each member which was ever replaced ended with."""
    ordered = sorted(replaced, key=lambda record: record.resource)
    return {record.trial_id: record.configuration for record in ordered}
