"""Sets of categories in a TreeEnsemble: what ONNX Runtime makes of them."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from searcher.export.emitters import trees
from searcher.export.emitters.trees import LESS, LESS_OR_EQUAL, Tree
from searcher.export.graph import GraphBuilder

KINDS = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE}


def draw_tree(rng, dtype, *, n_features, n_categories, depth, share_of_sets):
    """Draw a tree whose leaves have few different values, and what its sets are."""
    nodes, sets, todo = [[-1, -1, 0, 0.0, False, 1.0]], {}, [(0, 0)]
    while todo:
        node, level = todo.pop()
        nodes[node][5] = float(rng.integers(1, 4))
        if level >= depth or rng.random() < 0.2:
            continue
        first = len(nodes)
        nodes += [[-1, -1, 0, 0.0, False, 1.0] for _ in range(2)]
        nodes[node][:3] = [first, first + 1, int(rng.integers(n_features))]
        nodes[node][4] = bool(rng.integers(2))
        if rng.random() < share_of_sets:
            size = rng.integers(1, min(8, n_categories) + 1)
            sets[node] = set(rng.integers(0, n_categories, size).tolist())
        else:
            nodes[node][3] = float(rng.integers(0, n_categories))
        todo += [(first, level + 1), (first + 1, level + 1)]
    left, right, feature, threshold, missing, value = (
        np.array(c) for c in zip(*nodes, strict=True)
    )
    members = [x for node in sorted(sets) for x in (*sorted(sets[node]), np.nan)]
    has_set = np.isin(np.arange(len(nodes)), list(sets))
    return Tree(
        left, right, feature, threshold.astype(dtype), missing, value.astype(dtype),
        has_set, np.array(members, dtype=dtype),
    ), sets  # fmt: skip


def follow(tree, sets, row, mode):
    node = 0
    while tree.left[node] >= 0:
        x = row[tree.feature[node]]
        if np.isnan(x):
            goes = tree.missing_left[node]
        elif node in sets:
            goes = x in sets[node]
        else:
            goes = x < tree.threshold[node] if mode == LESS else x <= tree.threshold[node]
        node = tree.left[node] if goes else tree.right[node]
    return tree.value[node]


def ask(forest, X, mode):
    graph = GraphBuilder(reserved=["out"])
    kind = KINDS[X.dtype.type]
    features = graph.input("features", kind, ["rows", X.shape[1]])
    graph.add("Identity", trees.add_trees(graph, features, forest, mode=mode), name="out")
    graph.output("out", kind, ["rows", len(forest)])
    session = onnxruntime.InferenceSession(graph.build({}).SerializeToString())
    return session.run(None, {"features": X})[0]


def draw_case(seed):
    rng = np.random.default_rng(seed)
    dtype = (np.float32, np.float64)[seed % 2]
    n_categories = int(rng.choice([6, 20, 31, 32, 40, 100]))
    n_features, share = int(rng.integers(1, 3)), float(rng.choice([0.3, 0.7, 1.0]))
    drawn = [
        draw_tree(
            rng, dtype, n_features=n_features, n_categories=n_categories,
            depth=int(rng.integers(0, 6)), share_of_sets=share,
        )
        for _ in range(rng.integers(1, 8))
    ]  # fmt: skip
    X = rng.integers(-1, n_categories + 3, (40, n_features)).astype(dtype)
    X[rng.random(X.shape) < 0.1] = np.nan
    return drawn, X, (LESS, LESS_OR_EQUAL)[seed // 2 % 2]


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_random_trees_with_sets_and_thresholds_are_followed(seed):
    for number in range(seed, seed + 20):
        drawn, X, mode = draw_case(number)

        got = ask([tree for tree, _ in drawn], X, mode)

        wanted = [[follow(tree, sets, row, mode) for tree, sets in drawn] for row in X]
        np.testing.assert_array_equal(got, wanted, err_msg=str(number))


@pytest.mark.parametrize("seed", [176, 580, 1233, 1911, 2091])
def test_short_sets_above_equal_leaves_are_not_counted_twice(seed):
    """Ensembles that ONNX Runtime 1.31 gets wrong when their sets are left short."""
    drawn, X, mode = draw_case(seed)

    got = ask([tree for tree, _ in drawn], X, mode)

    wanted = [[follow(tree, sets, row, mode) for tree, sets in drawn] for row in X]
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("members", [[0], [31], [63, 64], range(65), range(0, 250, 3), [100_000]])
def test_a_set_of_any_size_holds_its_members_and_nothing_else(members, dtype):
    tree = Tree(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.zeros(3, np.int64),
        threshold=np.zeros(3, dtype),
        missing_left=np.array([True, False, False]),
        value=np.array([0, 1, 0], dtype),
        has_set=np.array([True, False, False]),
        sets=np.array([*members, np.nan], dtype),
    )
    x = np.array([*range(-3, 300), 100_000, 2**24, -1e30, 1e30, np.nan], dtype)

    got = ask([tree], x[:, None], LESS)[:, 0]

    np.testing.assert_array_equal(got, np.isin(x, list(members)) | np.isnan(x))
