"""What a user may ask for as a whole: the model behind YAML file, Python call and stored JSON."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from searcher.errors import SpecError
from searcher.metrics import AUTO, check_metric_name
from searcher.plugins import check_plugin_name
from searcher.spec.models import BudgetSpec, DataSpec, HardwareSpec, ValidationSpec
from searcher.spec.settings import Names, Settings, problem, problems
from searcher.spec.strategy import Strategy, default_strategy, read_strategy

MAX_SEED = 2**32 - 1  # what NumPy, Optuna and XGBoost all take

Path = tuple[str | int, ...]
Problem = tuple[Path, str, Any]  # where, what is wrong, what was found


def _as_mapping(value: Any) -> Any:
    """Write a list of families as the mapping it stands for."""
    if value is None or isinstance(value, Mapping):
        return value
    if not isinstance(value, list | tuple):
        raise problem("must be a list of names, or a mapping from name to changes of its space")
    wrong: list[Problem] = []
    for i, name in enumerate(value):
        if not isinstance(name, str):
            message = "must be a family's name; to change its space write families as a mapping"
            wrong.append(((i,), message, name))
        elif name in value[:i]:
            wrong.append(((i,), "is there twice", name))
        else:
            wrong.extend(_unknown_family((i,), name))
    if wrong:
        raise problems("families", wrong)
    return dict.fromkeys(value)


def _unknown_family(path: Path, name: str) -> list[Problem]:
    try:
        check_plugin_name("family", name)
    except SpecError as error:
        return [(path, str(error), name)]
    return []


Families = Annotated[
    dict[str, dict[str, Any] | None] | None,
    BeforeValidator(_as_mapping),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
                {"type": "null"},
            ]
        }
    ),
]
AnyStrategy = Annotated[
    SerializeAsAny[Strategy],
    BeforeValidator(read_strategy),
    WithJsonSchema(
        {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}
    ),
]


class Spec(Settings):
    """One search, completely described."""

    name: str = Field(
        min_length=1, max_length=100, description="what to call the search", examples=["churn"]
    )
    data: DataSpec = Field(
        description="rows and target", examples=[{"path": "churn.csv", "target": "Churn"}]
    )
    metric: Names = Field(
        (AUTO,),
        min_length=1,
        description="scikit-learn scorer, or a list: the first is optimised, all are recorded; "
        "auto: roc_auc, balanced_accuracy or neg_root_mean_squared_error",
        examples=["roc_auc", ["roc_auc", "neg_log_loss"]],
    )
    families: Families = Field(
        None,
        description="families to search, or a mapping from family to changes of its space; "
        "null: logistic_regression or ridge, random_forest and xgboost",
        examples=[["ridge", "xgboost"], {"xgboost": {"max_depth": {"high": 4}}}],
    )
    strategy: AnyStrategy = Field(
        default_factory=default_strategy,
        description="what to try next: `kind` and the settings of that kind",
        examples=[{"kind": "asha", "searcher": "tpe"}],
    )
    validation: ValidationSpec = Field(
        default_factory=ValidationSpec, description="folds", examples=[{"outer": 5, "inner": 4}]
    )
    budget: BudgetSpec = Field(
        default_factory=BudgetSpec, description="limits", examples=[{"trials": 60, "time_s": 900}]
    )
    hardware: HardwareSpec = Field(
        default_factory=HardwareSpec, description="what a trial gets", examples=[{"cpus": 2}]
    )
    licence: str | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="licence of the released model, for its card; null: not stated",
        examples=["CC-BY-4.0"],
    )
    seed: int = Field(
        ge=0, le=MAX_SEED, description="where all randomness comes from", examples=[7]
    )

    @field_validator("name")
    @classmethod
    def _name_is_printable(cls, name: str) -> str:
        if not name.isprintable() or name != name.strip():
            raise problem("must be one line of printable text without blanks around it")
        return name

    @field_validator("metric")
    @classmethod
    def _metrics_exist(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        wrong: list[Problem] = []
        for i, name in enumerate(metrics):
            path = (i,) if len(metrics) > 1 else ()
            try:
                check_metric_name(name)
            except SpecError as error:
                wrong.append((path, str(error), name))
            if name in metrics[:i]:
                wrong.append((path, "is there twice", name))
        if wrong:
            raise problems("metric", wrong)
        return metrics

    @field_validator("families")
    @classmethod
    def _families_exist(
        cls, families: dict[str, dict[str, Any] | None] | None
    ) -> dict[str, dict[str, Any] | None] | None:
        if families is None:
            return None
        if not families:
            raise problem("names no family; leave it out to search every one that fits")
        wrong: list[Problem] = []
        for name, changes in families.items():
            wrong += [*_unknown_family((name,), name), *_unreadable((name,), changes)]
        if wrong:
            raise problems("families", wrong)
        return families

    @model_validator(mode="after")
    def _parts_fit_together(self) -> "Spec":
        wrong = [*_wrong_splitter(self.data, self.validation), *_wrong_classes(self.data)]
        if wrong:
            raise problems("Spec", wrong)
        return self


def _unreadable(path: Path, value: Any) -> list[Problem]:
    """Whatever in the changes of a space JSON can't say."""
    if isinstance(value, Mapping):
        keys = [
            ((*path, str(key)), "a name must be text", key)
            for key in value
            if not isinstance(key, str)
        ]
        return keys + [
            found for key, part in value.items() for found in _unreadable((*path, str(key)), part)
        ]
    if isinstance(value, list | tuple):
        return [found for i, part in enumerate(value) for found in _unreadable((*path, i), part)]
    if isinstance(value, float) and not math.isfinite(value):
        return [(path, "must be finite", value)]
    if value is None or isinstance(value, str | int | float):
        return []
    return [(path, "must be text, a number, true, false, a list or a mapping", value)]


def _wrong_splitter(data: DataSpec, validation: ValidationSpec) -> list[Problem]:
    splitter, path = validation.splitter, ("validation", "splitter")
    if splitter == "auto" and data.groups and data.time:
        return [(path, "must be group or time: data names columns for both", splitter)]
    if splitter == "group" and not data.groups:
        return [(path, "needs data.groups, the column whose values stay together", splitter)]
    if splitter == "time" and not data.time:
        return [(path, "needs data.time, the column that orders the rows", splitter)]
    if splitter in ("stratified", "kfold") and (data.groups or data.time):
        role = "groups" if data.groups else "time"
        allowed = "group" if data.groups else "time"
        message = f"would tear apart what data.{role} keeps together; use {allowed}, or remove it"
        return [(path, message, splitter)]
    if validation.repeats > 1 and data.time and splitter in ("auto", "time"):
        message = (
            "must be 1 for the time splitter: time can't be shuffled, all repeats are the same"
        )
        return [(("validation", "repeats"), message, validation.repeats)]
    return []


def _wrong_classes(data: DataSpec) -> list[Problem]:
    wrong: list[Problem] = []
    if data.target is not None and data.task == "clustering":
        message = "clustering has no target; a column that is no feature goes into data.drop"
        wrong.append((("data", "target"), message, data.target))
    if data.positive is not None and data.task in ("multiclass", "regression", "clustering"):
        message = f"only a binary task has a positive class, and data.task is {data.task}"
        wrong.append((("data", "positive"), message, data.positive))
    if data.drop_classes and data.task in ("regression", "clustering"):
        message = f"a {data.task} has no classes; data.task is {data.task}"
        wrong.append((("data", "drop_classes"), message, data.drop_classes))
    return wrong
