"""Families as users write them, of which some can't be exported; each fault has its own name."""

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, SplineTransformer, StandardScaler

from search_spaces.columns import Profile, Task
from search_spaces.families.base import Resource
from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.preprocessing import preprocessing_space
from search_spaces.space import Condition, Configuration, Space

STEPS = {
    "standard": StandardScaler,
    "knn_imputer": KNNImputer,
    "spline": SplineTransformer,
    "quantile": partial(QuantileTransformer, n_quantiles=20, output_distribution="normal"),
    "slow": QuantileTransformer,  # its converter takes minutes
}


class Own:
    """What the families here have in common."""

    name: ClassVar[str] = "own"
    tasks: ClassVar[frozenset[Task]] = frozenset({"binary"})
    resource: ClassVar[Resource] = "inner_folds"
    dtype: ClassVar[Literal["float32", "float64"]] = "float64"
    step: ClassVar[tuple[str, ...]] = ("standard",)

    def space(self, profile: Profile) -> Space:
        return Space(
            parameters={
                **preprocessing_space(profile, scale=("none",), encode=("ordinal",)).parameters,
                "step": Categorical(choices=self.step),
            }
        )

    def default(self, profile: Profile) -> Configuration:
        return self.space(profile).walk(lambda _, parameter: parameter.nearest(None))

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        return make_pipeline(STEPS[configuration["step"]](), LogisticRegression())


class Steps(Own):
    """A choice of steps before a linear model: the first can be exported."""

    step = ("standard", "knn_imputer", "spline", "quantile")


class Slow(Own):
    """A step whose conversion takes longer than anybody waits."""

    step = ("standard", "slow")


class SplineFirst(Own):
    """The same, and the default is what can't be exported."""

    step = ("spline", "standard", "quantile")


class Boosters(Own):
    """Kinds of boosters, by the libraries' own converters or ours."""

    dtype = "float32"
    step = ("gbtree", "gblinear", "linear_tree")

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        from lightgbm import LGBMClassifier
        from xgboost import XGBClassifier

        if configuration["step"] == "linear_tree":
            return LGBMClassifier(n_estimators=5, linear_tree=True, verbose=-1, random_state=seed)
        return XGBClassifier(n_estimators=5, booster=configuration["step"], random_state=seed)


class Majority(ClassifierMixin, BaseEstimator):
    """An estimator that no converter knows."""

    def fit(self, X: Any, y: Any) -> "Majority":
        self.classes_, self.shares_ = np.unique(y), np.bincount(y) / len(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.shares_.argmax())

    def predict_proba(self, X: Any) -> Any:
        return np.tile(self.shares_, (len(X), 1))


class Unknown(Own):
    """No value of any parameter can be exported."""

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        return Majority()


class Sharpened(LogisticRegression):
    """A linear model that sharpens its probabilities."""

    def predict_proba(self, X: Any) -> Any:
        squares = np.square(super().predict_proba(X))
        return squares / squares.sum(axis=1, keepdims=True)


def register_wrong_converter() -> None:
    """Tell skl2onnx to convert ``Sharpened`` as its parent, as a hasty user would."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common import shape_calculator
    from skl2onnx.operator_converters import linear_classifier

    update_registered_converter(
        Sharpened,
        "TestsSharpened",
        shape_calculator.calculate_linear_classifier_output_shapes,
        linear_classifier.convert_sklearn_linear_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
            "raw_scores": [True, False],
        },
    )


class Wrong(Own):
    """A choice whose conversion succeeds and computes something else."""

    step = ("plain", "sharpened")

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        if configuration["step"] == "plain":
            return LogisticRegression()
        register_wrong_converter()
        return Sharpened()


class Nested(Own):
    """Choices that apply only beside others; whole numbers small and large; numbers as choices."""

    def space(self, profile: Profile) -> Space:
        return Space(
            parameters={
                "kind": Categorical(choices=("linear", "forest")),
                "n_estimators": Integer(low=5, high=500),
                "depth": Categorical(choices=("unlimited", "limited")),
                "max_depth": Integer(low=2, high=9),
                "C": Float(low=0.1, high=10.0),
                "alpha": Categorical(choices=(0.0, 0.1, 1.0, 10.0)),
            },
            conditions={
                "n_estimators": (Condition(parameter="kind", values=("forest",)),),
                "depth": (Condition(parameter="kind", values=("forest",)),),
                "max_depth": (Condition(parameter="depth", values=("limited",)),),
                "C": (Condition(parameter="kind", values=("linear",)),),
            },
        )

    def default(self, profile: Profile) -> Configuration:
        return {"kind": "linear", "C": 1.0, "alpha": 0.1}

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        if configuration["kind"] == "linear":
            return LogisticRegression(C=configuration["C"])
        return RandomForestClassifier(n_estimators=5, random_state=seed)


class Unfitted(Own):
    """A choice that a few rows do not suffice for."""

    step = ("plain", "fails")

    def build(self, configuration: Configuration, profile: Profile, *, seed: int, cpus: int) -> Any:
        return LogisticRegression(C=1.0 if configuration["step"] == "plain" else -1.0)
