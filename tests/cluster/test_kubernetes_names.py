"""Names of searches on Kubernetes: short, legal, and different for different ids."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from cluster.kubernetes.names import LONGEST, job_name, slug
from searcher.search_ids import ALLOWED, new_search_id

IDS = st.from_regex(ALLOWED, fullmatch=True)
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def test_an_id_that_we_make_up_stays_as_it_is() -> None:
    longest = new_search_id("a search with a name that is much longer than it can be")

    assert slug("churn-3f9a2c") == "churn-3f9a2c"
    assert len(longest) == 47
    assert slug(longest) != longest
    assert slug(longest[-40:].strip("-")) == longest[-40:].strip("-")


@given(IDS)
@example("A" * 64)
@example("_")
@example("0-")
@example("a-search--0123456789")
def test_every_id_has_a_name_that_the_operator_takes(search_id: str) -> None:
    name = job_name(search_id)

    assert len(name) <= LONGEST
    assert DNS_1035.fullmatch(name)
    assert "_" not in slug(search_id)


@given(IDS, IDS)
@example("churn", "Churn")
@example("a_b", "a-b")
@example("x" * 41, "x" * 42)
@example("x" * 33 + "-1", "x" * 33 + "_1")
def test_two_ids_have_two_names(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)


@given(IDS)
@example("Churn")
def test_no_id_is_called_like_the_slug_of_another(search_id: str) -> None:
    own = slug(search_id)

    assert own == search_id or slug(own) != own
