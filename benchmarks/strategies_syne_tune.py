"""Syne Tune's contestants in the benchmark of strategies, where Syne Tune is installed."""

from datetime import datetime
from importlib.util import find_spec
from typing import Any

from benchmarks.strategies_contestants import Contestant, Make
from benchmarks.strategies_surrogate import EPOCHS
from search_spaces.parameters import Categorical, Integer, Parameter
from search_spaces.space import FAMILY, Configuration, Space


class SyneTunes(Contestant):
    """A scheduler of Syne Tune (0.16), told of each epoch; the default is first and never stops."""

    def __init__(self, kind: str, space: Space, default: Configuration, seed: int) -> None:
        from syne_tune.optimizer import baselines

        self._family = default[FAMILY]
        names = [name for name in space.parameters if name != FAMILY]
        self._scheduler = getattr(baselines, kind)(
            config_space={name: _domain(space.parameters[name]) for name in names},
            metric="accuracy",
            time_attr="epoch",
            max_t=EPOCHS,
            do_minimize=False,
            random_seed=seed,
            points_to_evaluate=[{name: default[name] for name in names}],
        )
        self._asked = 0

    def ask(self) -> tuple[Any, Configuration]:
        """Ask the scheduler, and say that the trial has started."""
        from syne_tune.backend.trial_status import Trial

        suggested = self._scheduler.suggest().config
        trial = Trial(self._asked, suggested, datetime.now())
        self._asked += 1
        self._scheduler.on_trial_add(trial)
        return trial, {FAMILY: self._family, **suggested}

    def tell(self, trial: Any, epoch: int, accuracy: float) -> bool:
        """Report; stop where it says so."""
        result = {"accuracy": accuracy, "epoch": epoch}
        if epoch == EPOCHS:
            self._scheduler.on_trial_complete(trial, result)
            return False
        stops = self._scheduler.on_trial_result(trial, result) == "STOP"
        return trial.trial_id == 0 or not stops


def _domain(parameter: Parameter) -> Any:
    from syne_tune import config_space as domains

    if isinstance(parameter, Categorical):
        return domains.choice(list(parameter.choices))
    if isinstance(parameter, Integer):
        draw = domains.lograndint if parameter.log else domains.randint
    else:
        draw = domains.loguniform if parameter.log else domains.uniform
    return draw(parameter.low, parameter.high)


def contestants() -> dict[str, Make]:
    """Those that take part; none where Syne Tune is not installed."""
    if find_spec("syne_tune") is None:
        return {}
    return {
        "Syne Tune asha": lambda *about: SyneTunes("ASHA", *about),
        "Syne Tune bohb": lambda *about: SyneTunes("BOHB", *about),
    }
