"""Which steps of preprocessing can be written as nodes, by the name of their class."""

from typing import Any

from searcher.errors import ExportError
from searcher.export.graph import GraphBuilder
from searcher.export.preprocessing.dates import date_parts
from searcher.export.preprocessing.encoders import one_hot, table
from searcher.export.preprocessing.matrices import Block, Step
from searcher.export.preprocessing.piecewise import piecewise_linear
from searcher.export.preprocessing.quantities import (
    identity,
    impute,
    indicators,
    minmax,
    products,
    projection,
    robust,
    standard,
)
from searcher.export.preprocessing.texts import word_counts


def add_step(graph: GraphBuilder, step: Any, block: Block, *, where: str) -> Block:
    """Add the nodes of one fitted step.

    Raises
    ------
    ExportError
        If it is none of ``STEPS``, or set up in a way that can't be computed exactly.
    """
    kind = "passthrough" if isinstance(step, str) else type(step).__name__
    if kind not in STEPS:
        raise ExportError(
            f"preprocessing step {kind} ({where!r}) can't be exported; "
            f"exact ones are: {', '.join(sorted(STEPS))}"
        )
    if block.is_text != (kind == "WordCounts"):
        raise ExportError(
            f"{kind} ({where!r}): WordCounts takes a column of text, and only it does"
        )
    return STEPS[kind](graph, step, block)


def _pipeline(graph: GraphBuilder, step: Any, block: Block) -> Block:
    for name, part in step.steps:
        block = add_step(graph, part, block, where=name)
    return block


STEPS: dict[str, Step] = {
    "passthrough": identity,
    "FunctionTransformer": identity,
    "Pipeline": _pipeline,
    "SimpleImputer": impute,
    "Imputer": impute,
    "MissingIndicator": indicators,
    "StandardScaler": standard,
    "RobustScaler": robust,
    "MinMaxScaler": minmax,
    "PiecewiseLinear": piecewise_linear,
    "DateParts": date_parts,
    "Products": products,
    "OneHotEncoder": one_hot,
    "OrdinalEncoder": table,
    "TargetEncoder": table,
    "TargetMeans": table,
    "Projection": projection,
    "WordCounts": word_counts,
}
