"""Tables: readable at 80 columns, one line a row in a pipe, nothing cut off."""

import re

from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.trials_table import split_parameters, tabulate
from searcher.store import Store

LONG_ID = "a-search-with-a-rather-long-name-1a2b3c.final.12"


def test_in_a_pipe_a_row_is_one_line_however_long():
    text = layout([Column("a"), right("b")], [["x" * 300, "1"], ["y", "22"]], terminal=False)

    assert text.splitlines() == [
        "a" + " " * 301 + " b",
        "x" * 300 + "   1",
        "y" + " " * 299 + "  22",
    ]


def test_in_a_terminal_no_line_is_too_long_and_nothing_is_lost():
    columns = [identity("trial"), right("score"), Column("text")]
    words = " ".join(f"word{i}" for i in range(40))

    text = layout(columns, [[LONG_ID, "0.8123", words]], terminal=True)

    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(map(len, bare.splitlines())) <= 80
    assert LONG_ID in bare
    joined = re.sub(r"\s+", "", bare)
    assert all(f"word{i}" in joined for i in range(40))


def test_too_many_columns_for_the_terminal_are_written_one_a_line():
    columns = [Column(f"column{i}") for i in range(20)]
    rows = [[f"cell{i} of row {j}" for i in range(20)] for j in range(2)]

    text = layout(columns, rows, terminal=True)

    assert len(text.splitlines()) == 2 * 20 + 1
    assert "column7   cell7 of row 1\n" in text


def test_cells_can_not_steer_the_terminal():
    for terminal in (True, False):
        text = layout([Column("a")], [["[red]x[/red] \x1b[2J\nnext"]], terminal=terminal)

        assert "[red]x[/red]" in text
        assert "\x1b[2J" not in text
        assert "\nnext" not in text


def test_wide_characters_are_aligned_by_what_they_take():
    text = layout([Column("name"), Column("x")], [["客户", "1"], ["abcd", "2"]], terminal=False)

    assert text.splitlines() == ["name  x", "客户  1", "abcd  2"]


def test_parameters_that_all_share_are_told_once():
    shared, differing = split_parameters(
        [{"C": 1.0, "penalty": "l2"}, {"C": 2.0, "penalty": "l2"}, {"depth": 3}]
    )

    assert shared == {"penalty": "l2", "depth": 3}
    assert differing == ["C"]


def test_true_and_one_are_different_values():
    assert split_parameters([{"a": True}, {"a": 1}]) == ({}, ["a"])


def test_of_one_trial_every_parameter_is_shown():
    assert split_parameters([{"C": 1.0, "penalty": "l2"}]) == ({}, ["C", "penalty"])


def test_trials_fit_into_80_columns_with_every_id_and_value(filled_store):
    with Store(filled_store) as store:
        trials = store.trials("churn-1a2b3c")

    text = re.sub(r"\x1b\[[0-9;]*m", "", tabulate(trials, terminal=True))

    assert max(map(len, text.splitlines())) <= 80
    words = text.split()
    for trial in trials:
        assert trial.trial_id in words
        if "learning_rate" in trial.configuration:
            assert f"learning_rate={trial.configuration['learning_rate']:.4g}" in words
