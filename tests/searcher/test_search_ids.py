"""Ids of searches: those that are made up, and those that a user may give."""

import pytest

from searcher.errors import SpecError
from searcher.search_ids import check_search_id, new_search_id


@pytest.mark.parametrize("name", ["Churn 2026!", "", "ä" * 300, "a/../b", "latest", "-x-"])
def test_a_made_up_id_is_one_that_a_user_could_give(name: str) -> None:
    assert check_search_id(new_search_id(name)) != new_search_id(name)


@pytest.mark.parametrize("given", ["a", "Nightly_7", "0-0", "x" * 64])
def test_letters_digits_dashes_and_underscores_are_an_id(given: str) -> None:
    assert check_search_id(given) == given


@pytest.mark.parametrize(
    "given", ["", "a.b", "a b", "-a", "_a", "x" * 65, "latest", "ä", "a/b", "a\n", "a;b", "٣"]
)
def test_anything_else_is_refused_with_what_is_allowed(given: str) -> None:
    with pytest.raises(SpecError, match="allowed: up to 64 letters"):
        check_search_id(given)
