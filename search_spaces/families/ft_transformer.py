"""Attention between the columns of a row."""

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
from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.preprocessing import NATIVE
from search_spaces.space import Configuration, Space

if TYPE_CHECKING:
    from torch import Tensor, nn

DEFAULT: Configuration = {
    **COLUMNS,
    "depth": 2,
    "heads": 8,
    "head_size": 8,
    "feed_forward_factor": 4 / 3,
    "attention_dropout": 0.15,
    "dropout": 0.05,
    "residual_dropout": 0.0,
    "learning_rate": 1e-3,
    "weight_decay": 1e-5,
    "epochs": 20,
}

MAX_COLUMNS = 300
"""Columns, each of which is a token: attention costs their square."""

OF_TOKENS = ("head_size", "quantities", "bins")


class FTTransformer:
    """The FT-Transformer of Gorishniy et al. 2021 (arXiv:2106.11959).

    ``depth`` (1 to 4), eight ``heads``, ``feed_forward_factor`` (2/3 to 8/3), ``attention_dropout``
    and ``dropout`` (0 to 0.5) and ``residual_dropout`` (0 to 0.2) are theirs. Tokens are as long as
    ``heads`` times ``head_size``: 32 to 256, where theirs are 64 to 512.
    The default is theirs for ``depth`` 2, with shorter tokens and a higher learning rate, for fewer
    epochs.

    Quantities and categories are a token each; what else there is (indicators, words of all texts)
    is one token. Tokens of quantities are linear, as theirs, or bend at quantiles (Gorishniy et al.
    2022, arXiv:2203.05556). More columns than ``MAX_COLUMNS`` are refused.

    AdamW alone is offered: attention learns badly by SGD (Zhang et al. 2020, arXiv:1912.03194).
    Learning rates are theirs (1e-5 to 1e-3), three times as high for as many fewer epochs.
    """

    name: ClassVar[str] = "ft_transformer"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "epochs"
    resources: ClassVar[tuple[Resource, ...]] = ("epochs", "inner_folds")
    evolves: ClassVar[tuple[str, ...]] = EVOLVES
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"

    def space(self, profile: Profile) -> Space:
        """Preprocessing, the blocks, and the training.

        Raises
        ------
        ValueError
            If there are more than ``MAX_COLUMNS`` columns.
        """
        if len(profile.columns) > MAX_COLUMNS:
            raise ValueError(
                f"ft_transformer learns from at most {MAX_COLUMNS} columns, since its cost grows "
                f"with their square; these are {len(profile.columns):,}. mlp has no such limit"
            )
        training = training_space(
            profile,
            also=("warmup",),
            default=DEFAULT,
            optimizer=Categorical(choices=("adamw",)),
            learning_rate=Float(low=3e-5, high=3e-3, log=True),
        )
        return (
            columns_preprocessing(profile, encode=(NATIVE,))
            .extended(*quantity_parameters(profile))
            .extended(
                {
                    "depth": Integer(low=1, high=4),
                    "heads": Categorical(choices=(8,)),
                    "head_size": Integer(low=4, high=32, log=True),
                    "feed_forward_factor": Float(low=2 / 3, high=8 / 3),
                    "attention_dropout": Float(low=0.0, high=0.5),
                    "dropout": Float(low=0.0, high=0.5),
                    "residual_dropout": Float(low=0.0, high=0.2),
                }
            )
            .extended(training.parameters, training.conditions)
        )

    def default(self, profile: Profile) -> Configuration:
        """Two blocks of tokens of length 64."""
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


def _make(
    features: "Tensor", *, inputs: Inputs, n_outputs: int, structure: dict[str, Any]
) -> "nn.Module":
    from search_spaces.networks import ft_transformer

    size = structure["heads"] * structure["head_size"]
    tokens = ft_transformer.Tokens(features, inputs, size=size, bins=structure.get("bins", 0))
    blocks = {name: value for name, value in structure.items() if name not in OF_TOKENS}
    return ft_transformer.FTTransformer(tokens, n_outputs=n_outputs, **blocks)
