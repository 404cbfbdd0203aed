"""What others stop folds by: Optuna's own pruners, Bergman et al. 2024, a paired t-test."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.racing_policies import Outcome, Policy, replay
from benchmarks.racing_tables import Floats, Table


def bergman(table: Table, *, forgiving: bool) -> Outcome:
    """Stop by the incumbent's worst fold (forgiving) or its mean (aggressive).

    Bergman, Purucker and Hutter 2024 (arXiv:2405.03389): the running mean has to reach it.
    """

    def goes_on(configuration: int, _fold: int, seen: Floats) -> bool:
        incumbent = _incumbent(seen)
        if incumbent is None:
            return True
        needed = seen[incumbent].min() if forgiving else seen[incumbent].mean()
        return bool(np.nanmean(seen[configuration]) >= needed)

    return replay(table.scores, goes_on, slots=1)


def paired_t(table: Table, *, level: float) -> Outcome:
    """Stop what is worse than the incumbent by a one-sided paired t-test, from two folds on."""
    from scipy.stats import t

    def goes_on(configuration: int, fold: int, seen: Floats) -> bool:
        incumbent = _incumbent(seen)
        if incumbent is None or fold == 0:
            return True
        behind = (seen[incumbent] - seen[configuration])[: fold + 1]
        error = behind.std(ddof=1) / np.sqrt(fold + 1)
        return bool(behind.mean() <= t.isf(level, fold) * error)

    return replay(table.scores, goes_on, slots=1)


def optuna_pruner(table: Table, *, make: Callable[[], object]) -> Outcome:
    """One of Optuna's pruners, told the running mean, or the fold scores themselves."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = make()
    by_fold = isinstance(pruner, optuna.pruners.WilcoxonPruner)
    study = optuna.create_study(
        direction="maximize",
        pruner=pruner,  # type: ignore[arg-type]
        sampler=optuna.samplers.RandomSampler(0),
    )
    trials: dict[int, optuna.Trial] = {}

    def goes_on(configuration: int, fold: int, seen: Floats) -> bool:
        trial = (
            trials.setdefault(configuration, study.ask()) if fold == 0 else trials[configuration]
        )
        scores = seen[configuration, : fold + 1]
        trial.report(float(scores[-1] if by_fold else scores.mean()), fold)
        last = fold + 1 == len(seen[configuration])
        if not last and not trial.should_prune():
            return True
        state = optuna.trial.TrialState.COMPLETE if last else optuna.trial.TrialState.PRUNED
        study.tell(trial, float(scores.mean()) if last else None, state)
        return False

    return replay(table.scores, goes_on, slots=1)


def _median() -> object:
    from optuna.pruners import MedianPruner

    return MedianPruner(n_startup_trials=5)


def _wilcoxon() -> object:
    from optuna.exceptions import ExperimentalWarning
    from optuna.pruners import WilcoxonPruner

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return WilcoxonPruner(p_threshold=0.1)


def _incumbent(seen: Floats) -> int | None:
    means = seen.mean(axis=1)
    return None if np.isnan(means).all() else int(np.nanargmax(means))


PEERS: dict[str, Policy] = {
    "Bergman, forgiving": partial(bergman, forgiving=True),
    "Bergman, aggressive": partial(bergman, forgiving=False),
    "paired t, 5 %": partial(paired_t, level=0.05),
    "paired t, 20 %": partial(paired_t, level=0.2),
    "Optuna Median": partial(optuna_pruner, make=_median),
    "Optuna Wilcoxon, 0.1": partial(optuna_pruner, make=_wilcoxon),
}
