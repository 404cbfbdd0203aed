from search_spaces.columns import Column, Profile
from search_spaces.networks.inputs import Inputs
from search_spaces.preprocessing import MAX_CATEGORIES

COLUMNS = (
    Column("few", "categorical", categories=("", "a", "b")),
    Column("size", "numeric"),
    Column("many", "categorical", categories=("", *map(str, range(9_000)))),
    Column("day", "date"),
    Column("note", "text", categories=("", "a word")),
)
PROFILE = Profile("binary", COLUMNS, 100, 2)


def test_codes_come_first_if_the_encoding_is_native():
    inputs = Inputs.of(PROFILE, is_native=True)

    assert inputs == Inputs(categories=(3, MAX_CATEGORIES), n_quantities=2)
    assert inputs.n_codes == 2


def test_there_are_no_codes_otherwise():
    assert Inputs.of(PROFILE, is_native=False) == Inputs(categories=(), n_quantities=2)
