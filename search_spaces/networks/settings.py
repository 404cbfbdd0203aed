"""What a network family builds: an untrained module, and how it is to be trained."""

from dataclasses import dataclass, fields
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:  # settings are read where torch is not installed
    from torch import nn

Optimizer: TypeAlias = Literal["adamw", "adam", "sgd", "rmsprop"]
Schedule: TypeAlias = Literal["constant", "step", "cosine", "one_cycle", "plateau"]
Loss: TypeAlias = Literal["cross_entropy", "focal", "mse", "l1", "huber"]
ClassWeight: TypeAlias = Literal["none", "balanced"]
Augment: TypeAlias = Literal["none", "flip", "shift", "crop"]
Precision: TypeAlias = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a network is trained; every field is a JSON value.

    Parameters
    ----------
    optimizer
        PyTorch's of that name.
    learning_rate
        The largest one of the schedule.
    weight_decay
        Decoupled for AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), else a part of the
        gradient.
    momentum
        Of SGD and RMSprop; the others have their own.
    batch_size
        Rows of a global batch, over all ranks.
    epochs
        Passes over the training rows at most.
    schedule
        How the learning rate goes on after the warm-up.
    warmup
        Share of all steps, 0 to below 1, in which the learning rate rises to its largest.
    loss
        ``cross_entropy`` or ``focal`` for classes, ``mse``, ``l1`` or ``huber`` for values.
    label_smoothing
        Share of the probability that is spread over all classes, 0 to below 1.
    focal_gamma
        How much the focal loss looks away from what is easy (Lin et al. 2017, arXiv:1708.02002).
    class_weight
        ``balanced`` weights rows by n_samples / (n_classes * rows of their class).
    clip_norm
        Largest Euclidean norm of a step's gradient; 0 does not clip.
    accumulate
        Batches whose gradients are averaged for one step.
    mixup
        Alpha of the beta distribution that mixes two rows (Zhang et al. 2018, arXiv:1710.09412);
        0 does not mix.
    augment
        How images are moved, each time that they are seen.
    average_weights
        Average the weights of the last quarter of the epochs (Izmailov et al. 2018,
        arXiv:1803.05407).
    patience
        Epochs without a better loss on training rows held out after which training ends; 0 never
        ends it early.
    precision
        Arithmetic of the forward pass on a GPU; weights are float32.
    compile
        Whether ``torch.compile`` is used.

    Raises
    ------
    ValueError
        If a field has a value that it can't have.
    """

    optimizer: Optimizer = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    momentum: float = 0.9
    batch_size: int = 256
    epochs: int = 50
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    loss: Loss = "cross_entropy"
    label_smoothing: float = 0.0
    focal_gamma: float = 2.0
    class_weight: ClassWeight = "none"
    clip_norm: float = 1.0
    accumulate: int = 1
    mixup: float = 0.0
    augment: Augment = "none"
    average_weights: bool = False
    patience: int = 0
    precision: Precision = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted, is_allowed = _rule(field.name, field.type, value)
            if not is_allowed:
                raise ValueError(f"{field.name} must be {wanted}, got {value!r}")


_WORDS: dict[str, Any] = {
    "optimizer": Optimizer,
    "schedule": Schedule,
    "loss": Loss,
    "class_weight": ClassWeight,
    "augment": Augment,
    "precision": Precision,
}
_POSITIVE = ("learning_rate", "batch_size", "epochs", "accumulate")
_SHARES = ("momentum", "warmup", "label_smoothing")


def _rule(name: str, kind: Any, value: Any) -> tuple[str, bool]:
    """Say what a field must be, and whether it is."""
    if name in _WORDS:
        words = get_args(_WORDS[name])
        return f"one of {', '.join(words)}", value in words
    if kind is bool:
        return "true or false", isinstance(value, bool)
    noun = "a whole number" if kind is int else "a number"
    numbers = int if kind is int else (int, float)
    is_number = isinstance(value, numbers) and not isinstance(value, bool) and isfinite(value)
    if name in _POSITIVE:
        return f"{noun} above 0", is_number and value > 0
    if name in _SHARES:
        return f"{noun} from 0 to below 1", is_number and 0 <= value < 1
    return f"{noun}, at least 0", is_number and value >= 0


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """An untrained module with the settings of its training.

    Attributes
    ----------
    module
        From features, float32 (n, n_features), to logits (n, n_classes), or to values (n,) of a
        standardised target. If it has a method ``adapt(X)``, that is called with the training
        features, float32 (n, n_features), before anything else is done with the module, its
        parameters and buffers first of all: they may be made there. All ranks pass the same rows,
        and the same rows make the same module.
    training
        How it is trained.
    """

    module: "nn.Module"
    training: TrainingSettings
