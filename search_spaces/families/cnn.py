"""Convolutional networks for images."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Shape, ShapeKind, Task
from search_spaces.families.base import Resource
from search_spaces.families.shaped_ranges import SHAPED, shape_of, shaped_preprocessing
from search_spaces.networks import Network
from search_spaces.networks.installed import require_torch
from search_spaces.networks.parameters import (
    EVOLVES,
    training_settings,
    training_space,
    without_training,
)
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Configuration, Space

DEFAULT: Configuration = {
    **SHAPED,
    "blocks": 2,
    "channels": 32,
    "kernel": 3,
    "convolutions": 2,
    "residual": False,
    "normalisation": "batch",
    "activation": "relu",
    "pooling": "max",
    "head": "flatten",
    "dropout": 0.2,
    "epochs": 20,
}
MOST_BLOCKS = 4


class CNN:
    """Convolutional networks (LeCun et al. 1998, Proc. IEEE 86(11)) for images.

    Blocks of one or two convolutions, each followed by normalisation and activation, then pooling;
    channels double from block to block, as in VGG (Simonyan & Zisserman 2015, arXiv:1409.1556),
    from 8 to 64 in the first: ResNets begin with 16 for small images and with 64 for large ones (He
    et al. 2016, arXiv:1512.03385), whose way around a block is ``residual``. ``normalisation`` is
    that of Ioffe & Szegedy 2015 (arXiv:1502.03167) or of Wu & He 2018 (arXiv:1803.08494), which
    does not depend on the batch. ``dropout`` (0 to 0.5) before the last layer is Srivastava et al.
    2014 (JMLR 15). ``head`` says whether that layer sees each pixel or, as in Lin et al. 2014
    (arXiv:1312.4400), the mean of each channel.

    There are at most ``MOST_BLOCKS`` blocks, and no more than the image can be halved. Means and
    deviations of the channels are those of the training rows; a missing pixel is a mean one.
    """

    name: ClassVar[str] = "cnn"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "epochs"
    resources: ClassVar[tuple[Resource, ...]] = ("epochs", "inner_folds")
    evolves: ClassVar[tuple[str, ...]] = EVOLVES
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"
    shape: ClassVar[ShapeKind] = "image"

    def space(self, profile: Profile) -> Space:
        """Offer number and make of the blocks, the last layer, and the training.

        Raises
        ------
        ValueError
            If rows are no images.
        """
        shape = shape_of(profile, self.shape)
        structure: dict[str, Parameter] = {
            "blocks": Integer(low=1, high=most_blocks(shape)),
            "channels": Integer(low=8, high=64, log=True),
            "kernel": Categorical(choices=(3, 5)),
            "convolutions": Integer(low=1, high=2),
            "residual": Categorical(choices=(False, True)),
            "normalisation": Categorical(choices=("batch", "group", "none")),
            "activation": Categorical(choices=("relu", "gelu", "silu")),
            "pooling": Categorical(choices=("max", "average")),
            "head": Categorical(choices=("flatten", "average")),
            "dropout": Float(low=0.0, high=0.5),
        }
        training = training_space(profile, images=True, default=DEFAULT)
        return (
            shaped_preprocessing()
            .extended(structure)
            .extended(training.parameters, training.conditions)
        )

    def default(self, profile: Profile) -> Configuration:
        """Two blocks of two convolutions, 32 and 64 channels, for 20 epochs."""
        return self.space(profile).nearest(DEFAULT)

    def build(
        self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int
    ) -> Network:
        """Untrained network; the same seed gives the same weights.

        Raises
        ------
        ModuleNotFoundError
            If PyTorch is not installed.
        """
        require_torch(self.name)
        from search_spaces.networks import images
        from search_spaces.networks.beginning import seeded

        structure: dict[str, Any] = without_training(configuration)
        normalise, activate = structure.pop("normalisation"), structure.pop("activation")
        with seeded(seed):
            module = images.CNN(
                shape_of(profile, self.shape),
                n_outputs=profile.n_classes,
                normalise=normalise,
                activate=activate,
                **structure,
            )
        return Network(module, training_settings(configuration, profile))


def most_blocks(shape: Shape) -> int:
    """How many blocks there can be: the longer side ends with one pixel at least."""
    return min(MOST_BLOCKS, max(1, max(shape.sizes[1:]).bit_length() - 1))
