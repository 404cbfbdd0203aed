"""How a column of text becomes features in the graph: ``WordCounts``, word by word.

Each row is a step of ``Scan``: ``Tokenizer`` pads the rows of a batch to the longest, so that one
long text among thousands of short ones would take gigabytes. ONNX Runtime (1.31.1) refuses or
crashes on some empty tensors, so the scan gets one row more, and each row one word more, which is
none of the words.
"""

from typing import Any

import numpy as np
from onnx import TensorProto

from search_spaces.columns import MISSING_CATEGORY, WORD
from search_spaces.transformers.texts import MAX_COUNT
from searcher.export.graph import CONTRIB_DOMAIN, GraphBuilder
from searcher.export.preprocessing.matrices import Block, positions

DOUBLE = TensorProto.DOUBLE

LOCALE = "C"
"""Always there, unlike the default, en_US; all it has to do is lower-case ASCII letters."""


def word_counts(graph: GraphBuilder, step: Any, block: Block) -> Block:
    """Weigh the words of texts, a string tensor (rows, 1): (rows, n_features), float64."""
    if not step.words_:
        shape = graph.add("Shape", block.name)
        return block.step(graph.add("ConstantOfShape", shape, value=np.zeros(1)))
    more = graph.constant(np.array([[MISSING_CATEGORY]], dtype=object), "one_more")
    scanned = graph.add(
        "Scan",
        graph.add("Concat", block.name, more, axis=0),
        body=_body(graph, step),
        num_scan_inputs=1,
    )
    start, end = positions(graph, [0], "start"), positions(graph, [-1], "end")
    return block.step(graph.add("Slice", scanned, start, end))


def _body(graph: GraphBuilder, step: Any) -> Any:
    """From one text (1,) to its features (n_words,)."""
    body = graph.inner()
    text = body.input(graph.unique("text"), TensorProto.STRING, [1])
    counts = _count(body, text, step.words_)
    if step.weights == "tfidf":
        features = _normalise(body, body.add("Mul", counts, body.constant(step.idf_, "idf")))
    elif step.weights == "binary":
        features = body.add("Cast", body.add("Cast", counts, to=TensorProto.BOOL), to=DOUBLE)
    else:
        features = body.add("Cast", counts, to=DOUBLE)
    body.output(features, DOUBLE, [len(step.words_)])
    return body.body()


def _count(body: GraphBuilder, text: str, words: tuple[str, ...]) -> str:
    """Count the words: (n_words,), int64."""
    texts = body.add("Concat", text, body.constant(_other_than(words), "other"), axis=0)
    tokens = body.add(
        "Tokenizer",
        texts,
        domain=CONTRIB_DOMAIN,
        mark=0,
        mincharnum=1,
        pad_value="",
        tokenexp=WORD,
    )
    # a Gather or Slice of the first row would do, but Gather loses strings (ONNX Runtime 1.31.1)
    flat = body.add("Reshape", tokens, positions(body, [-1], "flat"))
    lowered = body.add(
        "StringNormalizer", flat, case_change_action="LOWER", is_case_sensitive=1, locale=LOCALE
    )
    counts = body.add(
        "TfIdfVectorizer",
        lowered,
        mode="TF",
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=list(range(len(words))),
        pool_strings=list(words),
    )
    limited = body.add(
        "Min", counts, body.constant(np.array([MAX_COUNT], dtype=np.float32), "most")
    )
    return body.add("Cast", limited, to=TensorProto.INT64)


def _normalise(body: GraphBuilder, weights: str) -> str:
    """Divide whole numbers by their Euclidean norm; the sum of squares is exact."""
    axis = positions(body, [0], "axis")
    squares = body.add("ReduceSum", body.add("Mul", weights, weights), axis, keepdims=1)
    # a text without words has the sum 0, and stays 0; any other sum is 1 at least
    squares = body.add("Max", squares, positions(body, [1], "one"))
    norm = body.add("Sqrt", body.add("Cast", squares, to=DOUBLE))
    return body.add("Div", body.add("Cast", weights, to=DOUBLE), norm)


def _other_than(words: tuple[str, ...]) -> Any:
    """Make up a text of one word that is none of these."""
    other = "_"
    while other in words:
        other += "_"
    return np.array([other], dtype=object)
