"""The mutation suite, small: every fault in a few models is found, or can change no answer.

The whole of it is ``python -m benchmarks.mutations``; its table is in docs/export.md.
"""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from benchmarks.end_faults import END_FAULTS
from benchmarks.faults import GRAPH_FAULTS
from benchmarks.idle_rules import idle_rule
from benchmarks.mutants import make_sound
from benchmarks.mutations import FAULTS, LIMITS, judge, try_case
from benchmarks.onnx_server import Server
from benchmarks.tree_faults import TREE_FAULTS
from searcher.export.gate.runtime import RuntimeFailure

FAMILIES = ("logistic_regression", "random_forest", "xgboost")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_twenty_faults_are_found_and_the_sound_model_passes(family):
    result = try_case((family, "binary", 10, 0), quota=20)

    assert not result.error
    assert result.verdict.passed, result.verdict.failure
    assert len(result.tried) == 20
    assert [one for one in result.tried if one.outcome == "missed"] == []


def test_every_fault_changes_the_bytes_and_says_what_it_changed():
    sounds = [make_sound(family, "multiclass", seed=11, variant=0) for family in FAMILIES]
    rng = np.random.default_rng(0)
    changed = set()

    for name, fault in FAULTS.items():
        for sound in sounds:
            proto = onnx.load_from_string(sound.data)
            what = fault(rng, proto)
            data = proto.SerializeToString(deterministic=True)
            assert (what is None) == (data == sound.data), name
            changed |= {name} if what else set()

    # none of these has sets of categories
    assert set(FAULTS) - changed <= {"category of a set"}
    assert len(FAULTS) == len(GRAPH_FAULTS) + len(END_FAULTS) + len(TREE_FAULTS) >= 25


def test_a_sound_file_is_not_called_faulty_and_one_that_does_not_load_is():
    sound = make_sound("logistic_regression", "binary", seed=12, variant=0)
    broken = onnx.load_from_string(sound.data)
    broken.graph.node[-1].input[0] = "nobody"

    with Server() as server:
        assert judge(sound, sound.data, server) == ("missed", "")
        assert judge(sound, broken.SerializeToString(), server)[0] in {"answers", "not loaded"}


def test_the_server_survives_a_file_that_it_can_t_answer(tmp_path):
    with Server() as server:
        for _ in range(2):
            with pytest.raises(RuntimeFailure, match="ONNX Runtime failed"):
                server.run(tmp_path, LIMITS)


def test_no_rule_excuses_a_fault_that_changes_answers():
    sound = make_sound("xgboost", "binary", seed=13, variant=0)
    rng = np.random.default_rng(0)
    wrong = ("tree dropped", "all branch rules flipped", "class names swapped", "weight x1.01")

    for name in wrong:
        proto = onnx.load_from_string(sound.data)
        assert FAULTS[name](rng, proto)
        assert not idle_rule(sound.data, proto.SerializeToString(deterministic=True)), name


def without(proto, kind, fits):
    """Let the first such node pass its input on."""
    node = next(n for n in proto.graph.node if n.op_type == kind and fits(n))
    node.CopyFrom(helper.make_node("Identity", [node.input[0]], list(node.output), name=node.name))
    return proto.SerializeToString(deterministic=True)


def test_a_block_of_padding_more_is_equivalent_and_one_fewer_is_not():
    sound = make_sound("k_neighbors", "regression", seed=14, variant=0)
    more, fewer = (onnx.load_from_string(sound.data) for _ in range(2))
    number = next(t for t in fewer.graph.initializer if t.name == "whole")
    number.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(number) + 1, number.name))

    said = idle_rule(sound.data, without(more, "Sub", lambda n: n.input[1] == "whole"))

    assert said.startswith("a block of padding more")
    assert idle_rule(sound.data, fewer.SerializeToString(deterministic=True)) == ""


def test_a_tree_of_pure_leaves_may_answer_in_float32_and_one_of_means_may_not():
    rng = np.random.default_rng(0)
    said = {}
    for task in ("multiclass", "regression"):
        sound = make_sound("decision_tree", task, seed=15, variant=0)
        proto = onnx.load_from_string(sound.data)
        assert FAULTS["answer in float32"](rng, proto)
        said[task] = idle_rule(sound.data, proto.SerializeToString(deterministic=True))

    assert said == {"multiclass": "float32 holds every answer of the tree", "regression": ""}
