"""The benchmark of strategies counts epochs, incumbents and regrets as it says."""

import re
from typing import Any, NamedTuple

import numpy as np
import pytest

from benchmarks.strategies import CONTESTANTS, Cell
from benchmarks.strategies_plot import draw
from benchmarks.strategies_populations import POPULATIONS, held_back, on_new_curve
from benchmarks.strategies_race import Race, Run
from benchmarks.strategies_results import Results, mean_and_interval, table
from benchmarks.strategies_surrogate import EPOCHS, Surrogate
from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space, join_family
from tests.conftest import _shared

SPACE = Space.join({"network": Space(parameters={"rate": Float(low=1e-4, high=1.0, log=True)})})
DEFAULT = join_family("network", {"rate": 0.5})


def curve(configuration: Configuration) -> Any:
    """Best near 0.01; everybody learns at the same pace."""
    best = 1 - abs(np.log10(configuration["network.rate"]) + 2) / 4
    return best * (1 - 0.5 / np.arange(1, EPOCHS + 1))


class Seen(NamedTuple):
    run: Run
    asked: list[Configuration]
    told: list[int]  # epochs of each result


def race(name: str, *, trainings: int = 6, slots: int = 4, seed: int = 0) -> Seen:
    contestant = CONTESTANTS[name](SPACE, DEFAULT, seed)
    asked: list[Configuration] = []
    told: list[int] = []

    class Watched:
        def ask(self) -> Any:
            trial, configuration = contestant.ask()
            asked.append(configuration)
            return trial, configuration

        def tell(self, trial: Any, epoch: int, accuracy: float) -> bool:
            told.append(epoch)
            return contestant.tell(trial, epoch, accuracy)

    run = Race(Watched(), curve, slots=slots).spend(trainings * EPOCHS)  # type: ignore[arg-type]
    return Seen(run, asked, told)


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_contestant_spends_the_same_epochs_and_trains_the_default_first(name: str) -> None:
    seen = race(name)

    assert len(seen.told) == 6 * EPOCHS
    assert seen.asked[0] == DEFAULT
    assert seen.run.proposed == len(seen.asked)
    spent, accuracy = seen.run.complete[0]
    assert spent <= 4 * EPOCHS
    assert accuracy == pytest.approx(float(curve(DEFAULT)[-1]))


@pytest.mark.parametrize("name", CONTESTANTS)
def test_every_contestant_does_the_same_again_with_the_same_seed(name: str) -> None:
    first, second, other = (race(name, seed=seed) for seed in (1, 1, 2))

    assert first.asked == second.asked
    assert first.run.complete == second.run.complete
    assert first.asked != other.asked


def test_halving_proposes_more_and_completes_less_than_random_search() -> None:
    halving, plain = race("asha over random", trainings=12), race("random", trainings=12)

    assert halving.run.proposed > 2 * plain.run.proposed
    assert len(halving.run.complete) < len(plain.run.complete)


def evolve(name: str, monkeypatch: pytest.MonkeyPatch, seed: int = 0) -> Run:
    monkeypatch.setattr("benchmarks.strategies_populations.EVOLVES", {"network": ("rate",)})
    return POPULATIONS[name].spend(SPACE, DEFAULT, seed, curve, trainings=6)


@pytest.mark.parametrize("name", POPULATIONS)
def test_every_population_spends_the_same_epochs_and_ends_all_members(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, other = (evolve(name, monkeypatch, seed) for seed in (1, 1, 2))

    assert first.complete == second.complete != other.complete
    assert [spent for spent, _ in first.complete] == list(range(6 * 51 + 1, 6 * 52 + 1))
    assert first.complete[0][1] == pytest.approx(float(curve(DEFAULT)[-1]))  # never replaced
    assert first.proposed > 6


def test_a_copy_on_its_new_curve_ends_where_a_trial_of_its_own_would() -> None:
    state, accuracy = on_new_curve(curve, 51, DEFAULT)

    assert (state, accuracy) == (52, pytest.approx(float(curve(DEFAULT)[-1])))


def test_a_copy_held_back_gains_what_the_new_curve_gains_and_stays_below_it() -> None:
    good = join_family("network", {"rate": 0.01})
    (_, begun), (_, late) = (
        held_back(curve, state, good) for state in ((10, 0.2), (10, float(curve(good)[10]) + 0.2))
    )

    assert begun == pytest.approx(0.2 + curve(good)[10] - curve(good)[9])
    assert late == pytest.approx(curve(good)[10])


def test_a_member_left_alone_follows_its_curve_when_held_back() -> None:
    state, found = None, []
    for _ in range(EPOCHS):
        state, accuracy = held_back(curve, state, DEFAULT)
        found.append(accuracy)

    assert found == pytest.approx(curve(DEFAULT).tolist())


def test_before_a_trial_was_trained_to_the_end_there_is_no_regret() -> None:
    told = runs(random=[(52, 0.6)], pbt=[(205, 0.5), (208, 0.7)])

    results = Results(told, {"a": (0.5, 0.7)})
    lines, svg = table(results).splitlines(), draw(results)

    assert results.regrets("pbt") == pytest.approx(np.array([[[np.nan] * 3 + [0.0]]]), nan_ok=True)
    assert lines[3].startswith("| pbt | - | - | 0.000 (0.000 to 0.000) |")
    assert "nan" not in svg


def runs(**complete: list[tuple[int, float]]) -> dict[Cell, dict[str, Any]]:
    return {
        Cell(name, "a", 0, 4, 1): {"proposed": 4, "thought_s": 0.1, "complete": told}
        for name, told in complete.items()
    }


def test_regret_is_the_share_left_of_the_way_from_the_median_to_the_best_known() -> None:
    told = runs(random=[(52, 0.6), (104, 0.55), (208, 0.8)], bohb=[(52, 0.9)])

    results = Results(told, {"a": (0.5, 0.7)})  # bohb found more than was known

    assert results.trainings.tolist() == [1, 2, 3, 4]
    assert results.regrets("random") == pytest.approx(np.array([[[0.75, 0.75, 0.75, 0.25]]]))
    assert results.regrets("bohb").max() == 0


def test_equal_ends_share_their_ranks() -> None:
    told = runs(random=[(52, 0.6)], tpe=[(52, 0.6)], bohb=[(52, 0.7)])

    ranks = Results(told, {"a": (0.5, 0.7)}).ranks()

    assert ranks == {"random": 2.5, "tpe": 2.5, "bohb": 1.0}


def test_the_interval_is_that_of_the_mean_over_tasks() -> None:
    of_tasks = np.random.default_rng(1).normal(size=400)

    mean, low, high = mean_and_interval(of_tasks)

    assert mean == of_tasks.mean()
    error = of_tasks.std() / np.sqrt(400)
    assert (low - mean, high - mean) == pytest.approx((-1.96 * error, 1.96 * error), rel=0.1)


def test_table_and_plot_show_every_contestant() -> None:
    told = runs(**{"random": [(52, 0.6)], "bohb": [(52, 0.65)], "Optuna tpe": [(52, 0.62)]})
    results = Results(told, {"a": (0.5, 0.7)})

    lines, svg = table(results).splitlines(), draw(results)

    assert [line.split(" | ")[0] for line in lines[2:5]] == ["| random", "| bohb", "| Optuna tpe"]
    assert "0.250 (0.250 to 0.250)" in lines[3]
    assert "-0.250" in lines[3]
    assert len(re.findall("<polyline", svg)) == 4  # random search in both panels
    assert "bohb: 0.250" in svg


@pytest.mark.shared_data
def test_the_surrogate_has_34_tasks_whose_curves_are_accuracies() -> None:
    _shared("surrogates/lcbench")  # skips where they are not there
    surrogate = Surrogate()

    for task in surrogate.tasks:
        found = surrogate.curve(task, surrogate.default)
        assert found.shape == (EPOCHS,)
        assert (found > 0).all()
        assert (found < 1).all()
    assert len(surrogate.tasks) == 34
    surrogate.space.validate_configuration(surrogate.default)
    median, best = surrogate.scale("3945")
    assert 0.85 < median < 0.95 < best < 1
