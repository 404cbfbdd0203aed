"""The section on populations: what each inner search's did, and the schedule that won in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from searcher.lineage import Stage
from searcher.report.figures import Figure
from searcher.report.material import Material
from searcher.report.numbers import NOTHING, cut, plural, value_text
from searcher.report.population import Population, differences, populations
from searcher.report.sampling import evenly
from searcher.report.ways import ways_figure
from searcher.report.words import fold_label, fold_list

MAX_FOLDS = 50
MAX_SCHEDULES = 20
MAX_STAGES = 40  # rows of a schedule
MAX_PARAMETERS = 10  # columns of it
MAX_STEPS = 12  # members that a way names


@dataclass(frozen=True, slots=True)
class PopulationRow:
    """What became of one inner search's population."""

    fold: str
    members: int
    exploits: int
    winner: int | None  # its number
    way: str  # numbers of the members that trained the winner's state


@dataclass(frozen=True, slots=True)
class StageRow:
    """A part of a schedule."""

    start: int  # units after which it begins
    end: int | None  # None: the last one's
    member: int
    source: int | None  # the member whose state it went on from
    cells: tuple[tuple[str, bool], ...]  # value of each parameter, and whether it is new


@dataclass(frozen=True, slots=True)
class Schedule:
    """The configurations that the winner's state was trained by."""

    fold: str
    winner: int
    is_open: bool
    names: tuple[str, ...]  # parameters that changed
    names_left_out: int
    rows: tuple[StageRow, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """The section."""

    figure: Figure | None
    rows: list[PopulationRow]
    left_out: int
    schedules: list[Schedule]
    schedules_left_out: int
    words: list[str]


def lineage(material: Material) -> Lineage | None:
    """Tell of the search's populations; None for a search in which no member was replaced."""
    found = populations(material)
    if not found:
        return None
    shown = found[:MAX_FOLDS]
    told = [one for one in shown if len(one.stages) > 1]
    return Lineage(
        figure=ways_figure(found, material),
        rows=[_row(one) for one in shown],
        left_out=len(found) - len(shown),
        schedules=[_schedule(one, is_open=one is told[0]) for one in told[:MAX_SCHEDULES]],
        schedules_left_out=max(0, len(told) - MAX_SCHEDULES),
        words=list(_words(shown)),
    )


def _row(one: Population) -> PopulationRow:
    return PopulationRow(
        fold=fold_label(one.outer_fold),
        members=len(one.members),
        exploits=len(one.lineage),
        winner=one.winner.number if one.winner else None,
        way=_steps([one.number(stage.trial_id) for stage in one.stages]),
    )


def _steps(members: Sequence[int]) -> str:
    """Write whose hands a state went through; of a long way its beginning and its end."""
    if not members:
        return NOTHING
    said = [str(member) for member in members]
    if len(said) > MAX_STEPS:
        half = MAX_STEPS // 2
        said[half:-half] = ["…"]
    return " → ".join(said)


def _words(found: Sequence[Population]) -> Iterator[str]:
    own = [one.outer_fold for one in found if len(one.stages) == 1]
    if own:
        yield (
            f"In {fold_list(own)} the winner's state is its own from the beginning: one "
            "configuration, and no schedule."
        )
    without = sum(one.winner is None for one in found)
    if without:
        yield (
            f"No member of {plural(without, 'population')} has won: the dummy did, or the inner "
            "search did not end."
        )


def _schedule(one: Population, *, is_open: bool) -> Schedule:
    names = _changed(one.stages)
    shown = names[:MAX_PARAMETERS]
    rows = [_stage(one, i, shown) for i in range(len(one.stages))]
    kept = evenly(rows, MAX_STAGES)
    return Schedule(
        fold=fold_label(one.outer_fold),
        winner=one.number(one.stages[-1].trial_id),
        is_open=is_open,
        names=tuple(cut(name, 60) for name in shown),
        names_left_out=len(names) - len(shown),
        rows=tuple(kept),
        left_out=len(rows) - len(kept),
    )


def _changed(stages: Sequence[Stage]) -> list[str]:
    """Names of the parameters that changed on a way, in the order in which they are declared."""
    found = {
        name
        for before, after in pairwise(stages)
        for name, _, _ in differences(before.configuration, after.configuration)
    }
    every = dict.fromkeys(name for stage in stages for name in stage.configuration)
    return [name for name in every if name in found]


def _stage(one: Population, i: int, names: Sequence[str]) -> StageRow:
    stage, before = one.stages[i], one.stages[i - 1] if i else None
    following = one.stages[i + 1].resource if i + 1 < len(one.stages) else None
    values = stage.configuration
    return StageRow(
        start=stage.resource,
        end=following,
        member=one.number(stage.trial_id),
        source=one.number(before.trial_id) if before else None,
        cells=tuple(
            (
                value_text(values[name]) if name in values else NOTHING,
                before is not None and before.configuration.get(name) != values.get(name),
            )
            for name in names
        ),
    )
