"""In which space the trials of a stored search were proposed."""

from typing import Any

from pydantic import ValidationError

from search_spaces.columns import Column, Profile
from search_spaces.space import Space
from searcher.candidates import joint_space, resolve_candidates
from searcher.errors import SearcherError
from searcher.spec import Spec
from searcher.store import StoredSearch


def space_of(search: StoredSearch) -> Space | None:
    """Work out the joint space of a search again, from its spec and the shapes of its data.

    Returns
    -------
    space
        None where that is not possible: families that are not installed here, a spec of another
        version, a search that was not made here.
    """
    try:
        spec = Spec.model_validate(search.spec)
        return joint_space(resolve_candidates(spec, _profile(search.task, search.data)))
    except (ValidationError, SearcherError, LookupError, TypeError, ValueError):
        return None


def _profile(task: Any, data: dict[str, Any]) -> Profile:
    """Say of the data what families may know: shapes, and as many strings as there were."""
    return Profile(
        task=task,
        columns=tuple(_column(column) for column in data["columns"]),
        n_samples=int(data["rows"]),
        n_classes=len(data["classes"]),
    )


def _column(described: dict[str, Any]) -> Column:
    strings = int(described["categories"])
    coded = described["kind"] in ("categorical", "text")
    return Column(
        name=described["name"],
        kind=described["kind"],
        has_missing=bool(described["missing"]),
        categories=("", *map(str, range(strings))) if coded else (),
    )
