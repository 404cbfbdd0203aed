"""Whether a search was begun already, and by the same request."""

from pathlib import Path
from typing import Any

import pytest

from searcher.errors import SpecError
from searcher.past import begun
from searcher.plan import make_plan, started
from searcher.preflight import Preflight, with_notices
from searcher.records import Record
from searcher.spec import Spec, load_spec
from tests.searcher.store.records_factory import fill

SEARCH_ID = "narrow"
CHANGES = {"decision_tree": {"criterion": {"choices": ["gini"]}}}


def asked(**more: Any) -> Spec:
    return load_spec(
        {
            "name": "narrow",
            "data": {"path": "sklearn:iris"},
            "families": {"decision_tree": None, "naive_bayes": None},
            "validation": {"outer": 2, "inner": 2},
            "budget": {"trials": 4},
            "seed": 1,
            **more,
        }
    )


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """Where a search is kept whose spaces were narrowed before it began."""
    from searcher.data import load_dataset

    spec = asked()
    plan = make_plan(SEARCH_ID, spec, load_dataset(spec.data, base=Path()), base=Path())
    ahead = Preflight(findings=(), exports=(), changes=CHANGES)
    records: list[Record] = [started(with_notices(plan, ahead), {}), *ahead.notes(SEARCH_ID)]
    return fill(f"sqlite:///{tmp_path}/store.db", records)


def test_a_search_whose_spaces_were_narrowed_is_the_one_that_was_asked_for(stored: str) -> None:
    found = begun(SEARCH_ID, asked(), stored)

    assert found is not None
    assert found.search_id == SEARCH_ID
    assert found.spec != asked().model_dump(mode="json")


def test_another_spec_is_refused_with_what_differs(stored: str) -> None:
    with pytest.raises(SpecError, match=r"begun with another spec .budget.trials: 4 there, 5 here"):
        begun(SEARCH_ID, asked(budget={"trials": 5}), stored)


def test_another_change_of_a_narrowed_space_is_another_spec(stored: str) -> None:
    families = {"decision_tree": {"max_depth": {"high": 3}}, "naive_bayes": None}

    with pytest.raises(SpecError, match=r"families\.decision_tree\.max_depth"):
        begun(SEARCH_ID, asked(families=families), stored)


@pytest.mark.parametrize("search_id", ["another", SEARCH_ID[:-1]])
def test_what_the_store_has_not_was_not_begun(stored: str, search_id: str) -> None:
    assert begun(search_id, asked(), stored) is None


def test_where_there_is_no_store_nothing_was_begun(tmp_path: Path) -> None:
    assert begun(SEARCH_ID, asked(), f"sqlite:///{tmp_path}/none.db") is None
