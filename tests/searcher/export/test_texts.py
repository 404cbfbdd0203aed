"""Texts are counted and weighed alike inside the graph and outside, whatever stands in them."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from search_spaces.columns import Column
from search_spaces.families.logistic_regression import LogisticRegression
from search_spaces.transformers.texts import MAX_COUNT, WordCounts
from searcher.data import add_new_texts, encode_rows, load_dataset
from searcher.errors import DataError, ExportError
from searcher.export.artifact import export_model
from searcher.export.gate.parity import check_parity
from searcher.export.gate.probe_texts import add_probe_texts, probe_codes, probe_texts
from searcher.export.gate.probes import make_probes
from searcher.export.graph import GraphBuilder
from searcher.export.predict import predict_rows
from searcher.export.preprocessing.matrices import Block
from searcher.export.preprocessing.steps import add_step
from searcher.model import fit_model
from searcher.spec import DataSpec
from tests.searcher.export.models import Data, export, fit, probes_of, serialise

GOOD, BAD = "great lovely superb good fine nice", "awful poor bad broken late never"
OTHER = "the a it was 2 days_ago Delivery née \u212aelvin \u0130t 日本 \U0001f600 ... \t\n"


def make_texts(n=400, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    texts = []
    for label in y:
        words = [*rng.choice((GOOD if label else BAD).split(), 2), *rng.choice(OTHER.split(" "), 6)]
        texts.append(" ".join(rng.permutation(words)))
    texts[::50] = [""] * len(texts[::50])
    return texts, y


def make_data():
    """Text between a number and a category."""
    texts, y = make_texts()
    note = Column("note", "text", True, ("", *sorted({*texts} - {""})))
    known = {text: float(i) for i, text in enumerate(note.categories)}
    rng = np.random.default_rng(1)
    columns = (
        Column("size", "numeric"),
        note,
        Column("few", "categorical", categories=("", "a", "b")),
    )
    values = [rng.normal(size=len(y)), [known[text] for text in texts], rng.integers(1, 3, len(y))]
    return Data(columns, np.column_stack(values), y, ("no", "yes"), "binary")


DATA = make_data()
NOTE = DATA.columns[1]


def session_of(step):
    graph = GraphBuilder()
    text = graph.input("text", onnx.TensorProto.STRING, ["rows", 1])
    features = add_step(graph, step, Block(text, is_text=True), where="texts_0").name
    graph.output(features, onnx.TensorProto.DOUBLE, ["rows", "features"])
    proto = graph.build({})
    onnx.checker.check_model(proto, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(proto.SerializeToString(), options)


def ask(session, texts):
    return session.run(None, {"text": np.array(texts, dtype=object).reshape(-1, 1)})[0]


@pytest.mark.parametrize("words", [1, 7, 300])
@pytest.mark.parametrize("weights", ["tfidf", "counts", "binary"])
def test_features_are_bit_equal_on_texts_that_are_hard_to_read(weights, words):
    step = WordCounts(NOTE, words, weights).fit(DATA.X[:, [1]])
    longer = NOTE.with_strings(probe_texts(NOTE))
    codes = np.arange(len(longer.categories), dtype=np.float64)[:, None]

    got = ask(session_of(step), longer.categories)

    native = step.reading(longer).transform(codes)
    assert native[len(NOTE.categories) :].any()
    assert got.tobytes() == native.tobytes()


@pytest.mark.parametrize("weights", ["tfidf", "counts", "binary"])
@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["...", "\x00"], ["unheard"]])
def test_batches_without_any_word_are_answered_with_zeros(texts, weights):
    step = WordCounts(NOTE, 300, weights).fit(DATA.X[:, [1]])

    got = ask(session_of(step), texts)

    assert got.shape == (len(texts), len(step.words_))
    assert not got.any()


def test_a_fold_without_words_gives_one_feature_that_is_zero():
    step = WordCounts(NOTE).fit(np.zeros((5, 1)))

    assert ask(session_of(step), ["good", ""]).tolist() == [[0.0], [0.0]]
    assert ask(session_of(step), []).shape == (0, 1)


def test_a_word_counts_no_more_often_than_it_may():
    step = WordCounts(NOTE, 300, "counts").fit(DATA.X[:, [1]])

    got = ask(session_of(step), ["good " * (MAX_COUNT + 1), "good " * MAX_COUNT])

    assert got.max(axis=1).tolist() == [MAX_COUNT, MAX_COUNT]


def test_the_word_that_pads_each_row_is_never_one_of_the_words():
    column = Column("t", "text", categories=("", "_ __ a"))
    step = WordCounts(column, 300, "counts").fit(np.array([[1.0], [1.0]]))

    assert step.words_ == ("_", "__", "a")
    assert ask(session_of(step), ["", "_ a"]).tolist() == [[0, 0, 0], [1, 0, 1]]


def test_one_long_text_costs_its_row_only():
    step = WordCounts(NOTE, 300).fit(DATA.X[:, [1]])
    texts = ["good " * 100_000, *["bad"] * 5_000]  # padded: 500 million strings of 32 bytes

    assert np.count_nonzero(ask(session_of(step), texts)) == 5_001


@pytest.mark.parametrize(
    ("step", "block"),
    [
        ("passthrough", Block("x", is_text=True)),
        (WordCounts(NOTE), Block("x")),
    ],
)
def test_texts_go_through_word_counts_and_nothing_else_does(step, block):
    with pytest.raises(ExportError, match="takes a column of text, and only it does"):
        add_step(GraphBuilder(), step, block, where="here")


def test_operators_of_the_runtime_are_imported_only_where_there_is_text():
    with_text, without = (
        export(fit(data, "logistic_regression")) for data in (DATA, DATA.only(0, 2))
    )

    assert {o.domain: o.version for o in with_text.opset_import}["com.microsoft"] == 1
    assert "com.microsoft" not in {o.domain for o in without.opset_import}


def test_probed_texts_are_new_ones_and_found_where_they_are_said_to_be():
    (column,) = add_probe_texts([NOTE])

    probed = [column.categories[int(code)] for code in probe_codes(NOTE)]

    assert probed == probe_texts(NOTE)
    assert not {text for text in probed if "\x00" in text} & {*NOTE.categories}


@pytest.mark.slow  # in sum
@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "xgboost"])
def test_a_model_of_text_passes_on_texts_that_the_data_never_had(family):
    model = fit(DATA, family, text_words=300, text_weights="tfidf")

    verdict = check_parity(serialise(export(model)), model, probes_of(DATA))

    assert verdict.passed, verdict.failure
    rows = {probe["name"]: probe["rows"] for probe in verdict.probes}
    assert rows["texts"] == 2 * len(probe_texts(NOTE))


@pytest.mark.slow  # in sum
def test_a_file_that_weighs_one_word_differently_does_not_pass():
    model = fit(DATA, "logistic_regression", text_weights="tfidf")
    proto = export(model)
    (scan,) = [node for node in proto.graph.node if node.op_type == "Scan"]
    (idf,) = [c for c in scan.attribute[0].g.initializer if c.name.startswith("idf")]
    changed = onnx.numpy_helper.to_array(idf).copy()
    changed[0] += 1
    idf.CopyFrom(onnx.numpy_helper.from_array(changed, idf.name))

    verdict = check_parity(serialise(proto), model, probes_of(DATA))

    assert not verdict.passed
    assert "features of probe set" in verdict.failure


@pytest.mark.slow  # in sum
def test_new_texts_are_predicted_alike_from_python_and_from_the_file(tmp_path):
    model = fit(DATA, "logistic_regression", text_weights="counts")
    export_model(model, tmp_path / "m.onnx", probes=probes_of(DATA), metadata={})
    rows = {
        "size": ["0.5", "", "1", "-2"],
        "note": ["  A superb, LOVELY thing!\n ", "n/a", "never came; \x00 broken?", "日本"],
        "few": ["a", "b", "", "c"],
    }

    got = predict_rows(tmp_path / "m.onnx", rows)

    columns = add_new_texts(rows, DATA.columns)
    native = model.with_columns(columns).predict_proba(encode_rows(rows, columns))
    np.testing.assert_allclose(got.probabilities, native, rtol=1e-12)
    assert got.labels[[0, 2]].tolist() == ["yes", "no"]


def test_a_category_that_ends_in_nul_is_told_apart_from_one_that_does_not():
    column = Column("c", "categorical", categories=("", "a", "a\x00"))
    X = np.tile([[1.0], [2.0]], (200, 1))
    data = Data((column,), X, (X[:, 0] > 1) * 1, ("no", "yes"), "binary")
    model = fit(data, "logistic_regression")

    verdict = check_parity(serialise(export(model)), model, probes_of(data))

    assert verdict.passed, verdict.failure


def test_half_a_character_is_refused_with_its_row(tmp_path):
    model = fit(DATA, "logistic_regression")
    export_model(model, tmp_path / "m.onnx", probes=probes_of(DATA), metadata={})
    rows = {"size": [1, 2], "note": ["good", "bad \ud83d"], "few": ["a", "b"]}

    with pytest.raises(DataError, match=r"column 'note', row 2: .*lone surrogate"):
        predict_rows(tmp_path / "m.onnx", rows)


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("weights", ["tfidf", "counts", "binary"])
def test_messages_are_exported_and_predicted_from_their_file(shared_data, tmp_path, weights):
    dataset = load_dataset(DataSpec(path="sms_spam.csv.gz", target="label"), base=shared_data)
    configuration = LogisticRegression().default(dataset.profile)
    rows = np.random.default_rng(0).permutation(dataset.n_samples)
    train, others = rows[:1000], rows[1000:]
    model = fit_model(
        LogisticRegression(), {**configuration, "text_words": 1000, "text_weights": weights},
        dataset.X[train], dataset.y[train], profile=dataset.profile, target=dataset.target,
        classes=dataset.classes, seed=0, cpus=1,
    )  # fmt: skip
    probes = make_probes(dataset.columns, dataset.X[train], seed=0, held_out=dataset.X[others])

    file, verdict = export_model(model, tmp_path / "m.onnx", probes=probes, metadata={})
    got = predict_rows(tmp_path / "m.onnx", shared_data / "sms_spam.csv.gz")

    assert verdict.passed
    assert file.size_bytes < 200_000  # words, not messages
    facts = {entry.key: entry.value for entry in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert json.loads(facts["columns"]) == [{"name": "text", "kind": "text", "input": "text"}]
    np.testing.assert_array_equal(got.labels, np.array(dataset.classes)[model.predict(dataset.X)])
    right = got.labels == np.array(dataset.classes)[dataset.y]
    assert right[others].mean() > 0.92  # 0.87 are ham
