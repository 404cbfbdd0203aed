"""Which columns of a trial can be asked about by name, and which parameters a search has."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Select, Text, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from searcher.records import Origin, TrialState, Unit
from searcher.store.schema import trial_parameters, trials
from searcher.store.values import text

Kind = Literal["number", "text", "choice", "fold", "time"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column, and what it can be compared with."""

    column: Column[Any]
    kind: Kind
    choices: tuple[str, ...] = ()


def _fields(kind: Kind, *names: str) -> dict[str, Field]:
    return {name: Field(trials.c[name], kind) for name in names}


FIELDS: dict[str, Field] = {
    **_fields("text", "trial_id", "family"),
    "state": Field(trials.c.state, "choice", get_args(TrialState)),
    **_fields("number", "score", "resource", "number", "seconds", "fit_s", "cpu_s", "attempt"),
    **_fields("fold", "outer_fold"),
    "origin": Field(trials.c.origin, "choice", get_args(Origin)),
    "unit": Field(trials.c.unit, "choice", get_args(Unit)),
    **_fields("time", "started_at", "ended_at"),
    **_fields("text", "reason", "traceback", "source_trial_id", "configuration_hash"),
}
"""The names that a condition or an order may use beside those of parameters."""


class Bytewise(GenericFunction[str]):
    """A text in the order of its bytes: PostgreSQL's own order is that of some language."""

    name = "bytewise"
    type = Text()
    inherit_cache = True


class Unindexed(GenericFunction[str]):
    """A column by which rows must not be looked up, because another way is shorter."""

    name = "unindexed"
    type = Text()
    inherit_cache = True


@compiles(Bytewise)
@compiles(Unindexed)
def _as_it_is(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Unindexed, "sqlite")
def _with_plus(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"  # sqlite.org/optoverview, 3.4


@compiles(Unindexed, "postgresql")
def _with_nothing(element: Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} || '')"


@compiles(Bytewise, "postgresql")
def _in_c(element: Bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


def parameter(name: str, among: FromClause) -> ColumnElement[bool]:
    """Say that a row of ``trial_parameters`` is that parameter of the trial in question."""
    return (among.c.trial_id == trials.c.trial_id) & (among.c.name == text(name))


def has_parameter(connection: Connection, search_id: str, name: str) -> bool:
    """Whether any trial of the search has such a parameter."""
    there = select(trial_parameters).where(parameter(name, trial_parameters)).correlate(trials)
    question = select(trials.c.id).where(trials.c.search_id == search_id, there.exists())
    return connection.execute(question.limit(1)).first() is not None


def parameters_of(search_id: str) -> Select[str]:
    """Ask for the names of a search's parameters; reads all of them."""
    return (
        select(trial_parameters.c.name)
        .join(trials, trials.c.trial_id == trial_parameters.c.trial_id)
        .where(trials.c.search_id == search_id)
        .group_by(trial_parameters.c.name)
        .order_by(Bytewise(trial_parameters.c.name))
    )
