"""What a model family must offer to be searched: the plug-in point ``searcher.family``.

A family is one file: its space, its default, how a configuration becomes an untrained model.
``searcher.testing.check_family`` tells its author what is wrong with it.
"""

from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from numpy.typing import NDArray

from search_spaces.columns import Profile, Task
from search_spaces.space import Configuration, Space

Resource = Literal["inner_folds", "epochs", "rounds"]


class Estimator(Protocol):
    """A scikit-learn estimator: what ``Family.build`` returns."""

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Any:
        """Train on ``X`` (n_samples, n_features) and ``y`` (n_samples,)."""
        ...

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Class codes or values, shape (n_samples,)."""
        ...


@runtime_checkable
class Family(Protocol):
    """A kind of model, with what can be tried of it.

    One that reads only images or sequences also has ``shape``, "image" or "sequence". All others
    read tables, and images and sequences as tables.

    Attributes
    ----------
    name
        As written in a spec.
    tasks
        What it can learn.
    resource
        What its training budget is counted in, unless a spec says otherwise: the inner folds of a
        trial, fitted one after the other; or the epochs, or tens of boosting rounds, of all its
        inner folds together.
    resources
        Optional: all that a spec may have it counted in; else only ``resource``.
    evolves
        Optional: parameters that may change while a model is trained in epochs or rounds, which is
        what the strategies ``pbt`` and ``pb2`` need.
    uses_gpus
        Optional: whether its trials train on the GPUs that a spec gives them; else what trains in
        epochs does. Trials of other families occupy none.
    dtype
        Arithmetic of the estimator. Features always hold float32 values (so that the ONNX graph
        can hold the same ones); "float64" hands them over in float64 arrays.
    """

    name: ClassVar[str]
    tasks: ClassVar[frozenset[Task]]
    resource: ClassVar[Resource]
    dtype: ClassVar[Literal["float32", "float64"]]

    def space(self, profile: Profile) -> Space:
        """Say what can be tried on such data, preprocessing choices included."""
        ...

    def default(self, profile: Profile) -> Configuration:
        """Say what a sensible person tries first; valid in ``space(profile)``."""
        ...

    def build(
        self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int
    ) -> Estimator:
        """Untrained model; the same arguments give the same model.

        ``configuration`` comes without the preprocessing parameters. For classification ``y``
        will be class codes 0..n_classes-1.
        """
        ...
