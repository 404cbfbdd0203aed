"""By which configurations the members of a population were trained, one after the other."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from searcher.records import Configuration, Replaced

Way = tuple[tuple[int, Configuration], ...]
"""Configurations, each with the units of resource after which it holds; the first with 0."""


def ways_of(began: Mapping[str, Configuration], replaced: Iterable[Replaced]) -> dict[str, Way]:
    """Follow each member back to where its state began.

    Parameters
    ----------
    began
        Trial -> the configuration that it began with.
    replaced
        Of one inner search or of several, in any order.

    Returns
    -------
    Trial -> the configurations that its last state was trained by.
    """
    ways: dict[str, Way] = {trial_id: ((0, found),) for trial_id, found in began.items()}
    ordered = sorted(replaced, key=lambda record: record.resource)
    for _, at_once in groupby(ordered, key=lambda record: record.resource):
        before = dict(ways)  # a state is copied as it was before any of these
        for record in at_once:
            segment = (record.resource, record.configuration)
            ways[record.trial_id] = (*before[record.source_trial_id], segment)
    return ways
