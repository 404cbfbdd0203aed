"""Command that says what can be searched: families, their parameters, ranges and defaults."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli.options import OutputFile, OutputFormat, complete_family
from searcher.cli.output import Answer, Rows, check_format, deliver
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import value

if TYPE_CHECKING:
    from search_spaces.columns import Profile, ShapeKind, Task
    from search_spaces.families.base import Family
    from search_spaces.space import Configuration, Space

TYPICAL_ROWS = 1000
"""Rows of the data that spaces are shown for when no spec names any."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one family can try for some kinds of target."""

    family: "Family"
    tasks: tuple[str, ...]
    space: "Space"
    default: "Configuration"


def spaces(
    family: Annotated[
        str | None,
        typer.Argument(
            metavar="FAMILY",
            help="Only this one, with its parameters; or module:Class of your own.",
            autocompletion=complete_family,
            show_default=False,
        ),
    ] = None,
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="SPEC.yaml",
            help="Show what this spec would try on its data, its changes included.",
            show_default="typical data",
        ),
    ] = None,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Show what can be searched, with ranges and defaults.

    Without --data, spaces are shown for typical data: 1,000 rows with numbers and categories, some
    missing; for families that read images or sequences alone, of 28 x 28 pixels or 24 steps.
    """
    check_format(form, output)
    offers = _of_spec(data, family) if data is not None else _of_typical_data(family)
    shown = _parameters if family is not None else _families
    answer = Answer(
        document=lambda: list(_documents(offers)),
        rows=lambda: Rows.of(_flat(offers)),
        table=lambda terminal: shown(offers, terminal=terminal),
    )
    deliver(answer, form, output=output)


def _of_typical_data(name: str | None) -> list[Offer]:
    from searcher.plugins import family_names, load_family

    families = [load_family(each) for each in ([name] if name else family_names())]
    return [offer for family in families for offer in _offers(family)]


def _offers(family: "Family") -> Iterator[Offer]:
    """Yield each different space of a family, with the tasks that have it."""
    alike: list[tuple[list[str], Space, Configuration]] = []
    for profile in _typical_profiles(getattr(family, "shape", None)):
        if profile.task not in family.tasks:
            continue
        space, default = family.space(profile), family.default(profile)
        for tasks, same_space, same_default in alike:
            if (same_space, same_default) == (space, default):
                tasks.append(profile.task)
                break
        else:
            alike.append(([profile.task], space, default))
    for tasks, space, default in alike:
        yield Offer(family, tuple(tasks), space, default)


def _typical_profiles(kind: "ShapeKind | None") -> "Iterator[Profile]":
    from search_spaces.columns import MISSING_CATEGORY, Column, Profile, Shape

    shapes: dict[ShapeKind, Shape] = {
        "image": Shape("image", (1, 28, 28)),
        "sequence": Shape("sequence", (24, 3)),
    }
    shape = shapes[kind] if kind else None
    columns: tuple[Column, ...] = (
        Column("amount", "numeric", has_missing=True),
        Column("count", "numeric"),
        Column("colour", "categorical", categories=(MISSING_CATEGORY, "blue", "green", "red")),
    )
    if shape is not None:
        columns = tuple(Column(f"x{i}", "numeric") for i in range(shape.n_columns))
    n_classes: dict[Task, int] = {"binary": 2, "multiclass": 3, "regression": 0, "clustering": 0}
    for task, n in n_classes.items():
        yield Profile(task, columns, n_samples=TYPICAL_ROWS, n_classes=n, shape=shape)


def _of_spec(path: Path, name: str | None) -> list[Offer]:
    from searcher.candidates import resolve_candidates
    from searcher.data import load_dataset
    from searcher.errors import UnknownNameError
    from searcher.spec import load_spec

    spec = load_spec(path)
    profile = load_dataset(spec.data, base=path.parent).profile
    found = {candidate.name: candidate for candidate in resolve_candidates(spec, profile)}
    if name is not None and name not in found:
        raise UnknownNameError(f"family of {path}", name, found)
    return [
        Offer(candidate.family, (profile.task,), candidate.space, candidate.default)
        for candidate in found.values()
        if name in (None, candidate.name)
    ]


def _documents(offers: list[Offer]) -> Iterator[dict[str, Any]]:
    """Yield one object a family."""
    for name in dict.fromkeys(offer.family.name for offer in offers):
        own = [offer for offer in offers if offer.family.name == name]
        family = own[0].family
        yield {
            "family": name,
            "tasks": sorted(family.tasks),
            "resource": family.resource,
            "dtype": family.dtype,
            "spaces": [
                {
                    "tasks": offer.tasks,
                    "default": offer.default,
                    **offer.space.model_dump(mode="json"),
                }
                for offer in own
            ],
        }


def _flat(offers: list[Offer]) -> Iterator[dict[str, Any]]:
    """Yield one row a parameter."""
    for offer in offers:
        for name, parameter in offer.space.parameters.items():
            yield {
                "family": offer.family.name,
                "tasks": " ".join(offer.tasks),
                "parameter": name,
                "type": parameter.type,
                "values": parameter.describe(),
                "default": value(offer.default[name]) if name in offer.default else None,
                "when": offer.space.when(name) or None,
            }


def _families(offers: list[Offer], *, terminal: bool) -> str:
    columns = [
        identity("family"),
        Column("learns"),
        right("tries"),
        Column("parameters"),
    ]
    rows = [
        [
            offer.family.name,
            ", ".join(offer.tasks),
            str(len(offer.space.parameters)),
            ", ".join(offer.space.parameters),
        ]
        for offer in offers
    ]
    table = layout(columns, rows, terminal=terminal)
    return f"{table}\n`searcher spaces FAMILY` shows ranges, defaults and conditions\n"


def _parameters(offers: list[Offer], *, terminal: bool) -> str:
    columns = [identity("parameter"), Column("values"), Column("default"), Column("applies when")]
    parts = []
    for offer in offers:
        rows = [
            [name, parameter.describe(), _default(offer, name), offer.space.when(name) or "always"]
            for name, parameter in offer.space.parameters.items()
        ]
        table = layout(columns, rows, terminal=terminal, indent="  ")
        parts.append(f"{offer.family.name} for {', '.join(offer.tasks)} targets\n{table}")
    return "\n".join(parts)


def _default(offer: Offer, name: str) -> str:
    return value(offer.default[name]) if name in offer.default else "-"
