"""Whether an ONNX file computes what the fitted model computes."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from searcher.export.columns import ROWS, inputs_of, shape_of
from searcher.export.estimators import EMITTERS, key_of
from searcher.export.gate.bounds import TOLERANCE, bound_of
from searcher.export.gate.compare import Tally
from searcher.export.gate.halves import from_features, until_features
from searcher.export.gate.library_dumps import parts
from searcher.export.gate.native import Truth, tell_truth
from searcher.export.gate.run_onnx import MANY_ROWS
from searcher.export.gate.runtime import Files, Limits, Runner, RuntimeFailure, ask_runtime
from searcher.export.gate.structure import compare_structure
from searcher.export.networks.fitted import is_network
from searcher.model import FittedModel
from searcher.records import ParityVerdict

TIMEOUT_S = 600.0
MEMORY_BYTES = 8 * 2**30

BAD_FILE = (
    DecodeError,
    onnx.checker.ValidationError,
    onnx.shape_inference.InferenceError,
    RuntimeFailure,
    ValueError,
)

FEWEST_AT_ONCE, PAIRS_AT_ONCE = 1_000, 20_000_000
"""Rows of a network's large batch, and of all these rows the pairs of columns: attention between
the columns holds a number for each pair and head, convolutions hold many for each column."""

CONVERTED = "nothing: the estimator was written by a converter"


def check_parity(
    model_bytes: bytes,
    model: FittedModel,
    probes: Mapping[str, NDArray[np.float64]],
    *,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
) -> ParityVerdict:
    """Compare an ONNX file with the model in every way there is; a bad file is a verdict, no error.

    Parameters
    ----------
    probes : mapping of name to array of shape (n_rows, n_columns)
        From ``probes.make_probes``; more are made from what the model holds.
    seed
        Of those that are made.
    timeout_s, memory_bytes
        Limits of the subprocess that runs ONNX Runtime (address space, where the system limits it).
    """
    started = time.perf_counter()
    try:
        truth = tell_truth(model, probes, seed=seed)
    except ValueError as error:
        return no_truth(error)
    limits = Limits(timeout_s=timeout_s, memory_bytes=memory_bytes)
    is_ours = key_of(model.estimator) in EMITTERS
    return hold_to(truth, model_bytes, limits=limits, is_ours=is_ours, started=started)


def no_truth(error: ValueError) -> ParityVerdict:
    """Return the verdict on a model that itself refuses rows of the data."""
    tally = Tally(names=(), rtol=TOLERANCE, atol=TOLERANCE, bound=TOLERANCE)
    tally.fail(f"the model refuses rows of the data: {error}")
    return tally.verdict(0.0)


def hold_to(
    truth: Truth,
    model_bytes: bytes,
    *,
    limits: Limits,
    is_ours: bool = True,
    started: float | None = None,
    quick: bool = False,
    structure: bool = True,
    runner: Runner | None = None,
) -> ParityVerdict:
    """Compare a file with what its model has said.

    Equal have to be: inputs and outputs by name, type and shape; the estimator's features, bit by
    bit; every label; every probability or value within ``1e-5 + 1e-5 * |model's value|``, or closer
    where the estimator's own bound is; the thresholds, leaves and coefficients.

    Parameters
    ----------
    is_ours
        False for a file of a converter: the estimator's own bound is not asked of it, nor that it
        holds the model's numbers as they are.
    quick, structure, runner
        For mutation testing: ask in one way only; do not look at the file's constants; ask another
        process.
    """
    started = time.perf_counter() if started is None else started
    model = truth.model
    names = tuple(column.name for column in model.profile.columns)
    bound = bound_of(model.estimator) if is_ours else TOLERANCE
    tally = Tally(names=names, rtol=TOLERANCE, atol=TOLERANCE, bound=bound, may_narrow=not is_ours)
    if truth.doubt:
        tally.fail(truth.doubt)
    try:
        proto = onnx.load_from_string(model_bytes)
        if truth.asked:
            files = Files(model_bytes, until_features(proto, model), from_features(proto, model))
            _compare(
                tally, truth, files, is_ours=is_ours, limits=limits, quick=quick, runner=runner
            )
        if not is_ours:
            tally.structure = CONVERTED
        elif structure:
            said = compare_structure(proto, model.estimator, model.preprocessing, model.classes)
            tally.look_at(said)
    except BAD_FILE as error:
        tally.fail(str(error))
    for probe in truth.skipped:
        tally.skip(probe)
    return tally.verdict(time.perf_counter() - started)


def _compare(
    tally: Tally,
    truth: Truth,
    files: Files,
    *,
    is_ours: bool,
    limits: Limits,
    quick: bool,
    runner: Runner | None,
) -> None:
    most_rows = _large_batch(truth.model)
    answers = ask_runtime(
        files, truth.asked, limits=limits, quick=quick, runner=runner, most_rows=most_rows
    )
    for key, wanted in _signature(truth.model).items():
        if answers.signature[key] != wanted:
            tally.fail(f"the {key} are {answers.signature[key]} and should be {wanted}")
    for probe, answer in zip(truth.asked, answers.by_probe, strict=True):
        tally.add(probe, answer)
    if not quick:
        tally.add_no_rows(truth.asked[0], answers.no_rows, may_refuse=not is_ours)


def _large_batch(model: FittedModel) -> int:
    """Return how many rows are asked about at once."""
    if not any(map(is_network, parts(model.estimator))):
        return MANY_ROWS
    return min(MANY_ROWS, max(FEWEST_AT_ONCE, PAIRS_AT_ONCE // len(model.profile.columns) ** 2))


def _signature(model: FittedModel) -> dict[str, list[Any]]:
    """Return what ONNX Runtime should say of inputs and outputs: name, type, shape."""
    columns, shape = model.profile.columns, shape_of(model.profile)
    inputs = [
        [name, "tensor(string)" if column.is_coded else "tensor(double)", [ROWS, 1]]
        for name, column in zip(inputs_of(model.profile), columns, strict=True)
    ]
    if shape is not None:
        inputs = [[shape.kind, "tensor(double)", [ROWS, *shape.sizes]]]
    if model.profile.task == "clustering":
        return {"inputs": inputs, "outputs": [["label", "tensor(int64)", [ROWS]]]}
    if not model.classes:
        return {"inputs": inputs, "outputs": [["prediction", "tensor(double)", [ROWS]]]}
    label = "tensor(string)" if isinstance(model.classes[0], str) else "tensor(int64)"
    whole = [ROWS, len(model.classes)]
    outputs = [["label", label, [ROWS]], ["probabilities", "tensor(double)", whole]]
    return {"inputs": inputs, "outputs": outputs}
