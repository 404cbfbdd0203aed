"""What a store is told of a search before a cluster is: that it began, and what drives it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from searcher.data import load_dataset
from searcher.environment import describe_environment
from searcher.nested import check_strategy
from searcher.plan import make_plan, started
from searcher.preflight import OnStep, look_ahead, refuse, with_notices
from searcher.records import Note, Record
from searcher.spec import Spec
from searcher.store import Writer

SUBMITTED = "submitted"
"""Kind of the note that says where a search was sent, and what its driver needs to know."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What is tried before a search begins, and who is told of it."""

    exports: bool = True
    training: bool = True
    on_step: OnStep | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A search as it is sent away."""

    search_id: str
    spec: Spec
    base: Path  # where the spec's relative data path starts here
    data: str | None  # where the rows are there; None: where the spec says
    output: str | None  # folder for its files there


def put_into_store(sent: Sent, store: str, tries: Tries, *, is_there: bool) -> None:
    """Begin a search in the store unless it is there; say in any case what its driver needs.

    Parameters
    ----------
    is_there
        Whether the store has it already.

    Raises
    ------
    SpecError, DataError
        If the request can't work; nothing was stored.
    """
    about = describe_environment(cpus=0, base=sent.base)
    said = {"data": sent.data, "output": sent.output, "versions": _versions(about)}
    records: list[Record] = [Note(sent.search_id, SUBMITTED, said)]
    if not is_there:
        records = [*_begun(sent, tries, about), *records]
    _tell(store, records)


def _begun(sent: Sent, tries: Tries, about: dict[str, Any]) -> Iterable[Record]:
    dataset = load_dataset(sent.spec.data, base=sent.base)
    plan = make_plan(sent.search_id, sent.spec, dataset, base=sent.base)
    check_strategy(plan)
    ahead = look_ahead(plan, exports=tries.exports, training=tries.training, on_step=tries.on_step)
    refuse(ahead)
    return [started(with_notices(plan, ahead), about), *ahead.notes(sent.search_id)]


def _tell(store: str, records: Iterable[Record]) -> None:
    """Write down what a driver needs to know."""
    with Writer(store) as writer:  # no lease: it would keep the driver away if this process died
        for record in records:
            writer.add(record)
        writer.flush()


def _versions(about: dict[str, Any]) -> dict[str, str]:
    """Pick out what must be the same where the search was planned and where it is driven."""
    versions = about["versions"]
    python = ".".join(about["python"].split(".")[:2])
    return {"python": python, "ray": versions["ray"], "searcher": versions["searcher"]}
