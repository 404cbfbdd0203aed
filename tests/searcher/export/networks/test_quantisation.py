"""A file of 8-bit weights is held to the released one, and told from it."""

import pickle

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from searcher.export.convert import serialise
from searcher.export.eight_bits import quantise
from searcher.export.quantisation import (
    OuterFold,
    QuantisationError,
    check_quantised,
    export_quantised,
)

pytestmark = pytest.mark.slow


def broken(file):
    """The file with the sign of every 8-bit weight turned."""
    proto = onnx.load_from_string(file)
    for tensor in proto.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.int8 and array.ndim:
            tensor.CopyFrom(numpy_helper.from_array(-array, tensor.name))
    return serialise(proto)


def halves_of(exported, X=None, y=None):
    """Two parts of the rows as if they were outer folds."""
    X, y = (exported.data.X, exported.data.y) if X is None else (X, y)
    return [OuterFold(exported.model, exported.file, X[i::2], y[i::2]) for i in range(2)]


def test_a_smaller_file_that_answers_nearly_alike_is_written(exported, tmp_path):
    released, path = tmp_path / "model.onnx", tmp_path / "model.int8.onnx"
    released.write_bytes(exported.file)

    file, verdict = export_quantised(
        released, path, exported.model, exported.data.X, outer=halves_of(exported)
    )

    assert verdict.passed
    assert verdict.rows == len(exported.data.X)
    assert file.size_bytes == path.stat().st_size == verdict.size_bytes
    assert verdict.size_bytes < 0.5 * verdict.released_size_bytes == 0.5 * len(exported.file)
    assert verdict.off > 0  # it is no parity
    assert [fold.rows for fold in verdict.outer] == [200, 200]
    assert verdict.fall <= verdict.noise
    released_scores = [fold.released for fold in verdict.outer]
    assert verdict.noise == pytest.approx(abs(released_scores[0] - released_scores[1]) / 2)
    assert len(verdict.latency.onnx_ms) == len(verdict.released_latency.onnx_ms) == 3
    assert (verdict.agreement is None) == (exported.data.task == "regression")


def test_a_file_that_is_too_far_off_does_not_pass(exported):
    file = broken(quantise(exported.file))

    verdict = check_quantised(
        file, exported.file, exported.model, exported.data.X, outer=halves_of(exported)
    )

    assert not verdict.passed
    assert "have to be" in verdict.failure or "is allowed" in verdict.failure


@pytest.mark.parametrize("exported", ["regression"], indirect=True)
def test_scores_that_fall_by_more_than_their_noise_let_no_file_be_written(exported, tmp_path):
    released, path = tmp_path / "model.onnx", tmp_path / "model.int8.onnx"
    released.write_bytes(exported.file)
    path.write_bytes(b"older")
    X = exported.data.X
    outer = halves_of(exported, X, exported.model.predict(X))  # the released file is never wrong

    with pytest.raises(QuantisationError, match="not released: the mean outer score f") as caught:
        export_quantised(released, path, exported.model, X, outer=outer)

    assert caught.value.verdict.fall > caught.value.verdict.noise
    assert path.read_bytes() == b"older"
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert copy.verdict == caught.value.verdict


def test_a_file_that_is_no_smaller_does_not_pass(exported):
    verdict = check_quantised(
        exported.file, exported.file, exported.model, exported.data.X, outer=halves_of(exported)
    )

    assert not verdict.passed
    assert verdict.off == 0
    assert "bytes, the released file" in verdict.failure


def test_no_rows_and_a_single_fold_are_refused(exported):
    file, model, X = exported.file, exported.model, exported.data.X

    with pytest.raises(ValueError, match="2 outer folds at least"):
        check_quantised(file, file, model, X, outer=halves_of(exported)[:1])
    with pytest.raises(ValueError, match="rows"):
        check_quantised(file, file, model, X[:0], outer=halves_of(exported))
