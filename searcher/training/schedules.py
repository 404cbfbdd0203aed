"""What the learning rate is at each step: a share of the largest one, from 0 to 1."""

import math
from collections.abc import Callable
from typing import Any

from search_spaces.networks import TrainingSettings

DROPS = (0.5, 0.75)  # of the steps; He et al. 2016 (arXiv:1512.03385), section 4.2
DROP = 0.1  # likewise
RISE = 0.3  # share of one cycle in which the rate rises; these three are OneCycleLR's, PyTorch 2.13
START = 1 / 25
END = START / 1e4
BETTER = 1e-4  # relative; ReduceLROnPlateau's, PyTorch 2.13
WAIT = 0.1  # of the epochs: its ten of a hundred


def constant(_step: float, _n_steps: int) -> float:
    """Stay where it is."""
    return 1.0


def step(step: float, n_steps: int) -> float:
    """Drop to a tenth at half, and again at three quarters, of the steps."""
    return DROP ** sum(step >= share * n_steps for share in DROPS)


def cosine(step: float, n_steps: int) -> float:
    """Half a cosine, down to 0 (Loshchilov & Hutter 2017, arXiv:1608.03983)."""
    return _between(1.0, 0.0, step / n_steps)


def one_cycle(step: float, n_steps: int, rise: float) -> float:
    """Up and down again (Smith & Topin 2019, arXiv:1708.07120), as PyTorch's ``OneCycleLR``."""
    top = max(rise * n_steps - 1, 0.0)
    if step < top:
        return _between(START, 1.0, step / top)
    return _between(1.0, END, (step - top) / max(n_steps - 1 - top, 1.0))


def _between(first: float, last: float, share: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * min(share, 1.0))) / 2


AFTER_WARMUP: dict[str, Callable[[float, int], float]] = {
    "constant": constant,
    "step": step,
    "cosine": cosine,
    "plateau": constant,
}


class Schedule:
    """The learning rate over all steps of a training.

    Before the schedule the rate rises linearly (Goyal et al. 2017, arXiv:1706.02677); one cycle has
    a rise of its own, over the same share of steps or, where that is 0, over 0.3 of them.

    Parameters
    ----------
    n_steps
        Of an epoch.
    hold_after
        Epochs after which the rate stays where it is: averaged weights are to be different ones
        (Izmailov et al. 2018, arXiv:1803.05407, section 3.2).
    """

    def __init__(self, settings: TrainingSettings, n_steps: int, hold_after: int) -> None:
        self._settings = settings
        self._n_steps = n_steps * settings.epochs
        self._hold = n_steps * hold_after
        self._best, self._waited, self._factor = math.inf, 0, 1.0

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0 over all epochs."""
        settings, step = self._settings, min(step, self._hold)
        if settings.schedule == "one_cycle":
            share = one_cycle(step, self._n_steps, settings.warmup or RISE)
        else:
            share = self._after_warmup(step)
        return settings.learning_rate * share * self._factor

    def _after_warmup(self, step: int) -> float:
        rising = round(self._settings.warmup * self._n_steps)
        if step < rising:
            return (step + 1) / rising
        return AFTER_WARMUP[self._settings.schedule](step - rising, max(self._n_steps - rising, 1))

    def see(self, loss: float) -> None:
        """Take an epoch's loss; on a plateau the rate drops to a tenth.

        As PyTorch's ``ReduceLROnPlateau``, but it waits for a tenth of the epochs, not for ten.
        """
        if self._settings.schedule != "plateau":
            return
        if loss < self._best * (1 - BETTER):
            self._best, self._waited = loss, 0
            return
        self._waited += 1
        if self._waited > round(WAIT * self._settings.epochs):
            self._factor, self._waited = self._factor * DROP, 0

    def state(self) -> dict[str, Any]:
        """Say what the next rates depend on besides the step."""
        return {"best": self._best, "waited": self._waited, "factor": self._factor}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._best, self._waited = float(state["best"]), int(state["waited"])
        self._factor = float(state["factor"])
