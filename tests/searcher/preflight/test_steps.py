"""What is told while networks and exports are tried: which of how many."""

import time
from dataclasses import replace
from pathlib import Path

from searcher.candidates import Candidate
from searcher.plan import make_plan
from searcher.preflight import Step, look_ahead
from searcher.preflight.choices import structural_choices
from searcher.preflight.exporting import Exporting
from searcher.preflight.sample import draw
from searcher.preflight.steps import Steps
from tests.searcher.checks.cases import spec
from tests.searcher.preflight import families
from tests.searcher.preflight.training.broken import ROWS, Flawed

NAME = f"{Flawed.__module__}:Flawed"
PATH = f"families.{NAME}"


def test_each_training_and_each_range_test_is_told_before_it_is_tried() -> None:
    asked = spec(families={NAME: None}, validation={"outer": 2, "inner": 2})
    plan, told = make_plan("search", asked, ROWS, base=Path()), []

    found = look_ahead(plan, exports=False, on_step=told.append)

    *trainings, rates = told
    assert [step.what for step in trainings] == [each.name for each in found.trainings]
    assert [step.number for step in trainings] == [1, 2, 3, 4, 5]
    assert {(step.doing, step.of) for step in trainings} == {("training", 5)}
    assert rates == Step("learning rates", PATH, 1, 1)


def test_choices_that_share_a_file_are_told_together_and_then_one_by_one() -> None:
    family = families.Wrong()
    space, default = family.space(ROWS.profile), family.default(ROWS.profile)
    rows = replace(ROWS, y=ROWS.y % 2, task="binary", classes=("a", "b"))
    plain, sharpened = structural_choices(Candidate("own", "mine:Wrong", family, space, default))
    told: list[Step] = []
    steps = Steps("exports", 2, told.append)
    exporting = Exporting(draw(rows, seed=0), time.perf_counter() + 60, 20.0, steps)

    list(exporting.together(sharpened.configuration, [sharpened, plain]))

    path = "families.mine:Wrong"
    assert told == [
        Step("exports", f"{path}.step: 'sharpened' and 1 more", 1, 2),
        Step("exports", f"{path}.step: 'sharpened'", 1, 2),
        Step("exports", path, 2, 2),
    ]
