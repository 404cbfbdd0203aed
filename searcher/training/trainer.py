"""How a network is trained, one epoch at a time: plain PyTorch, over one process or several."""

import copy
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.networks import Network
from searcher.errors import StoreError, TrialError
from searcher.training.alterations import Alterations
from searcher.training.averaging import Averaging
from searcher.training.batches import Batches, Rows
from searcher.training.held_out import held_out, mean_loss
from searcher.training.learner import Learner
from searcher.training.normalisation import over_all_ranks
from searcher.training.prediction import outputs_of
from searcher.training.randomness import own_randomness
from searcher.training.ranks import Ranks
from searcher.training.schedules import Schedule
from searcher.training.states import State, copied
from searcher.training.stopping import Stopping
from searcher.training.targets import Targets

FORMAT = 1


@dataclass(frozen=True, slots=True)
class EpochResult:
    """What an epoch was like, over all ranks."""

    epoch: int  # how many are trained, this one included
    loss: float  # mean over its rows, each as its step found it
    steps: int
    rows: int
    seconds: float
    held_out_loss: float | None = None  # after the epoch; None where no rows are held out


class Trainer:
    """A network in training.

    Whatever is random in an epoch follows from the seed, the epoch and, for dropout alone, the
    rank: a training that is saved and loaded between two epochs goes on bit by bit as it would
    have, where PyTorch's arithmetic is reproducible. Global random states stay as they are.

    With several ranks each of them has all rows and takes its share of each batch, so that the
    weights are those of one rank up to rounding, except that dropout draws for each rank apart.

    Parameters
    ----------
    network
        Untrained; its module is copied.
    X : array of shape (n_samples, n_features)
        Features; a module with a method ``adapt`` is first given those that it is trained with.
    y : array of shape (n_samples,)
        Class codes 0..n_classes-1, or values.
    n_classes
        Outputs of the module; 0 for values.
    rank, world
        Which of how many processes this is; with more than one, their process group must be up.
    device
        Where to train, as PyTorch names it.

    Raises
    ------
    TrialError
        If rows, loss, module or ranks do not fit each other.
    """

    def __init__(
        self,
        network: Network,
        X: NDArray[Any],
        y: NDArray[Any],
        *,
        n_classes: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        device: str | torch.device = "cpu",
    ) -> None:
        self.settings = settings = network.training
        self.epoch, self._seed, self.n_features = 0, seed, X.shape[1]
        self.device, self.ranks = torch.device(device), Ranks(rank, world)
        held = held_out(y, settings, seed=seed, n_classes=n_classes)
        self.targets = Targets.of(y[~held], n_classes, settings.class_weight)
        self._held = Rows.of(X[held], y[held], self.targets, self.device)
        X, y = X[~held], y[~held]
        rows = Rows.of(X, y, self.targets, self.device)
        self._plain = _adapted(network.module, X)
        self._batches = Batches(
            rows, settings, Alterations.of(settings, self._plain), seed=seed, ranks=self.ranks
        )
        module = copy.deepcopy(self._plain)
        self._learner = Learner(
            (over_all_ranks(module) if world > 1 else module).to(self.device),
            settings,
            n_classes=n_classes,
            ranks=self.ranks,
            device=self.device,
        )
        self._stopping, self._averaging = Stopping(settings.patience), Averaging(settings)
        self._schedule = Schedule(settings, self._batches.n_steps, self._averaging.begins_after)

    @property
    def module(self) -> nn.Module:
        """The one in training, on the device."""
        return self._learner.module

    @property
    def done(self) -> bool:
        """Whether there is nothing more to train."""
        return self.epoch >= self.settings.epochs or self._stopping.has_stopped

    def train_epoch(self) -> EpochResult:
        """Train for one epoch; all ranks must call this.

        Raises
        ------
        TrialError
            If training is done, or has diverged: then on all ranks alike.
        """
        if self.done:
            raise TrialError(f"training ended after {self.epoch} of {self.settings.epochs} epochs")
        started, batches = time.perf_counter(), self._batches
        loss = torch.zeros((), dtype=torch.float64, device=self.device)
        with own_randomness(self._seed, self.epoch, self.ranks.rank, self.device):
            self._learner.begin()
            for number, step in enumerate(batches.of_epoch(self.epoch)):
                rate = self._schedule.rate(self.epoch * batches.n_steps + number)
                loss += self._learner.take(step, rate)
            mean = float(self.ranks.summed(loss) / batches.weight)
            self._refuse_divergence(mean)
            self.epoch += 1
            held_out_loss = self._look_back(mean)
        seconds = time.perf_counter() - started
        return EpochResult(
            self.epoch, mean, batches.n_steps, batches.n_rows, seconds, held_out_loss
        )

    def _refuse_divergence(self, loss: float) -> None:
        epoch = self.epoch + 1
        if not math.isfinite(loss):
            raise TrialError(f"training diverged: the loss of epoch {epoch} is {loss}")
        if not self._learner.is_finite:
            raise TrialError(f"training diverged: weights are infinite or NaN after epoch {epoch}")

    def _look_back(self, loss: float) -> float | None:
        """Show the epoch's end to what waits for it; return the loss of the rows held out.

        While weights are averaged nothing stops, and the rate stays where it is.
        """
        if self.epoch > self._averaging.begins_after:
            self._averaging.see(self.module, self._batches.plain(self.epoch))
            return None
        watched = None
        if len(self._held):
            n_classes, loss_of_rows = self.targets.n_classes, self._learner.loss
            watched = mean_loss(self.module, self._held, loss_of_rows, n_classes, self.ranks)
            self._stopping.see(watched, self.module)
        self._schedule.see(loss if watched is None else watched)
        return watched

    def trained(self) -> nn.Module:
        """Copy what answers: the module with averaged weights, else the best, else the last.

        In evaluation mode, float32, on the CPU, of the layers that the network came with.
        """
        module = copy.deepcopy(self._plain)
        averaged, best = self._averaging.module, self._stopping.best_weights
        weights = self.module.state_dict() if best is None else best
        module.load_state_dict(weights if averaged is None else averaged.state_dict())
        return module.eval()

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """Class codes or values, shape (n_samples,); ranks may call this apart."""
        return self.targets.answers(self._outputs(X))

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Class probabilities, shape (n_samples, n_classes); ranks may call this apart."""
        return self.targets.probabilities(self._outputs(X))

    def _outputs(self, X: NDArray[Any]) -> Tensor:
        return outputs_of(self.trained().to(self.device), X, self.device)

    def state(self) -> State:
        """Copy all that further training depends on besides the constructor's arguments.

        It is the same on all ranks, and fits any number of them.
        """
        return {
            "format": FORMAT,
            "epoch": self.epoch,
            "learner": copied(self._learner.state()),
            "schedule": self._schedule.state(),
            "stopping": copied(self._stopping.state()),
            "averaging": copied(self._averaging.state()),
        }

    def load_state(self, state: State) -> None:
        """Go on from a state, with this trainer's own settings; all ranks must call this.

        An optimiser of another kind than the state's starts afresh.

        Raises
        ------
        StoreError
            If it is the state of another network; this trainer is of no use then.
        """
        if state.get("format") != FORMAT:
            raise StoreError(f"a training state has format {FORMAT}, not {state.get('format')!r}")
        try:
            self._learner.load_state(state["learner"])
            self._schedule.load_state(state["schedule"])
            self._stopping.load_state(copied(state["stopping"]))
            self._averaging.load_state(state["averaging"], self.module)
            self.epoch = int(state["epoch"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise StoreError(f"the state is not of this network: {error}") from error


def _adapted(module: nn.Module, X: NDArray[Any]) -> nn.Module:
    adapted: Any = copy.deepcopy(module)
    if hasattr(adapted, "adapt"):
        adapted.adapt(np.asarray(X, dtype=np.float32))
    return adapted  # type: ignore[no-any-return]
