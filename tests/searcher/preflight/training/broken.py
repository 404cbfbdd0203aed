"""Networks with one thing wrong each, by the name of what is wrong."""

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.networks import Network, TrainingSettings
from search_spaces.networks.beginning import seeded
from search_spaces.networks.parameters import training_settings
from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Configuration, Space
from searcher.candidates import Candidate
from searcher.data import Dataset
from searcher.preflight.sample import draw
from searcher.preflight.training.subject import Subject
from tests.searcher.checks.cases import dataset, numbers

WIDTH = 16
COLUMNS = numbers(600)
ROWS = dataset(COLUMNS, (COLUMNS["x0"] > 0).astype(np.int64) + (COLUMNS["x1"] > 1))
VALUES = dataset(COLUMNS, COLUMNS["x0"] * 30 + 5)


class Plain(nn.Module):
    """A perceptron with dropout and batch normalisation, and nothing wrong."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(3, WIDTH)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.dropout = nn.Dropout(0.2)
        self.last = nn.Linear(WIDTH, n_outputs or 1)
        self.is_value = n_outputs == 0

    def hidden(self, X: Tensor) -> Tensor:
        return self.dropout(self.norm(self.first(X)).relu())

    def forward(self, X: Tensor) -> Tensor:
        outputs = self.last(self.hidden(X))
        return outputs.squeeze(1) if self.is_value else outputs


class Frozen(Plain):
    """A layer that nobody trains."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__(n_outputs)
        self.first.weight.requires_grad = False


class Unused(Plain):
    """A layer that is never used."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__(n_outputs)
        self.extra = nn.Linear(WIDTH, WIDTH)


class Detached(Plain):
    """What comes before the last layer is cut off from it."""

    def hidden(self, X: Tensor) -> Tensor:
        return super().hidden(X).detach()


class Exploding(Plain):
    """The last layer begins far too large."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__(n_outputs)
        with torch.no_grad():
            self.last.weight *= 300


class Vanishing(Plain):
    """The first layer hardly counts, beside a way around it."""

    def hidden(self, X: Tensor) -> Tensor:
        return super().hidden(X) * 1e-12 + functional.pad(X, (0, WIDTH - 3))


class NotANumber(Plain):
    """The root of nothing has a finite value and no slope."""

    def hidden(self, X: Tensor) -> Tensor:
        return super().hidden(X) + (self.first.bias * 0).square().sum().sqrt()


class Infinite(Plain):
    """Answers that are no numbers."""

    def forward(self, X: Tensor) -> Tensor:
        return super().forward(X) * torch.inf


class AlwaysDrops(Plain):
    """Dropout that evaluation does not switch off."""

    def hidden(self, X: Tensor) -> Tensor:
        return functional.dropout(super().hidden(X), 0.2, training=True)


class Stubborn(nn.Dropout):
    """A layer that stays in training."""

    def train(self, mode: bool = True) -> "Stubborn":
        return super().train(True)


class DropoutStays(Plain):
    """A layer of dropout that evaluation does not switch off."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__(n_outputs)
        self.dropout = Stubborn(0.2)


class NeverDrops(Plain):
    """Dropout that training does not switch on."""

    def train(self, mode: bool = True) -> "NeverDrops":
        super().train(mode)
        self.dropout.eval()
        return self


class NormStays(Plain):
    """A batch normalisation that training does not switch on."""

    def train(self, mode: bool = True) -> "NormStays":
        super().train(mode)
        self.norm.eval()
        return self


class OtherInTraining(Plain):
    """Outputs that are doubled in training."""

    def forward(self, X: Tensor) -> Tensor:
        return super().forward(X) * (2 if self.training else 1)


class Counting(Plain):
    """A buffer that each call changes."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__(n_outputs)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, X: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(X)


class Bounded(Plain):
    """Answers that can't get far from nothing."""

    def forward(self, X: Tensor) -> Tensor:
        return 0.1 * super().forward(X).tanh()


class OwnDropout(Plain):
    """Dropout that is no layer, and nothing wrong."""

    def hidden(self, X: Tensor) -> Tensor:
        return functional.dropout(super().hidden(X), 0.2, training=self.training)


FLAWS: dict[str, type[Plain]] = {
    "none": Plain,
    "frozen": Frozen,
    "unused": Unused,
    "detached": Detached,
    "exploding": Exploding,
    "vanishing": Vanishing,
    "not_a_number": NotANumber,
    "infinite": Infinite,
    "always_drops": AlwaysDrops,
    "dropout_stays": DropoutStays,
    "never_drops": NeverDrops,
    "norm_stays": NormStays,
    "other_in_training": OtherInTraining,
    "counting": Counting,
    "bounded": Bounded,
}


class Flawed:
    """A family whose choices are those networks."""

    name: ClassVar[str] = "flawed"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "epochs"
    dtype: ClassVar[Literal["float32", "float64"]] = "float32"
    flaws: ClassVar[tuple[str, ...]] = ("none", "frozen", "exploding")
    depth: ClassVar[int] = 2  # more of it explodes

    def space(self, profile: Profile) -> Space:
        parameters: dict[str, Parameter] = {
            "impute": Categorical(choices=("none",)),
            "flaw": Categorical(choices=self.flaws),
            "depth": Integer(low=1, high=4),
            "epochs": Categorical(choices=(1,)),
            "optimizer": Categorical(choices=("adamw", "sgd")),
            "learning_rate": Float(low=1e-4, high=100.0, log=True),
        }
        return Space(parameters=parameters)

    def default(self, profile: Profile) -> Configuration:
        wanted = {"flaw": self.flaws[0], "depth": self.depth, "learning_rate": 1e-3}
        return self.space(profile).nearest({**wanted, "optimizer": "adamw"})

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        loss = "cross_entropy" if profile.n_classes else "mse"
        chosen = {"loss": loss, **configuration}
        flaw = "exploding" if chosen.pop("depth") > self.depth else chosen.pop("flaw")
        with seeded(seed):
            module = FLAWS[flaw](profile.n_classes)
        return Network(module, training_settings(chosen, profile))


class FlawedFirst(Flawed):
    """The default is what can't be trained."""

    flaws = ("frozen", "none")


def candidate(family: Any = None, rows: Dataset = ROWS) -> Candidate:
    family = family or Flawed()
    reference = f"{type(family).__module__}:{type(family).__name__}"
    space = family.space(rows.profile)
    return Candidate(family.name, reference, family, space, family.default(rows.profile))


def subject(module: type[Plain] = Plain, rows: Dataset = ROWS, **settings: Any) -> Subject:
    """A network on the rows, as if a family had made it."""

    class Alone(Flawed):
        def build(self, configuration: Any, profile: Profile, *, seed: int, cpus: int) -> Any:
            loss = "cross_entropy" if profile.n_classes else "mse"
            with seeded(seed):
                made = module(profile.n_classes)
            return Network(made, TrainingSettings(**{"loss": loss, **settings}))

    return Subject.of(Alone(), {"impute": "none"}, draw(rows, seed=0))
