"""What a network finds in a row of features: codes of categoricals, then quantities, then more."""

from dataclasses import dataclass

from search_spaces.columns import Profile
from search_spaces.preprocessing import MAX_CATEGORIES


@dataclass(frozen=True, slots=True)
class Inputs:
    """The layout of a row of features.

    The first features are codes 0, 1, ... of the categoricals, NaN where unknown: so
    ``encode: native`` lays them out, for boosters too. Then come the quantities, then what else
    there is (indicators, encoded categoricals, words), of a number that only the training rows
    tell.

    Attributes
    ----------
    categories
        Of each categorical that comes as codes, how many there can be.
    n_quantities
        How many quantities there are.
    """

    categories: tuple[int, ...]
    n_quantities: int

    @classmethod
    def of(cls, profile: Profile, *, is_native: bool) -> "Inputs":
        """Read the layout off a profile; without native encoding there are no codes."""
        columns = [profile.columns[i] for i in profile.categoricals] if is_native else []
        counts = (min(len(column.categories), MAX_CATEGORIES) for column in columns)
        return cls(tuple(counts), len(profile.quantities))

    @property
    def n_codes(self) -> int:
        """How many features are codes: the first ones."""
        return len(self.categories)
