"""How a file decides between classes that are equally probable, where no row of floats can show it.

A score of a linear model or a booster is next to never exactly 0, so answers do not tell ``>`` from
``>=``. The libraries' own rules are stated here, and looked for in front of the label.
"""

from typing import Any

import onnx
from onnx import numpy_helper

from searcher.export.estimators import key_of
from searcher.export.gate.library_dumps import members

ABOVE = {
    # scikit-learn 1.9: linear_model/_base.py ``predict``, hist_gradient_boosting.py ``predict``
    "sklearn.LogisticRegression": ("Greater", 0.0),
    "sklearn.HistGradientBoostingClassifier": ("Greater", 0.0),
    # ensemble/_gb.py ``predict``: ``raw_predictions >= 0``
    "sklearn.GradientBoostingClassifier": ("GreaterOrEqual", 0.0),
    # xgboost/sklearn.py ``predict``: ``class_probs > 0.5``
    "xgboost.XGBClassifier": ("Greater", 0.5),
}
"""When the second of two classes is chosen: which comparison with which number has to hold."""

PASSES_ON = ("Gather", "Reshape", "Squeeze", "Cast", "Identity")


def wrong_tie(graph: onnx.GraphProto, estimator: Any) -> str | None:
    """Name a node that decides ties otherwise than the library, in words."""
    for node in graph.node:
        last = any(a.name == "select_last_index" and a.i for a in node.attribute)
        if node.op_type in {"ArgMax", "ArgMin"} and last:
            return f"{node.op_type} {node.name!r} takes the last of equal ones in the file"
    # of a stack the last estimator labels, whatever its members say
    parts = members(getattr(estimator, "final_estimator_", estimator))
    wanted = ABOVE.get(key_of(parts[0])) if len(parts) == 1 else None
    found = _comparison(graph)
    if wanted is None or found is None:
        return None
    comparison, bound = wanted
    if found.op_type != comparison:
        return f"{found.name!r} is {found.op_type} in the file, {comparison} in the library"
    bounds = [numpy_helper.to_array(t) for t in graph.initializer if t.name == found.input[1]]
    if any(value.tolist() not in (bound, [bound]) for value in bounds):
        return (
            f"{found.name!r} compares with {bounds[0].tolist()} in the file, {bound} in the library"
        )
    return None


def _comparison(graph: onnx.GraphProto) -> onnx.NodeProto | None:
    """Walk back from the label to the comparison that it comes from, if it is one."""
    makers = {name: node for node in graph.node for name in node.output}
    node = makers.get("label")
    while node is not None and node.op_type in PASSES_ON:
        # the codes are what a table of names is asked for; of all others the first input counts
        codes = node.input[1] if node.op_type == "Gather" else node.input[0]
        node = makers.get(codes)
    return node if node is not None and node.op_type.startswith(("Greater", "Less")) else None
