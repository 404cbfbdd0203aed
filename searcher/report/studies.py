"""Our trials as Optuna knows trials, so that its plots and evaluators can be asked about them."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from search_spaces.parameters import Categorical, Float, Parameter
from searcher.report.spaces import plain_value
from searcher.store import StoredTrial

if TYPE_CHECKING:  # imported where used: a report is rarely why a process starts
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

FAMILY = "family"


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """No warnings of experimental features, no log lines, in here only."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def make_study(
    trials: Sequence[StoredTrial],
    parameters: Mapping[str, Mapping[str, Parameter]] | None = None,
    *,
    curves: Mapping[str, Sequence[tuple[int, float]]] | None = None,
    joint: bool = False,
) -> "Study":
    """Rebuild an Optuna study; its trial number i is ``trials[i]``.

    A completed trial is COMPLETE, a stopped or running one PRUNED, a failed one FAIL.

    Parameters
    ----------
    parameters
        Family -> parameters to tell of; the others are kept back.
    curves
        Trial id -> intermediate values.
    joint
        Whether to tell the family as a parameter, and the others as ``<family>.<parameter>``.
    """
    import optuna
    from optuna.trial import TrialState, create_trial

    states = {"completed": TrialState.COMPLETE, "failed": TrialState.FAIL}
    distributions = _distributions(parameters or {}, joint=joint)
    study = optuna.create_study(direction="maximize")
    told = []
    for trial in trials:
        params = _params(trial, distributions.get(trial.family, {}), joint=joint)
        told.append(
            create_trial(
                state=states.get(trial.state, TrialState.PRUNED),
                value=trial.score if trial.state == "completed" else None,
                params={name: value for name, (value, _) in params.items()},
                distributions={name: known for name, (_, known) in params.items()},
                intermediate_values=dict((curves or {}).get(trial.trial_id, ())),
            )
        )
    study.add_trials(told)
    return study


def _distributions(
    parameters: Mapping[str, Mapping[str, Parameter]], *, joint: bool
) -> dict[str, dict[str, "BaseDistribution"]]:
    """Family -> parameter -> Optuna's distribution; with the family itself under FAMILY."""
    from optuna.distributions import CategoricalDistribution

    families = CategoricalDistribution(list(parameters)) if joint and parameters else None
    return {
        family: {
            **({FAMILY: families} if families else {}),
            **{
                f"{family}.{name}" if joint else name: _distribution(parameter)
                for name, parameter in own.items()
            },
        }
        for family, own in parameters.items()
    }


def _distribution(parameter: Parameter) -> "BaseDistribution":
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(parameter, Categorical):
        return CategoricalDistribution(parameter.choices)
    if isinstance(parameter, Float):
        # Without the step: it changes no plot, and Optuna's tolerance for it is not ours.
        return FloatDistribution(parameter.low, parameter.high, log=parameter.log)
    return IntDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


def _params(
    trial: StoredTrial, distributions: Mapping[str, "BaseDistribution"], *, joint: bool
) -> dict[str, tuple[Any, "BaseDistribution"]]:
    values = {
        f"{trial.family}.{name}" if joint else name: plain_value(value)
        for name, value in trial.configuration.items()
    }
    if joint:
        values = {FAMILY: trial.family, **values}
    return {name: (values[name], known) for name, known in distributions.items() if name in values}
