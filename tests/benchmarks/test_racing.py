"""The racing benchmark counts fits and regrets as it says, and every peer plays by its rule."""

import json
import re
import sys

import numpy as np
import pytest

from benchmarks import racing
from benchmarks.racing_peers import PEERS, bergman, paired_t
from benchmarks.racing_plot import draw
from benchmarks.racing_policies import HALVING, OURS, asha, everything, halving, replay
from benchmarks.racing_results import left_out, markdown, measure, summary, told
from benchmarks.racing_rounds import POLICIES as OVER_ROUNDS
from benchmarks.racing_tables import Table, around, dataset_of, read_tables
from tests.conftest import _shared


def table(n: int = 20, k: int = 6, *, seed: int = 0, n_rounds: int = 12) -> Table:
    rng = np.random.default_rng(seed)
    better, places = rng.normal(0, 0.02, (n, 1)), rng.random((n, 2))
    scores = 0.8 + better + rng.normal(0, 0.05, (1, k)) + rng.normal(0, 0.01, (n, k))
    climb = 1 - 0.3 * np.linspace(1, 0, n_rounds) ** 2
    curves = scores[:, :, None] * climb
    return Table("a_lr", "a", scores, np.ones((n, k)), places, better[:, 0], curves)


@pytest.mark.parametrize("name", {**OURS, **HALVING, **PEERS})
def test_every_policy_chooses_what_it_fitted_on_all_folds_and_does_so_again(name: str) -> None:
    policy = {**OURS, **HALVING, **PEERS}[name]
    outcome, again = policy(table()), policy(table())

    assert outcome.fitted[outcome.chosen].all()
    assert outcome.chosen == again.chosen
    assert (outcome.fitted == again.fitted).all()
    assert 0.1 < outcome.fitted.mean() < 1


@pytest.mark.parametrize("name", OVER_ROUNDS)
def test_every_policy_over_rounds_spends_less_than_everything(name: str) -> None:
    of_a = table()
    spent, chosen = OVER_ROUNDS[name](of_a)

    assert of_a.curves is not None
    assert 0 < spent < of_a.curves.size
    assert 0 <= chosen < 20


def test_nothing_is_lost_where_everything_is_fitted() -> None:
    outcome = everything(table())

    assert outcome.fitted.all()
    assert told(table(), 1.0, outcome.chosen)[2] == 0


def test_halving_halves_as_the_folds_double() -> None:
    outcome = halving(table(16, 4), factor=2)

    assert outcome.fitted.sum(axis=0).tolist() == [16, 8, 4, 4]


def test_a_configuration_below_the_cutoff_of_a_rung_stops_there() -> None:
    falling = Table("a_lr", "a", np.linspace(1, 0, 9)[:, None] * np.ones(9), np.ones((9, 9)), [])  # type: ignore[arg-type]

    fitted = asha(falling, factor=3).fitted.sum(axis=1)

    assert fitted[0] == 9
    assert (fitted[1:] == 1).all()


def test_forgiving_needs_the_worst_fold_and_aggressive_the_mean() -> None:
    scores = np.array([[0.9, 0.5, 0.7], [0.6, 0.6, 0.6], [0.4, 0.9, 0.9]])
    three = Table("a_lr", "a", scores, np.ones((3, 3)), np.zeros((3, 1)))

    forgiving, aggressive = (bergman(three, forgiving=f).fitted.sum(axis=1) for f in (True, False))

    assert forgiving.tolist() == [3, 3, 1]
    assert aggressive.tolist() == [3, 1, 1]


def test_a_paired_test_ignores_what_all_folds_share() -> None:
    folds = np.array([0.9, 0.1, 0.5, 0.3])
    apart = np.array([0.010, 0.011, 0.009, 0.010])
    two = Table("a_lr", "a", np.array([folds, folds - apart]), np.ones((2, 4)), np.zeros((2, 1)))

    assert paired_t(two, level=0.05).fitted.sum(axis=1).tolist() == [4, 2]


def test_slots_take_turns() -> None:
    asked = []

    def goes_on(configuration: int, fold: int, seen: object) -> bool:
        asked.append((configuration, fold))
        return configuration != 0

    replay(np.ones((3, 2)), goes_on, slots=2)

    assert asked == [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1)]


def test_orders_are_the_same_again_and_differ_from_each_other() -> None:
    first, second = (
        [order.scores for order in table().orders(2, configurations=5, folds=3)] for _ in range(2)
    )

    assert all((one == other).all() for one, other in zip(first, second, strict=True))
    assert first[0].shape == (5, 3)
    assert (first[0] != first[1]).any()


def test_the_tolerance_of_a_dataset_is_chosen_on_the_others() -> None:
    cheap, dear = np.array([0.1, 0.1, 0.001, 0.0, 0.5]), np.array([0.5, 0.5, 0.0, 0.0, 1.0])
    found = {0.1: {"a_lr": cheap * 1, "b_lr": cheap * 0.1}, 0.01: {"a_lr": dear, "b_lr": dear}}

    chosen = left_out(found, {"a_lr": "a", "b_lr": "b"}, limit=0.0005)

    assert chosen["a"][0] == 0.1  # only b's regret of 0.0001 counts
    assert chosen["b"][0] == 0.01
    assert chosen["a"][1]["regret"] == 0.001


def test_lines_and_points_show_every_policy() -> None:
    found = measure([table()], {"one": everything, **HALVING}, 2, configurations=None, folds=None)

    lines, svg = markdown(found).splitlines(), draw(found)

    assert lines[2].startswith("| one | 0.0 % | 1.0 | 0.00000 | 0.00000 | +0.0000 | 100 % |")
    assert len(lines) == 2 + len(found)
    assert len(re.findall("<circle", svg)) == len(found)
    assert summary(found["halving, 2"])["saved"] > 0.4


def test_a_space_is_found_around_what_was_drawn() -> None:
    space = around([{"rate": 0.01, "depth": 3, "kind": None}, {"rate": 1.0, "depth": 4, "kind": 8}])

    assert space.parameters["rate"].describe() == "0.01 to 1, log"
    assert space.parameters["depth"].describe() == "3 to 4"
    assert space.parameters["kind"].describe() == "None, 8"


def test_datasets_are_named_before_their_families() -> None:
    assert dataset_of("german_credit_xgb") == "german_credit"
    assert dataset_of("adult_random_forest") == "adult"


def test_a_folder_without_tables_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["racing", "--tables", str(tmp_path)])

    with pytest.raises(SystemExit, match=rf"fold tables .* in {tmp_path}; there are none"):
        racing.main()


@pytest.mark.shared_data
def test_the_race_saves_more_than_halving_and_loses_no_more_on_the_recorded_tables(
    monkeypatch, capsys
) -> None:
    _shared("folds")  # skips where they are not there
    only = ["race", "halving, 2"]
    monkeypatch.setattr(sys, "argv", ["racing", "--quick", "--format", "json", "--only", *only])
    monkeypatch.setattr(racing, "SMALLER", ())
    monkeypatch.setattr(racing.racing_rounds, "POLICIES", {})

    racing.main()

    told = json.loads(capsys.readouterr().out)["all configurations, all folds"]
    assert len(read_tables(racing.TABLES)) == len(told["race"]["tables"]) == 9
    assert told["race"]["saved"] > 0.83
    assert told["race"]["regret"] < 0.0005
    assert told["halving, 2"]["saved"] < 0.75
