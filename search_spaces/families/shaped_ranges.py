"""What networks over images and sequences do before training: next to nothing."""

from search_spaces.columns import SIZES, Profile, Shape, ShapeKind
from search_spaces.networks.parameters import DEFAULT
from search_spaces.parameters import Categorical
from search_spaces.preprocessing.choices import NONE
from search_spaces.space import Configuration, Space

SHAPED: Configuration = {"impute": NONE, **DEFAULT, "batch_size": 64}
"""Default of a network over images or sequences. Small batches: Masters & Luschi 2018
(arXiv:1804.07612)."""

UNMIXED = Categorical(choices=(0.0,))
"""``mixup`` of a network over sequences: what is mixed of two would end with the shorter one."""


def shaped_preprocessing() -> Space:
    """Offer one thing: to leave everything to the network, missing values too.

    It needs them to know where a sequence ends, fills the others, and standardises channels rather
    than columns.
    """
    return Space(parameters={"impute": Categorical(choices=(NONE,))})


def shape_of(profile: Profile, wanted: ShapeKind) -> Shape:
    """Shape of the rows, if it is of the wanted kind.

    Raises
    ------
    ValueError
        If it is not, with what to do.
    """
    if profile.shape is None:
        sizes = ", ".join(SIZES[wanted])
        raise ValueError(
            f"needs {wanted}s, and these rows are of a table; if they are {wanted}s, set "
            f"data.shape to {{{wanted}: [{sizes}]}}"
        )
    if profile.shape.kind != wanted:
        raise ValueError(f"needs {wanted}s, but a row is {profile.shape.describe()}")
    return profile.shape
