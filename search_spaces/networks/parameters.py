"""What can be tried of a network's training, from where it starts, and who says so."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from search_spaces.columns import Profile
from search_spaces.networks.settings import TrainingSettings
from search_spaces.parameters import Categorical, Float, Integer, Parameter, Value
from search_spaces.space import Condition, Configuration, Space

LARGEST_BATCH, SMALLEST_BATCH, BATCHES_AN_EPOCH = 512, 16, 16


@dataclass(frozen=True, slots=True)
class Searchable:
    """What one training parameter can be.

    Attributes
    ----------
    parameter
        What is tried of it.
    source
        Where that comes from.
    is_searched
        Whether it is tried unless a family says otherwise; else it stays at its default, unless a
        spec asks for another value or a range.
    """

    parameter: Parameter
    source: str
    is_searched: bool = True


TRAINING: dict[str, Searchable] = {
    "optimizer": Searchable(
        Categorical(choices=("adamw", "adam", "sgd", "rmsprop")),
        "Loshchilov & Hutter 2019 (arXiv:1711.05101), Kingma & Ba 2015 (arXiv:1412.6980), "
        "Sutskever et al. 2013 (ICML), Tieleman & Hinton 2012",
    ),
    "learning_rate": Searchable(
        Float(low=1e-4, high=3e-2, log=True),
        "Gorishniy et al. 2021 (arXiv:2106.11959) to 1e-2 with AdamW, Zimmer et al. 2021 "
        "(arXiv:2006.13799) from 1e-4, to 1e-1 with SGD; default of Kingma & Ba 2015",
    ),
    "momentum": Searchable(
        Float(low=0.1, high=0.99),
        "Zimmer et al. 2021 (arXiv:2006.13799); default of Sutskever et al. 2013 (ICML)",
    ),
    "weight_decay": Searchable(
        Float(low=1e-6, high=1e-1, log=True),
        "Gorishniy et al. 2021 (arXiv:2106.11959) from 1e-6, Zimmer et al. 2021 (arXiv:2006.13799) "
        "to 1e-1; default of PyTorch's AdamW",
    ),
    "batch_size": Searchable(
        Integer(low=SMALLEST_BATCH, high=LARGEST_BATCH, log=True),
        "Zimmer et al. 2021 (arXiv:2006.13799); default of Gorishniy et al. 2021",
    ),
    "accumulate": Searchable(
        Integer(low=1, high=8, log=True), "Ott et al. 2018 (arXiv:1806.00187)", is_searched=False
    ),
    "epochs": Searchable(
        Integer(low=1, high=1_000, log=True),
        "Zimmer et al. 2021 (arXiv:2006.13799) train for 50",
        is_searched=False,
    ),
    "schedule": Searchable(
        Categorical(choices=("cosine", "one_cycle", "constant", "step", "plateau")),
        "Loshchilov & Hutter 2017 (arXiv:1608.03983), Smith & Topin 2019 (arXiv:1708.07120), "
        "He et al. 2016 (arXiv:1512.03385) for step",
    ),
    "warmup": Searchable(
        Float(low=0.0, high=0.3), "Goyal et al. 2017 (arXiv:1706.02677)", is_searched=False
    ),
    "loss": Searchable(
        Categorical(choices=("cross_entropy", "focal", "mse", "huber", "l1")),
        "Lin et al. 2017 (arXiv:1708.02002) for focal, Huber 1964 (Ann. Math. Stat. 35(1))",
    ),
    "focal_gamma": Searchable(
        Float(low=0.5, high=5.0), "Lin et al. 2017 (arXiv:1708.02002), their best as the default"
    ),
    "label_smoothing": Searchable(
        Categorical(choices=(0.0, 0.05, 0.1)), "Szegedy et al. 2016 (arXiv:1512.00567): 0.1"
    ),
    "class_weight": Searchable(
        Categorical(choices=("none", "balanced")), "King & Zeng 2001 (Political Analysis 9(2))"
    ),
    "clip_norm": Searchable(
        Categorical(choices=(0.0, 0.1, 1.0, 10.0)),
        "Pascanu et al. 2013 (arXiv:1211.5063)",
        is_searched=False,
    ),
    "mixup": Searchable(
        Categorical(choices=(0.0, 0.1, 0.2, 0.4)),
        "Zhang et al. 2018 (arXiv:1710.09412): 0.1 to 0.4",
    ),
    "augment": Searchable(
        Categorical(choices=("none", "flip", "shift", "crop")),
        "Krizhevsky et al. 2012 (NeurIPS), He et al. 2016 (arXiv:1512.03385)",
    ),
    "average_weights": Searchable(
        Categorical(choices=(False, True)), "Izmailov et al. 2018 (arXiv:1803.05407)"
    ),
    "patience": Searchable(
        Integer(low=0, high=20),
        "Prechelt 1998 (Neural Networks: Tricks of the Trade); Gorishniy et al. 2021 wait for 16",
        is_searched=False,
    ),
    "precision": Searchable(
        Categorical(choices=("float32", "bfloat16", "float16")),
        "Micikevicius et al. 2018 (arXiv:1710.03740), Kalamkar et al. 2019 (arXiv:1905.12322)",
        is_searched=False,
    ),
    "compile": Searchable(
        Categorical(choices=(False, True)), "Ansel et al. 2024 (ASPLOS)", is_searched=False
    ),
}
"""The fields of ``TrainingSettings`` in order of choice."""

CONDITIONS: dict[str, tuple[Condition, ...]] = {
    "momentum": (Condition(parameter="optimizer", values=("sgd", "rmsprop")),),
    # one cycle has a warm-up of its own
    "warmup": (Condition(parameter="schedule", values=("cosine", "constant", "step", "plateau")),),
    "focal_gamma": (Condition(parameter="loss", values=("focal",)),),
    "label_smoothing": (Condition(parameter="loss", values=("cross_entropy",)),),
}

LOSSES = {"classes": ("cross_entropy", "focal"), "values": ("mse", "huber", "l1")}
ABOUT_CLASSES = ("focal_gamma", "label_smoothing", "class_weight")

EVOLVES = (
    "learning_rate",
    "momentum",
    "weight_decay",
    "batch_size",
    "dropout",
    "label_smoothing",
    "focal_gamma",
    "clip_norm",
    "mixup",
)
"""Parameters that may change between two epochs of a training: they leave weights as they are."""

DEFAULT: Configuration = asdict(TrainingSettings())
"""Where a search starts: a family's default may differ. For values the loss is ``mse``."""


def training_space(
    profile: Profile,
    *,
    also: Collection[str] = (),
    images: bool = False,
    default: Mapping[str, Value] | None = None,
    **narrowed: Parameter,
) -> Space:
    """Say what can be tried of the training on such data.

    Parameters
    ----------
    also
        Parameters to be tried that else stay at their default.
    images
        Whether rows are images, which can be moved.
    default
        The family's own defaults, where they differ from ``DEFAULT``: what is not tried stays
        there.
    narrowed
        Parameters in place of those in ``TRAINING``. One of a single choice is not tried, and what
        only applies beside other choices is gone.

    Returns
    -------
    Space
        The parameters of ``TRAINING`` that concern the task, in that order. At most as many rows
        make a batch as leave ``BATCHES_AN_EPOCH`` of them.
    """
    start = {**DEFAULT, **(default or {})}
    gone = () if profile.n_classes else ABOUT_CLASSES
    gone = gone if images else (*gone, "augment")
    parameters = {
        name: one.parameter
        if one.is_searched or name in also
        else Categorical(choices=(start[name],), allowed=one.parameter)
        for name, one in TRAINING.items()
        if name not in gone
    }
    parameters["loss"] = Categorical(choices=_losses(profile))
    parameters["batch_size"] = _batch_sizes(profile)
    conditions = {name: found for name, found in CONDITIONS.items() if name in parameters}
    return Space(parameters=parameters, conditions=conditions).override(narrowed)


def training_settings(configuration: Mapping[str, Any], profile: Profile) -> TrainingSettings:
    """Take the training out of a configuration; what it does not say stays at its default.

    Raises
    ------
    ValueError
        If a value is impossible, or the loss is for another task.
    """
    names = {field.name for field in fields(TrainingSettings)}
    said = {name: value for name, value in configuration.items() if name in names}
    loss = said.setdefault("loss", _losses(profile)[0])
    if loss not in _losses(profile):
        allowed = ", ".join(_losses(profile))
        raise ValueError(f"the loss of a {profile.task} target is one of {allowed}, not {loss!r}")
    return TrainingSettings(**said)


def without_training(configuration: Mapping[str, Any]) -> Configuration:
    """Leave what the module is made from."""
    return {name: value for name, value in configuration.items() if name not in TRAINING}


def _losses(profile: Profile) -> tuple[str, ...]:
    return LOSSES["classes" if profile.n_classes else "values"]


def _batch_sizes(profile: Profile) -> Integer:
    largest = min(LARGEST_BATCH, profile.n_samples // BATCHES_AN_EPOCH)
    return Integer(low=SMALLEST_BATCH, high=max(SMALLEST_BATCH, largest), log=True)
