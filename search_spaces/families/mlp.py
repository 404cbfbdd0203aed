"""Multilayer perceptrons, with embeddings of categories and of quantities."""

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.network_ranges import (
    COLUMNS,
    columns_preprocessing,
    quantity_parameters,
)
from search_spaces.networks import Network
from search_spaces.networks.inputs import Inputs
from search_spaces.networks.installed import require_torch
from search_spaces.networks.parameters import (
    EVOLVES,
    training_settings,
    training_space,
    without_training,
)
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.preprocessing import NATIVE
from search_spaces.space import Condition, Configuration, Space

if TYPE_CHECKING:
    from torch import Tensor, nn

DEFAULT: Configuration = {
    **COLUMNS,
    "embedding_size": 50,
    "residual": False,
    "depth": 2,
    "width": 256,
    "hidden_factor": 2.0,
    "normalisation": "none",
    "activation": "relu",
    "dropout": 0.2,
    "epochs": 30,
}

TOKEN_SIZE = 8
"""Inputs that a quantity in bins becomes."""


class MLP:
    """Multilayer perceptrons, plain or with a way around each block.

    ``depth``, ``width`` (to 512, log), ``dropout`` (0 to 0.5) and the residual blocks with
    ``hidden_factor`` (1 to 4) are the MLP and the ResNet of Gorishniy et al. 2021
    (arXiv:2106.11959, appendix); depth to 6 and width from 32, since the widest and deepest of them
    are for data of 100,000 rows and more. ``normalisation`` is that of Ioffe & Szegedy 2015
    (arXiv:1502.03167) or Ba et al. 2016 (arXiv:1607.06450), ``activation`` also Hendrycks & Gimpel
    2016 (arXiv:1606.08415) and Elfwing et al. 2018 (arXiv:1702.03118).

    Categories become vectors (Guo & Berkhahn 2016, arXiv:1604.06737), as long as fastai makes them
    and at most ``embedding_size``. Quantities enter as they are, or as vectors that bend at
    ``bins`` quantiles (Gorishniy et al. 2022, arXiv:2203.05556): that is offered for up to
    ``MAX_PIECEWISE`` of them.
    """

    name: ClassVar[str] = "mlp"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "epochs"
    resources: ClassVar[tuple[Resource, ...]] = ("epochs", "inner_folds")
    evolves: ClassVar[tuple[str, ...]] = EVOLVES
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, what enters the first layer, the layers, and the training."""
        preprocessing = columns_preprocessing(profile, encode=(NATIVE, "onehot", "target"))
        training = training_space(profile, default=DEFAULT)
        return (
            preprocessing.extended(*_categories(profile))
            .extended(*quantity_parameters(profile))
            .extended(
                {
                    "residual": Categorical(choices=(False, True)),
                    "depth": Integer(low=1, high=6),
                    "width": Integer(low=32, high=512, log=True),
                    "hidden_factor": Float(low=1.0, high=4.0),
                    "normalisation": Categorical(choices=("none", "batch", "layer")),
                    "activation": Categorical(choices=("relu", "gelu", "silu")),
                    "dropout": Float(low=0.0, high=0.5),
                },
                {"hidden_factor": (Condition(parameter="residual", values=(True,)),)},
            )
            .extended(training.parameters, training.conditions)
        )

    def default(self, profile: Profile) -> Configuration:
        """Two layers of 256 units over categories as vectors and quantities in bins."""
        return self.space(profile).nearest(DEFAULT)

    def build(
        self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int
    ) -> Network:
        """Untrained network, whose module is made when it sees the training features.

        Raises
        ------
        ModuleNotFoundError
            If PyTorch is not installed.
        """
        require_torch(self.name)
        from search_spaces.networks.beginning import Adaptive

        structure = without_training(configuration)
        is_native = structure.pop("encode", None) == NATIVE
        inputs = Inputs.of(profile, is_native=is_native)
        make = partial(_make, inputs=inputs, n_outputs=profile.n_classes, structure=structure)
        return Network(Adaptive(make, seed=seed), training_settings(configuration, profile))


def _categories(profile: Profile) -> tuple[dict[str, Parameter], dict[str, tuple[Condition, ...]]]:
    """Say how long vectors of categories may be, where there are any."""
    if not profile.categoricals:
        return {}, {}
    sizes: dict[str, Parameter] = {"embedding_size": Integer(low=2, high=64, log=True)}
    return sizes, {"embedding_size": (Condition(parameter="encode", values=(NATIVE,)),)}


def _make(
    features: "Tensor", *, inputs: Inputs, n_outputs: int, structure: dict[str, Any]
) -> "nn.Module":
    from search_spaces.networks import mlp

    front = mlp.Front(
        features,
        inputs,
        embedding_size=structure.get("embedding_size", 0),
        bins=structure.get("bins", 0),
        token_size=TOKEN_SIZE,
    )
    return mlp.MLP(
        front,
        n_outputs=n_outputs,
        depth=structure["depth"],
        width=structure["width"],
        normalise=structure["normalisation"],
        activate=structure["activation"],
        dropout=structure["dropout"],
        hidden_factor=structure.get("hidden_factor"),
    )
