"""Which parameters decided whether a trial was a good one, by Optuna's evaluator."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from searcher.report.compared import ENOUGH
from searcher.report.figures import Figure, Plot, axis, from_optuna, layout, merged, plain
from searcher.report.numbers import plural
from searcher.report.sampling import evenly
from searcher.report.studies import FAMILY, make_study
from searcher.report.varied import Varied

WELL_FOUNDED = 50
"""Trials of which the best tenth are five, the least that Optuna's documentation
(5.0, ``PedAnovaImportanceEvaluator``) advises."""

MIN_TIMES = 10
"""Trials that must have a parameter for it to be weighed: of a handful, one lucky value decides."""

MAX_TRIALS = 1000  # that it is computed from
MAX_BARS = 15
BAR_PX = 26

Shares = dict[str, float]


def why_not_weighed(families: Sequence[Varied]) -> str | None:
    """Say why parameters can't be weighed, or None if they can."""
    trials = [trial for family in families for trial in family.trials]
    if len(trials) < ENOUGH:
        found = plural(len(trials), "trial")
        return f"only {found} can be compared, and it takes {ENOUGH} to say what mattered"
    if len(families) == 1 and not families[0].parameters:
        return "no parameter took two values, so none can have mattered"
    if len({trial.score for trial in trials}) == 1:
        return "all trials have the same score, so no parameter mattered"
    return None


def weigh(families: Sequence[Varied]) -> Shares:
    """Share of each parameter in the importance, the largest first; they sum to 1.

    Parameters that few trials have are left out. Of several families, the choice of family is a
    parameter too, called ``family``. The evaluator
    is Optuna's default, PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv:2304.10255; for
    conditional parameters arXiv:2601.20800).
    """
    from optuna.importance import get_param_importances

    trials = sorted((t for family in families for t in family.trials), key=lambda t: t.number)
    parameters = {family.family: family.parameters for family in families}
    study = make_study(evenly(trials, MAX_TRIALS), parameters, joint=len(families) > 1)
    told = study.get_trials(deepcopy=False)
    times = Counter(name for trial in told for name in trial.distributions)
    # Sorted, because Optuna's own order is that of a set of strings: another one in each process.
    asked = sorted(name for name, count in times.items() if count >= MIN_TIMES)
    shares = get_param_importances(study, params=asked) if asked else {}
    return {name: float(share) for name, share in shares.items()}


def importance_figure(weighed: Sequence[tuple[Sequence[Varied], Shares]]) -> Figure | None:
    """Draw the shares of all families together, or of one."""
    plots = [
        _plot(
            families[0].family if len(families) == 1 else "all families",
            shares,
            sum(len(family.trials) for family in families),
        )
        for families, shares in weighed
    ]
    if not plots:
        return None
    height = 110 + BAR_PX * max(len(plot.data[0]["y"]) for plot in plots)
    alt = "Share of each parameter in the importance"
    return Figure("importance", alt, tuple(plots), selector="Of", height=height)


def _plot(label: str, shares: Shares, n_trials: int) -> Plot:
    data, base = _optunas_bars(shares)
    (bars,) = data
    bars |= {
        "y": [plain(name) for name in bars["y"]],
        "text": [f"{100 * x:.0f}\N{NO-BREAK SPACE}%" if x >= 0.01 else "< 1 %" for x in bars["x"]],  # noqa: PLR2004
        "marker": {"color": ["@f1" if name == FAMILY else "@accent" for name in bars["y"]]},
        "hovertemplate": "%{y}: %{text}<extra></extra>",
        "showlegend": False,
    }
    ours = layout(
        xaxis=axis(title={"text": "share of the importance"}, tickformat=".0%", rangemode="tozero"),
        yaxis=axis(title={"text": ""}, type="category"),
        margin={"r": 48},
    )
    return Plot(plain(label), data, merged(base, ours), _note(len(shares), n_trials))


def _optunas_bars(shares: Shares) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Let Optuna draw the largest shares.

    Optuna 5.0 copies every trial once for each bar (``_param_importances.py``): seconds, where the
    importance itself takes milliseconds. So it gets the shares, and one trial to draw them from.
    """
    import optuna
    from optuna.distributions import FloatDistribution
    from optuna.visualization import plot_param_importances

    drawn = dict(list(shares.items())[:MAX_BARS])

    class Known(optuna.importance.BaseImportanceEvaluator):
        """Gives what was computed before."""

        def evaluate(self, *_: Any, **__: Any) -> Shares:
            """Return the shares."""
            return drawn

    study = optuna.create_study(direction="maximize")
    study.add_trial(
        optuna.trial.create_trial(
            value=0.0,
            params=dict.fromkeys(drawn, 0.0),
            distributions=dict.fromkeys(drawn, FloatDistribution(0.0, 1.0)),
        )
    )
    data, base = from_optuna(plot_param_importances(study, evaluator=Known()))
    data[0]["x"] = [drawn[name] for name in data[0]["y"]]  # it made those that are drawn sum to 1
    return data, base


def _note(n_parameters: int, n_trials: int) -> str:
    notes = []
    if n_parameters > MAX_BARS:
        notes.append(f"The {MAX_BARS} most important of {n_parameters} parameters.")
    if n_trials > MAX_TRIALS:
        notes.append(f"Computed from an even sample of {MAX_TRIALS:,} of {n_trials:,} trials.")
    if n_trials < WELL_FOUNDED:
        best = -(-n_trials // 10)
        notes.append(
            f"Only a hint: the best {best} of {n_trials} trials are compared with all of them; "
            f"from {WELL_FOUNDED} trials on it is well founded."
        )
    return " ".join(notes)
