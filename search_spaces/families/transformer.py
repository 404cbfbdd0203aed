"""Transformers for sequences."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, ShapeKind, Task
from search_spaces.families.base import Resource
from search_spaces.families.shaped_ranges import (
    SHAPED,
    UNMIXED,
    shape_of,
    shaped_preprocessing,
)
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
    "layers": 2,
    "heads": 4,
    "head_size": 16,
    "feed_forward_factor": 2.0,
    "activation": "gelu",
    "normalise_first": True,
    "positions": "sinusoidal",
    "summary": "mean",
    "dropout": 0.1,
    "warmup": 0.1,
}


class Transformer:
    """Transformer encoders (Vaswani et al. 2017, arXiv:1706.03762) for sequences.

    Each step is a vector of ``heads`` times ``head_size`` numbers: 64 by default and up to 256,
    half of the paper's, as tables of sequences are smaller than corpora; its layers have a
    ``feed_forward_factor`` of 4, here 1 to 4, and ``dropout`` of 0.1, here 0 to 0.5.
    ``normalise_first`` is Xiong et al. 2020 (arXiv:2002.04745). ``positions`` are the paper's
    sinusoids or learnt; ``summary`` is the mean over the steps or what a token in front has read
    (Devlin et al. 2019, arXiv:1810.04805). The learning rate rises during the first tenth of the
    steps, as the paper's does at first.

    Where a sequence ends, and what is missing before, is in ``search_spaces.networks.sequences``.
    """

    name: ClassVar[str] = "transformer"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "epochs"
    resources: ClassVar[tuple[Resource, ...]] = ("epochs", "inner_folds")
    evolves: ClassVar[tuple[str, ...]] = EVOLVES
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"
    shape: ClassVar[ShapeKind] = "sequence"

    def space(self, profile: Profile) -> Space:
        """Offer number and make of the layers, how steps are told apart, and the training.

        Raises
        ------
        ValueError
            If rows are no sequences.
        """
        shape_of(profile, self.shape)
        structure: dict[str, Parameter] = {
            "layers": Integer(low=1, high=4),
            "heads": Categorical(choices=(1, 2, 4, 8)),
            "head_size": Integer(low=8, high=32, log=True),
            "feed_forward_factor": Float(low=1.0, high=4.0),
            "activation": Categorical(choices=("relu", "gelu")),
            "normalise_first": Categorical(choices=(True, False)),
            "positions": Categorical(choices=("sinusoidal", "learned")),
            "summary": Categorical(choices=("mean", "token")),
            "dropout": Float(low=0.0, high=0.5),
        }
        training = training_space(profile, default=DEFAULT, mixup=UNMIXED)
        return (
            shaped_preprocessing()
            .extended(structure)
            .extended(training.parameters, training.conditions)
        )

    def default(self, profile: Profile) -> Configuration:
        """Two layers of four heads, normalised first."""
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
        from search_spaces.networks import transformer
        from search_spaces.networks.beginning import seeded

        structure: dict[str, Any] = without_training(configuration)
        activate = structure.pop("activation")
        shape = shape_of(profile, self.shape)
        with seeded(seed):
            module = transformer.Transformer(
                shape, n_outputs=profile.n_classes, activate=activate, **structure
            )
        return Network(module, training_settings(configuration, profile))
