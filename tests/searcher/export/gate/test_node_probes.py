"""Probe rows reach the nodes that they are for, and lie on both sides of their rules."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier

from searcher.export.gate.dumped import LESS, LESS_OR_EQUAL, MEMBER, join, make_tree
from searcher.export.gate.library_dumps import dump_trees
from searcher.export.gate.node_probes import last_true, make_node_rows, next_float32


def fitted_tree(n=600, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0] * X[:, 1]) + np.isnan(X[:, 2]) > 0.2
    return DecisionTreeClassifier(random_state=0).fit(X, y), X


def test_the_rows_of_a_node_reach_it_and_go_both_ways_and_where_missing_goes():
    tree, X = fitted_tree()

    found = make_node_rows(dump_trees(tree), X, seed=0)

    reached = tree.decision_path(found.rows.astype(np.float32)).toarray().astype(bool)
    below, above, missing = np.arange(len(found.rows)).reshape(-1, 3).T
    nodes = found.nodes[below]
    left, right = tree.tree_.children_left[nodes], tree.tree_.children_right[nodes]
    goes_left = tree.tree_.missing_go_to_left[nodes].astype(bool)
    arrives = reached[missing, nodes]  # unless a node above asks for the same feature
    assert found.n_probed == found.n_inner == (tree.tree_.children_left >= 0).sum()
    assert reached[below, left].all()
    assert reached[above, right].all()
    assert arrives.mean() > 0.5
    assert reached[missing, np.where(goes_left, left, right)][arrives].all()
    features = tree.tree_.feature[nodes]
    next_ones = next_float32(found.rows[below, features])
    np.testing.assert_array_equal(found.rows[above, features], next_ones)


@pytest.mark.parametrize(
    ("threshold", "mode", "expected"),
    [
        (0.5, LESS_OR_EQUAL, 0.5),
        (0.5, LESS, float(np.nextafter(np.float32(0.5), np.float32(0)))),
        (0.1, LESS_OR_EQUAL, float(np.nextafter(np.float32(0.1), np.float32(0)))),
        (np.inf, LESS_OR_EQUAL, float(np.finfo(np.float32).max)),
    ],
)
def test_the_last_float32_that_goes_one_way_is_known_for_each_rule(threshold, mode, expected):
    found = last_true(np.array([threshold]), np.array([mode]))

    assert found.tolist() == [expected]


def test_a_set_of_categories_is_probed_inside_outside_and_missing():
    tree = make_tree(
        true=[1, -1, 3, -1, -1],
        false=[2, -1, 4, -1, -1],
        feature=[0, 0, 0, 0, 0],
        threshold=[np.nan, 0, np.nan, 0, 0],
        missing_true=[False] * 5,
        value=[0, 1, 0, 2, 3],
        mode=[MEMBER] * 5,
        members={0: [0, 1], 2: [2]},
    )

    found = make_node_rows(tree, np.array([[0.0], [3.0]]), seed=0)

    member, other, missing = found.rows[found.nodes == 2][:, 0]
    assert member == 2  # of those that the root sends here
    assert other == 3
    assert np.isnan(missing)


def test_of_a_large_forest_a_seeded_sample_is_probed():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    forest = dump_trees(RandomForestRegressor(5, random_state=0).fit(X, X[:, 0]))

    first, second, other = (make_node_rows(forest, X, seed=s, limit=300) for s in (1, 1, 2))

    assert first.n_probed == 100 < first.n_inner
    assert len(first.rows) == 300
    np.testing.assert_array_equal(first.rows, second.rows)
    assert not np.array_equal(first.nodes, other.nodes)


def test_joined_forests_keep_their_sets_and_children():
    leaf = make_tree(
        true=[-1], false=[-1], feature=[0], threshold=[0], missing_true=[False], value=[7]
    )
    tree = make_tree(
        true=[1, -1, -1],
        false=[2, -1, -1],
        feature=[0, 0, 0],
        threshold=[np.nan] * 3,
        missing_true=[False] * 3,
        value=[0, 1, 2],
        mode=MEMBER,
        members={0: [4]},
    )

    forest = join([leaf, tree])

    assert forest.roots.tolist() == [0, 1]
    assert (forest.true[1], forest.false[1]) == (2, 3)
    assert forest.members == {1: frozenset({4.0})}
    assert forest.name(2) == "tree 1, node 1"
