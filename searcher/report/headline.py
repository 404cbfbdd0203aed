"""What a reader wants to know first: how good the model is, against what, and what to doubt."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from search_spaces.parameters import Parameter
from searcher.records import FINAL, Artifact
from searcher.report.material import Material
from searcher.report.numbers import percent, plural, value_text
from searcher.report.outer import mean
from searcher.report.spaces import end_of_range
from searcher.store import StoredTrial

Tone = Literal["good", "warn", "bad", "plain"]

FEW_FOLDS = 5
MANY_FAILURES = 0.2
OPTIMISM = (
    "Inner score of the winners minus their outer score: by how much the search's own best scores "
    "flatter."
)


@dataclass(frozen=True, slots=True)
class Card:
    """One answer."""

    question: str
    answer: str
    more: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter of the chosen configuration."""

    name: str
    value: str
    default: str | None
    differs: bool
    searched: str  # the range it was searched in, if that is known


@dataclass(frozen=True, slots=True)
class Headline:
    """The first section."""

    state: str
    tone: Tone
    score: float | None
    so_far: bool  # the mean of the outer folds that are there, of a search that did not end
    n_scores: int
    n_outer: int
    cards: list[Card]
    doubts: list[str]
    family: str | None
    settings: list[Setting]
    evolved: bool  # whether it is what a member of a population ended with
    model: Artifact | None


def headline(material: Material) -> Headline:
    """Sum a search up."""
    search = material.search
    so_far = search.outer_mean is None and bool(search.outer_scores)
    score = search.outer_mean if not so_far else mean(search.scores("winner"))
    models = [artifact for artifact in material.artifacts if artifact.kind == "model"]
    winner = _final_winner(material)
    return Headline(
        state=search.state,
        tone=_state_tone(material),
        score=score,
        so_far=so_far,
        n_scores=len(search.outer_scores),
        n_outer=sum(fold != FINAL for fold in search.outer_folds),
        cards=[_against_default(material), *_others(material, score), _parity(material)],
        doubts=_doubts(material, winner),
        family=winner.family if winner else None,
        settings=_settings(material, winner) if winner else [],
        evolved=any(
            record.trial_id == search.best_trial_id for record in material.lineage.get(FINAL, ())
        ),
        model=models[-1] if models else None,
    )


def _state_tone(material: Material) -> Tone:
    search = material.search
    if search.state == "completed":
        return "warn" if search.error else "good"
    return "bad" if search.state == "failed" else "warn"


def _final_winner(material: Material) -> StoredTrial | None:
    chosen = material.search.best_trial_id
    return next((trial for trial in material.final if trial.trial_id == chosen), None)


def _against_default(material: Material) -> Card:
    """Say whether the search was worth it."""
    search, digits = material.search, material.digits
    question = "Better than the default configuration?"
    if search.default_difference is None:
        return Card(question, "Not known", "No outer fold has both scores.")
    by = f"by {digits.signed(search.default_difference)}"
    if search.default_interval is None:
        more = f"{by}, in one outer fold: one score has no spread."
        return Card(question, "Can't be said", more, "warn")
    by = f"{by} {digits.signed_interval(search.default_interval)}"
    low, high = search.default_interval
    if search.beats_default:
        return Card(question, "Yes", by, "good")
    if high < 0:
        return Card(question, "No, worse", by, "bad")
    if low == high == 0:
        return Card(question, "No", "The default configuration won every outer fold.", "warn")
    return Card(question, "No", f"Not beyond chance: {by}.", "warn")


def _others(material: Material, score: float | None) -> list[Card]:
    search, digits = material.search, material.digits
    cards = []
    if search.optimism is not None:
        cards.append(Card("Optimism", digits.signed(search.optimism), OPTIMISM))
    dummy = mean(search.scores("dummy"))
    if dummy is not None:
        beaten = score is not None and score > dummy
        more = "What no learning at all gives"
        if score is not None:
            where = "above" if beaten else "below"
            more += f"; the model is {digits.score(abs(score - dummy))} {where} it"
        tone: Tone = "plain" if beaten or score is None else "bad"
        cards.append(Card("Dummy model", digits.score(dummy), f"{more}.", tone))
    return cards


def _parity(material: Material) -> Card:
    question, verdict = "Same outputs in ONNX Runtime?", material.search.parity
    if verdict is None:
        reason = material.search.error or "The search did not get that far."
        return Card(question, "Not checked", reason, "warn")
    if not verdict.passed:
        return Card(question, "No: not released", verdict.failure or "They differ.", "bad")
    values = (
        f"the worst value differs by {percent(verdict.worst, 1)} of the tolerance"
        if verdict.worst
        else "no value differs at all"
    )
    labels = "" if material.search.task == "regression" else "labels equal on all; "
    return Card(question, "Yes", f"On {plural(verdict.rows, 'row')}: {labels}{values}.", "good")


def _settings(material: Material, winner: StoredTrial) -> list[Setting]:
    space = material.spaces.get(winner.family)
    known = space.parameters if space else {}
    defaults = [t for t in material.final if t.family == winner.family and t.origin == "default"]
    default = defaults[0].configuration if defaults else None
    return [
        Setting(
            name=name,
            value=value_text(value),
            default=None if default is None else value_text(default.get(name, "–")),
            differs=default is not None and default.get(name, "–") != value,
            searched=_searched(known.get(name)),
        )
        for name, value in winner.configuration.items()
    ]


def _searched(parameter: Parameter | None) -> str:
    return "" if parameter is None else value_text(parameter.describe(), 80)


def _doubts(material: Material, winner: StoredTrial | None) -> list[str]:
    """List what a careful reader would find out, before it is found out."""
    search = material.search
    doubts = []
    dummy = mean(search.scores("dummy"))
    if dummy is not None and search.interval is not None and search.interval[0] <= dummy:
        doubts.append("The interval includes the dummy's score: it may have learnt nothing.")
    n_outer = sum(fold != FINAL for fold in search.outer_folds)
    if search.outer_mean is not None and n_outer < FEW_FOLDS:
        doubts.append(
            f"Only {plural(n_outer, 'outer fold')}: "
            f"{'no interval can be given' if n_outer == 1 else 'the interval is wide'}; "
            f"{FEW_FOLDS} or more say more."
        )
    failed, trials = search.trials["failed"], sum(search.trials.values())
    if failed > MANY_FAILURES * trials:
        doubts.append(
            f"{failed:,} of {plural(trials, 'trial')} failed ({percent(failed, trials)}); "
            "the reasons are below."
        )
    if winner is not None:
        doubts += [*_unstable_choice(material, winner), *_ends(material, winner)]
    return doubts


def _unstable_choice(material: Material, winner: StoredTrial) -> list[str]:
    families = Counter(w.family for w in material.search.winners if w.outer_fold != FINAL)
    same, folds = families[winner.family], sum(families.values())
    if winner.origin == "dummy":
        return ["The dummy model won: nothing that was tried learnt anything."]
    if folds and same <= folds / 2:
        others = ", ".join(f"{name} in {times}" for name, times in families.most_common(4))
        return [
            f"{winner.family} was chosen for the final model, but only in {same} of "
            f"{plural(folds, 'outer fold')} ({others}): families are hard to tell apart here."
        ]
    return []


def _ends(material: Material, winner: StoredTrial) -> list[str]:
    """Parameters of the winner that lie at an end of their range: a wider one might be better."""
    space = material.spaces.get(winner.family)
    defaults = [t for t in material.final if t.family == winner.family and t.origin == "default"]
    usual = defaults[0].configuration if defaults else {}
    found = []
    for name, value in winner.configuration.items() if space else ():
        if name in usual and usual[name] == value:
            continue  # where the default lies at an end, that is mostly where the range must end
        parameter: Any = space.parameters.get(name) if space else None
        end = end_of_range(parameter, value) if parameter is not None else None
        if end:
            found.append(f"{name} = {value_text(value)} ({end} end of {parameter.describe()})")
    if not found or winner.origin == "default":
        return []
    return [f"The winner lies at the end of what was searched: {'; '.join(found)}."]
