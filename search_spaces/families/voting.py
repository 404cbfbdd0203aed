"""The mean of what several models say."""

from typing import Any, ClassVar, Literal

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.families.members import (
    COMMON,
    build_members,
    combinations,
    common_preprocessing,
)
from search_spaces.space import Configuration, Space


class Voting:
    """Mean of the members' probabilities or values, scikit-learn's ``VotingClassifier`` (soft).

    Which families take part is all there is to try: each is built as its own default says.
    A vote of labels (hard) would leave ties to the order of the classes.
    """

    name: ClassVar[str] = "voting"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary", "multiclass", "regression"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"

    def space(self, profile: Profile) -> Space:
        """Preprocessing and who takes part."""
        preprocessing = common_preprocessing(profile)
        return Space(
            parameters={**preprocessing.parameters, "members": combinations(profile)},
            conditions=preprocessing.conditions,
        )

    def default(self, profile: Profile) -> Configuration:
        """Join a linear model, a forest and a booster."""
        return self.space(profile).nearest(COMMON)

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        """Untrained ``VotingClassifier`` or ``VotingRegressor``."""
        from sklearn.ensemble import VotingClassifier, VotingRegressor

        members = build_members(configuration["members"], profile, seed=seed, cpus=cpus)
        if profile.task == "regression":
            return VotingRegressor(members)
        return VotingClassifier(members, voting="soft")
