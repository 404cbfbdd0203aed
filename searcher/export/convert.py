"""How a fitted model becomes one ONNX graph, from raw columns to labels."""

from collections.abc import Mapping

import numpy as np
import onnx
from google.protobuf.message import EncodeError
from onnx import TensorProto

from searcher.errors import ExportError
from searcher.export.columns import FEATURES, OUTPUTS, ROWS
from searcher.export.estimators import Emitter, Predicted, add_estimator
from searcher.export.graph import GraphBuilder
from searcher.export.metadata import describe
from searcher.export.preprocessing import add_features
from searcher.model import FittedModel


def to_onnx(
    model: FittedModel, *, metadata: Mapping[str, str], write: Emitter = add_estimator
) -> onnx.ModelProto:
    """Translate a model; the same model and metadata give the same bytes.

    Inputs: one tensor (rows, 1) for each raw column: string for a categorical one ("" is
    missing), else double (NaN is missing; a boolean is 0 or 1, a date days since 1970-01-01);
    where rows are images or sequences, one double tensor of that name (rows, *sizes).
    Outputs: ``label`` (rows,), string or int64 as the classes are, and ``probabilities``
    (rows, n_classes), double, in the order of ``model.classes``; or ``prediction`` (rows,), double;
    or, for clusters, ``label`` (rows,), int64, alone.

    Parameters
    ----------
    write
        Adds the estimator; see ``repairs`` for other ways than ours.

    Raises
    ------
    ExportError
        If a preprocessing step or the estimator can't be translated.
    """
    graph = GraphBuilder(reserved=(*OUTPUTS, FEATURES))
    features = add_features(graph, model.profile, model.preprocessing, dtype=model.dtype)
    predicted = write(graph, model, features)
    if model.classes:
        _add_classes(graph, model, predicted)
    elif model.profile.task == "clustering":
        graph.add("Identity", predicted.codes, name="label")
        graph.output("label", TensorProto.INT64, [ROWS])
    else:
        graph.add("Cast", predicted.values, to=TensorProto.DOUBLE, name="prediction")
        graph.output("prediction", TensorProto.DOUBLE, [ROWS])
    return graph.build(describe(model, metadata))


def serialise(proto: onnx.ModelProto) -> bytes:
    """Return the file's bytes.

    Raises
    ------
    ExportError
        If the model is larger than one protobuf message may be (2 GiB).
    """
    try:
        data: bytes = proto.SerializeToString(deterministic=True)
    except (ValueError, EncodeError) as error:
        raise ExportError(f"the model can't be written as one ONNX file: {error}") from error
    return data


def _add_classes(graph: GraphBuilder, model: FittedModel, predicted: Predicted) -> None:
    texts = all(isinstance(name, str) for name in model.classes)
    if not texts and not all(isinstance(name, int) for name in model.classes):
        raise ExportError(f"classes must be all text or all whole numbers, not {model.classes}")
    names = graph.constant(np.array(model.classes, dtype=object if texts else np.int64), "classes")
    graph.add("Gather", names, predicted.codes, axis=0, name="label")
    graph.output("label", TensorProto.STRING if texts else TensorProto.INT64, [ROWS])
    graph.add("Cast", predicted.probabilities, to=TensorProto.DOUBLE, name="probabilities")
    graph.output("probabilities", TensorProto.DOUBLE, [ROWS, len(model.classes)])
