"""Recurrent networks for sequences."""

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
    "cell": "lstm",
    "layers": 1,
    "size": 64,
    "both_ways": True,
    "pooling": "max",
    "dropout": 0.1,
    "learning_rate": 3e-3,
}


class Recurrent:
    """Recurrent networks for sequences of any length up to the number of steps.

    ``cell`` is an LSTM (Hochreiter & Schmidhuber 1997, Neural Computation 9(8)), a GRU (Cho et al.
    2014, arXiv:1406.1078) or plain cells with tanh (Elman 1990, Cognitive Science 14(2));
    ``both_ways`` is Schuster & Paliwal 1997 (IEEE Trans. Signal Processing 45(11)). ``size`` (16 to
    256, log) is near what Greff et al. 2017 (arXiv:1503.04069) search, 20 to 200, log; they find
    the learning rate to matter most, then the size. ``dropout`` (0 to 0.5) is between layers and
    before the last, as in Zaremba et al. 2014 (arXiv:1409.2329). ``pooling`` says what is kept of
    the steps: the last state, their mean or, as Conneau et al. 2017 (arXiv:1705.02364) found best,
    their maximum.

    Where a sequence ends, and what is missing before, is in ``search_spaces.networks.sequences``.
    """

    name: ClassVar[str] = "recurrent"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "epochs"
    resources: ClassVar[tuple[Resource, ...]] = ("epochs", "inner_folds")
    evolves: ClassVar[tuple[str, ...]] = EVOLVES
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"
    shape: ClassVar[ShapeKind] = "sequence"

    def space(self, profile: Profile) -> Space:
        """Offer kind, number and direction of the cells, what is kept, and the training.

        Raises
        ------
        ValueError
            If rows are no sequences.
        """
        shape_of(profile, self.shape)
        structure: dict[str, Parameter] = {
            "cell": Categorical(choices=("lstm", "gru", "rnn")),
            "layers": Integer(low=1, high=3),
            "size": Integer(low=16, high=256, log=True),
            "both_ways": Categorical(choices=(False, True)),
            "pooling": Categorical(choices=("last", "mean", "max")),
            "dropout": Float(low=0.0, high=0.5),
        }
        training = training_space(profile, default=DEFAULT, mixup=UNMIXED)
        return (
            shaped_preprocessing()
            .extended(structure)
            .extended(training.parameters, training.conditions)
        )

    def default(self, profile: Profile) -> Configuration:
        """One layer of 64 LSTM cells in each direction, and the maximum over the steps."""
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
        from search_spaces.networks import recurrent
        from search_spaces.networks.beginning import seeded

        structure: dict[str, Any] = without_training(configuration)
        shape = shape_of(profile, self.shape)
        with seeded(seed):
            module = recurrent.Recurrent(shape, n_outputs=profile.n_classes, **structure)
        return Network(module, training_settings(configuration, profile))
