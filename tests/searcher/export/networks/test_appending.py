"""Traced modules stand in a graph beside other parts, and beside themselves."""

import numpy as np

from tests.searcher.export.networks.modules import alone, answers_of, make_rows, run


def test_a_module_can_stand_in_a_graph_twice(everything):
    rows = make_rows(5)

    proto = alone(everything.network, times=2)

    expected = np.tile(answers_of(everything.module, rows), (1, 2))
    np.testing.assert_allclose(run(proto, rows), expected, rtol=1e-5, atol=1e-5)
    names = [tensor.name for tensor in proto.graph.initializer]
    outputs = [name for node in proto.graph.node for name in node.output]
    assert len(set(names)) == len(names)
    assert len(set(outputs)) == len(outputs)


def test_an_answer_does_not_depend_on_the_other_rows(everything):
    rows, proto = make_rows(30), alone(everything.network)

    whole = run(proto, rows)

    one_by_one = np.concatenate([run(proto, rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_allclose(one_by_one, whole, rtol=1e-5, atol=1e-5)
