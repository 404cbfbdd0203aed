"""Populations on a real Ray Tune: who goes on from whose state, and that a replay agrees."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from searcher.evaluation import FeatureCache
from searcher.lineage import ways_of
from searcher.lockstep import Lockstep, Task
from searcher.plugins import load_family
from searcher.records import (
    Record,
    Replaced,
    TrialAgain,
    TrialEnded,
    TrialStarted,
    UnitScore,
)
from searcher.store.history import PastTrial
from searcher.store.units import StoredUnit
from searcher.tuning.replay import replay
from tests.searcher.tuning.test_lockstep_run import (
    EPOCHS,
    FOLDS,
    METRICS,
    MLP,
    ROWS,
    kill_the_trial,
    new,
    run,
    units,
)

pytest.importorskip("torch")
pytestmark = pytest.mark.ray

MEMBERS = 5


def population(kind: str = "pbt") -> Any:
    return new(kind, MEMBERS + 1, interval=1, quantile=0.34)


@pytest.fixture(scope="module")
def evolved(ray_session: object, tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return run(population(), checkpoints=str(folder), generation=1)


def replacements(records: Sequence[Record]) -> list[tuple[str, int, str, dict[str, Any]]]:
    return [
        (r.trial_id, r.resource, r.source_trial_id, r.configuration)
        for r in records
        if isinstance(r, Replaced)
    ]


def test_members_that_do_badly_go_on_from_the_state_of_those_that_do_well(
    evolved: list[Record],
) -> None:
    scores = {(r.trial_id, r.resource): r.score for r in evolved if isinstance(r, UnitScore)}
    found = replacements(evolved)
    assert found
    for trial_id, resource, source, _ in found:
        assert scores[trial_id, resource] < scores[source, resource]


def test_all_members_are_trained_to_their_end_and_none_is_told_twice(
    evolved: list[Record],
) -> None:
    ended = [r for r in evolved if isinstance(r, TrialEnded)]
    assert [r.state for r in ended] == ["completed"] * (MEMBERS + 1)
    assert {tuple(r for r, _ in curve) for curve in units(evolved).values()} == {
        tuple(range(1, EPOCHS + 1))
    }
    assert len([r for r in evolved if isinstance(r, TrialStarted)]) == MEMBERS + 1
    assert not [r for r in evolved if isinstance(r, TrialAgain)]


def test_the_default_configuration_is_never_replaced(evolved: list[Record]) -> None:
    defaults = {
        r.trial_id for r in evolved if isinstance(r, TrialStarted) and r.origin == "default"
    }
    assert defaults
    assert not defaults & {trial_id for trial_id, *_ in replacements(evolved)}


def test_states_are_made_again_where_there_are_no_checkpoints(evolved: list[Record]) -> None:
    """From the store alone: every member's way is trained from its beginning."""
    records = run(population(), slots=1, generation=1)
    assert replacements(records) == replacements(evolved)
    assert units(records) == units(evolved)


def test_a_lost_worker_changes_nothing(evolved: list[Record], tmp_path: Path) -> None:
    killed: list[int] = []

    def react(record: Record) -> None:
        if isinstance(record, UnitScore) and record.resource == 3 and not killed:
            killed.append(kill_the_trial())

    records = run(population(), slots=1, react=react, checkpoints=str(tmp_path), generation=1)
    assert [r.reason for r in records if isinstance(r, TrialAgain)] == ["its worker process died"]
    assert replacements(records) == replacements(evolved)
    assert units(records) == units(evolved)


def test_replaying_a_winners_lineage_on_the_same_rows_makes_its_weights_again(
    evolved: list[Record],
) -> None:
    began = {r.trial_id: r.configuration for r in evolved if isinstance(r, TrialStarted)}
    ways = ways_of(began, [r for r in evolved if isinstance(r, Replaced)])
    winner, way = max(ways.items(), key=lambda item: len(item[1]))
    assert len(way) > 1
    family = load_family(MLP)
    task = Task(family, way, ROWS, FOLDS, METRICS, seed=0, cpus=1, generation=1)
    member = Lockstep(task, cache=FeatureCache())
    for _ in range(EPOCHS):
        results = member.advance()
    last = [r for r in evolved if isinstance(r, UnitScore) and r.trial_id == winner][-1]
    assert [fold.scores for fold in last.folds] == [result.scores for result in results]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_replay_of_what_was_told_so_far_decides_the_same(
    evolved: list[Record], share: float
) -> None:
    cut = int(len(evolved) * share)
    resumed = population()
    said = replay(resumed, past(evolved[:cut]))
    decided = replacements(said)
    assert decided == replacements(evolved)[: len(decided)]
    assert len(decided) >= len(replacements(evolved[:cut]))
    again = [record.trial_id for record in said if isinstance(record, TrialAgain)]
    waiting = resumed.generations.waiting
    assert sorted(again) == sorted(set(resumed.live) - set(waiting))
    assert [proposal.trial_id for proposal in resumed.waiting] == again


def test_a_population_that_is_resumed_ends_as_the_undisturbed_one(evolved: list[Record]) -> None:
    before = evolved[: len(evolved) // 2]
    resumed = population()
    said = replay(resumed, past(before))
    after = run(resumed, slots=1, generation=1)
    told = units(before)
    for trial_id, curve in units(after).items():
        told[trial_id] = [*told.get(trial_id, []), *curve]
    assert told == units(evolved)
    known = replacements(said) + replacements(after)
    assert known == replacements(evolved)


def test_the_time_of_a_trial_goes_on_from_generation_to_generation(
    ray_session: object,
) -> None:
    members, seen = population(), []

    def react(record: Record) -> None:
        if isinstance(record, Replaced):
            seen.extend(proposal.spent_s for proposal in members.waiting)

    run(members, slots=1, generation=1, react=react)
    assert seen
    assert all(spent > 0 for spent in seen)


def test_members_that_were_paused_while_they_waited_go_on_waiting(evolved: list[Record]) -> None:
    first = next(i for i, r in enumerate(evolved) if isinstance(r, UnitScore))
    paused = [replace(trial, state="paused") for trial in past(evolved[: first + 1])]
    resumed = population()
    said = replay(resumed, paused)
    (member,) = resumed.generations.waiting
    again = {r.trial_id: r.attempt for r in said if isinstance(r, TrialAgain)}
    assert again == dict.fromkeys(resumed.live, 2)
    assert member not in {proposal.trial_id for proposal in resumed.waiting}


def past(told: Sequence[Record]) -> list[PastTrial]:
    """What the store makes of records."""
    found: dict[str, dict[str, Any]] = {}
    for sequence, record in enumerate(told):
        if isinstance(record, TrialStarted):
            names = (
                "trial_id",
                "outer_fold",
                "number",
                "family",
                "configuration",
                "origin",
                "unit",
            )
            fields = {name: getattr(record, name) for name in names}
            rest = {"state": "running", "attempt": 1, "sequence": sequence}
            more = {"ended_sequence": None, "folds": (), "units": ()}
            found[record.trial_id] = fields | rest | more
        elif isinstance(record, UnitScore):
            unit = StoredUnit(
                record.trial_id,
                record.resource,
                record.score,
                {},
                record.is_last,
                record.fit_s,
                record.score_s,
                record.cpu_s,
                1,
                sequence,
                record.at,
            )
            found[record.trial_id]["units"] += (unit,)
        elif isinstance(record, TrialEnded):
            found[record.trial_id] |= {"state": record.state, "ended_sequence": sequence}
    return [PastTrial(**fields) for fields in found.values()]
