"""What the boosters have in common: how small a leaf may be, and when training stops early."""

from search_spaces.columns import Profile
from search_spaces.parameters import Categorical, Integer, Parameter
from search_spaces.space import Condition

LARGEST_LEAF, SHARE = 100, 10

EARLY_STOPPING: dict[str, Parameter] = {
    "early_stopping": Categorical(choices=(False, True)),
    "stop_after": Integer(low=5, high=50, log=True),
}
"""Hold out a tenth of the training rows, stop after so many rounds that did not help them."""

STOPS = Condition(parameter="early_stopping", values=(True,))


def leaf_sizes(profile: Profile) -> Integer:
    """Rows that a leaf must have: up to 100, but no more than a tenth of the rows.

    With 20 rows a leaf, which is LightGBM's and scikit-learn's default, nothing is learnt from 30.
    """
    largest = max(2, min(LARGEST_LEAF, profile.n_samples // SHARE))
    return Integer(low=1, high=largest, log=True)
