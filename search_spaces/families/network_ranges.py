"""What networks over columns do to them first, and where they start."""

from collections.abc import Sequence

from search_spaces.columns import Profile
from search_spaces.networks.parameters import DEFAULT
from search_spaces.parameters import Categorical, Integer, Parameter
from search_spaces.preprocessing import MIN_FREQUENCY, NATIVE, OFF, preprocessing_space
from search_spaces.space import Condition, Configuration, Space

COLUMNS: Configuration = {
    **OFF,
    "impute": "median",
    "scale": "standard",
    "encode": NATIVE,
    "quantities": "piecewise",
    "bins": 48,
    **DEFAULT,
}
"""Default of a network over columns: quantities standardised and in bins, embeddings of categories.

Measured on a fold of adult (12,000 rows to learn from): ROC AUC 0.9205 with bins and 0.9154 without
for the FT-Transformer; XGBoost 0.9263.
"""

MAX_PIECEWISE = 200
"""Quantities that may be cut into bins: each becomes several inputs."""


def columns_preprocessing(profile: Profile, *, encode: Sequence[str]) -> Space:
    """Offer what suits a network: quantities scaled, gaps filled, features not mixed.

    ``quantile``, to a normal distribution, is what Gorishniy et al. 2021 (arXiv:2106.11959) do to
    quantities.
    """
    return preprocessing_space(
        profile,
        scale=("standard", "power", "quantile"),
        encode=encode,
        min_frequency=MIN_FREQUENCY,
        indicators=(False, True),
    )


def quantity_parameters(
    profile: Profile,
) -> tuple[dict[str, Parameter], dict[str, tuple[Condition, ...]]]:
    """Offer to cut quantities into bins, and how many; nothing where there are too many of them.

    ``bins`` (4 to 128, log) are those of Gorishniy et al. 2022 (arXiv:2203.05556), to 256, less
    what their time is worth here; 48 is the default of their ``rtdl_num_embeddings`` 0.0.12.
    """
    if not 0 < len(profile.quantities) <= MAX_PIECEWISE:
        return {}, {}
    parameters: dict[str, Parameter] = {
        "quantities": Categorical(choices=("plain", "piecewise")),
        "bins": Integer(low=4, high=128, log=True),
    }
    return parameters, {"bins": (Condition(parameter="quantities", values=("piecewise",)),)}
