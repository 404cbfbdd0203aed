"""What each family's trials tried: the common ground of the plots of parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.parameters import Parameter
from searcher.report.compared import Compared
from searcher.report.material import Material
from searcher.report.spaces import parameters_of, varying
from searcher.store import StoredTrial


@dataclass(frozen=True, slots=True, eq=False)
class Varied:
    """One family's trials, and the parameters that varied among them."""

    family: str
    trials: list[StoredTrial]
    parameters: Mapping[str, Parameter]


def varied(compared: Compared, material: Material) -> list[Varied]:
    """Families of the trials that compare: the winner's first, then by their best trial."""
    winner = material.winner_of(material.shown_fold)
    chosen = {trial.family for trial in material.shown if trial.trial_id == winner}
    found = []
    for family in sorted(compared.families, key=lambda family: family not in chosen):
        trials = [trial for trial in compared.trials if trial.family == family]
        parameters = parameters_of(trials, material.spaces.get(family))
        names = varying(trials, parameters)
        found.append(Varied(family, trials, {name: parameters[name] for name in names}))
    return found
