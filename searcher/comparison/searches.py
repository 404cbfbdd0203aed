"""How two searches compare: their winners on the same outer folds, their specs and their costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from searcher.comparison.pairing import (
    FEWEST,
    MetricCompared,
    Pair,
    Scores,
    compare_metrics,
    have_the_same_rows,
    is_tested,
    pair,
    verdict,
)
from searcher.differences import Difference, differences
from searcher.errors import SpecError
from searcher.records import FINAL
from searcher.store import DEFAULT_URL, Store, StoredSearch
from searcher.store.costs import Costs
from searcher.store.histories import Split


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two searches beside each other."""

    a: StoredSearch
    b: StoredSearch
    costs_a: Costs
    costs_b: Costs
    metrics: tuple[MetricCompared, ...]  # that which A optimised first
    obstacles: tuple[str, ...]  # why nothing can be tested; empty when the test is there
    notes: tuple[str, ...]  # what to know about the test
    differences: tuple[Difference, ...]  # of the final winners, the specs, the environments
    verdict: str  # one sentence, about the first metric


def compare(a: str, b: str, *, store: str = DEFAULT_URL) -> Comparison:
    """Compare two searches: their winners' outer scores, fold by fold, with a corrected test.

    The test is paired, so it takes the same rows (equal fingerprints) and outer folds that split
    them the same way; both are compared by hash. Without them the searches still stand side by
    side, ``obstacles`` says exactly what differs, and no metric has a test. Where only some outer
    folds are the same (one search has more repeats), the test is on those.

    Parameters
    ----------
    a, b
        Ids of searches, or the beginnings of ids. Differences are B minus A.
    store
        URL of the database that has both.

    Raises
    ------
    NotFoundError
        If there is no such search.
    SpecError
        If both are the same search.
    """
    with Store(store) as opened:
        return compare_in(opened, a, b)


def compare_in(store: Store, a: str, b: str) -> Comparison:
    """Compare two searches of a store that is open already."""
    searches = store.search(a), store.search(b)
    search_a, search_b = searches
    if search_a.search_id == search_b.search_id:
        raise SpecError(f"{a} and {b} are the same search, {search_a.search_id}")
    outer = [[s for s in store.splits(of.search_id) if _judges(s)] for of in searches]
    scores = [_outer_scores(of) for of in searches]
    same_rows = have_the_same_rows(search_a, search_b)
    pairs = list(pair(outer[0], outer[1])) if same_rows else []
    metrics = compare_metrics(scores[0], scores[1], pairs, first=search_a.metric)
    obstacles = () if is_tested(metrics) else tuple(_obstacles(searches, outer, pairs))
    return Comparison(
        a=search_a,
        b=search_b,
        costs_a=store.costs(search_a.search_id),
        costs_b=store.costs(search_b.search_id),
        metrics=metrics,
        obstacles=obstacles,
        notes=tuple(_notes(searches, outer, pairs)) if pairs else (),
        differences=_differences(*searches),
        verdict=verdict(metrics, obstacles, "outer"),
    )


def _judges(split: Split) -> bool:
    return split.inner_fold is None and split.outer_fold != FINAL


def _outer_scores(search: StoredSearch) -> Scores:
    scores: dict[str, dict[str, float]] = {}
    for outer in search.outer_scores_of:
        if outer.role == "winner" and outer.score is not None:
            scores.setdefault(outer.metric, {})[outer.outer_fold] = outer.score
    return scores


def _obstacles(
    searches: tuple[StoredSearch, StoredSearch],
    outer: Sequence[Sequence[Split]],
    pairs: Sequence[Pair],
) -> Iterator[str]:
    """Say why nothing can be tested."""
    a, b = searches
    if not have_the_same_rows(a, b):
        yield "the rows are not the same: " + "; ".join(_data_differences(a, b))
    elif not pairs:
        asked = differences(*(_of_folds(search.spec) for search in searches))
        said = [f"{d.what} is {d.a} in A and {d.b} in B" for d in asked]
        counted = f"{len(outer[0])} in A, {len(outer[1])} in B"
        yield f"the rows are the same, but no outer fold is ({counted})" + _because(said)
    elif len(pairs) < FEWEST:
        yield "only one outer fold is the same in both, and one difference has no spread"
    for label, search in zip("AB", searches, strict=True):
        if not search.scores("winner"):
            yield f"{label} ({search.search_id}) has no outer scores: it is {search.state}"


def _of_folds(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Take what the outer folds follow from, beside the rows."""
    wanted = ("outer", "repeats", "splitter")
    validation = spec.get("validation", {})
    return {
        "seed": spec.get("seed"),
        **{f"validation.{name}": validation[name] for name in wanted if name in validation},
    }


def _because(said: Sequence[str]) -> str:
    return f": {'; '.join(said)}" if said else ": the splits came out differently"


def _data_differences(a: StoredSearch, b: StoredSearch) -> Iterator[str]:
    """Say in which way the rows differ, as far as the descriptions of the data tell."""
    names = [[str(c["name"]) for c in search.data.get("columns", [])] for search in (a, b)]
    told = False
    for what in ("rows", "target", "task"):
        values = [search.data.get(what) for search in (a, b)]
        if values[0] != values[1]:
            told = True
            yield f"{what}: {values[0]} in A, {values[1]} in B"
    for label, mine, others in (("A", *names), ("B", *reversed(names))):
        only = [name for name in mine if name not in others]
        if only:
            told = True
            yield f"columns only in {label}: {', '.join(only)}"
    if not told:
        yield f"other values in the same columns (fingerprints {a.fingerprint[:12]}, " + (
            f"{b.fingerprint[:12]})"
        )


def _notes(
    searches: tuple[StoredSearch, StoredSearch],
    outer: Sequence[Sequence[Split]],
    pairs: Sequence[Pair],
) -> Iterator[str]:
    a, b = searches
    if not len(pairs) == len(outer[0]) == len(outer[1]):
        yield (
            f"{len(pairs)} outer folds are the same in both, of {len(outer[0])} in A and "
            f"{len(outer[1])} in B: only those are compared"
        )
    if a.metric != b.metric:
        yield f"A chose its winners by {a.metric}, B by {b.metric}"


def _differences(a: StoredSearch, b: StoredSearch) -> tuple[Difference, ...]:
    documents = [
        {
            "model": search.best_configuration or {},
            "spec": _spelt_out(search.spec),
            "environment": {
                key: search.environment.get(key) for key in ("python", "platform", "versions")
            },
        }
        for search in (a, b)
    ]
    return differences(*documents, without=("spec.name",))


def _spelt_out(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Let a family that is searched unchanged differ from one that is not searched."""
    families = spec.get("families")
    if not families:
        return dict(spec)
    changes = families if isinstance(families, Mapping) else dict.fromkeys(families)
    return {**spec, "families": {name: of or "searched" for name, of in changes.items()}}
