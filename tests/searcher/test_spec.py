from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, ValidationError

from searcher.errors import SearcherError, SpecError
from searcher.spec import DataSpec, Spec, Strategy, load_spec, spec_from_yaml
from searcher.spec.yaml_text import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, read_yaml

MINIMAL = """\
name: churn
data: {path: churn.csv, target: Churn}
seed: 7
"""


def minimal(**changes: Any) -> dict[str, Any]:
    return {
        "name": "churn",
        "data": {"path": "churn.csv", "target": "Churn"},
        "seed": 7,
        **changes,
    }


def refusal(**changes: Any) -> str:
    with pytest.raises(SpecError) as caught:
        load_spec(minimal(**changes))
    return str(caught.value)


def data(**changes: Any) -> dict[str, Any]:
    return {"path": "churn.csv", "target": "Churn", **changes}


class Patient(Strategy):
    kind: Literal["patient"] = "patient"
    patience: float = Field(2.0, gt=1)

    def build(self, problem: Any) -> Any:
        return problem


def test_yaml_mapping_and_spec_are_the_same_request() -> None:
    from_yaml = spec_from_yaml(MINIMAL)

    assert from_yaml == load_spec(minimal()) == load_spec(from_yaml)


def test_defaults_are_those_of_the_design() -> None:
    spec = load_spec(minimal())

    assert spec.metric == ("auto",)
    assert spec.families is None
    assert spec.strategy.kind == "tpe"
    assert (spec.validation.outer, spec.validation.inner, spec.validation.repeats) == (5, 4, 1)
    assert (spec.budget.trials, spec.budget.time_s, spec.budget.trial_time_s) == (60, None, None)
    assert (spec.hardware.cpus, spec.hardware.gpus, spec.hardware.workers) == (1, 0, 1)


def test_json_of_a_full_spec_gives_the_same_spec_again() -> None:
    spec = load_spec(
        minimal(
            data=data(kinds={"zip": "categorical"}, time=["year", "month"], positive="Yes"),
            metric=["roc_auc", "neg_log_loss"],
            families={"xgboost": {"max_depth": {"low": 2, "high": 4}}, "ridge": None},
            strategy={"kind": "asha", "searcher": "random", "reduction_factor": 4},
            budget={"trials": 9, "time_s": 1.5},
        )
    )

    assert load_spec(spec.model_dump(mode="json")) == spec
    assert spec.model_dump(mode="json")["strategy"]["reduction_factor"] == 4


def test_a_spec_cannot_be_changed() -> None:
    spec = load_spec(minimal())

    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 8  # type: ignore[misc]


def test_file_is_read_and_named_in_errors(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(MINIMAL)
    bad.write_text(MINIMAL.replace("seed: 7", "seed: 7\nbudgett: {}"))

    assert load_spec(good).name == load_spec(str(good)).name == "churn"
    with pytest.raises(SpecError, match=r"bad\.yaml: budgett: unknown field.*'budget'\? \(line 4"):
        load_spec(bad)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"validation": {"outer": 1}}, "validation.outer: found 1; must be at least 2"),
        ({"validation": {"outer": "5"}}, "validation.outer: found '5'; must be a whole number"),
        ({"validation": {"outer": True}}, "validation.outer: found True; must be a whole number"),
        ({"validation": {"inner": 1.5}}, "validation.inner: found 1.5; must be a whole number"),
        ({"validation": {"inner": 3.0}}, "validation.inner: found 3.0; must be a whole number"),
        ({"budget": {"trials": 0}}, "budget.trials: found 0; must be at least 1"),
        ({"budget": {"time_s": 0}}, "budget.time_s: found 0; must be greater than 0"),
        ({"budget": {"time_s": True}}, "budget.time_s: found True; must be a number"),
        (
            {"budget": {"time_s": float("nan")}},
            "budget.time_s: found nan; must be a finite number",
        ),
        ({"hardware": {"gpus": -1}}, "hardware.gpus: found -1; must be at least 0"),
        (
            {"hardware": {"max_concurrent": 0}},
            "hardware.max_concurrent: found 0; must be at least 1",
        ),
        (
            {"hardware": {"cpus": 2, "workers": 3, "max_cpus": 5}},
            "hardware.max_cpus: found 5; must be at least 6, what one trial takes "
            "(cpus times workers)",
        ),
        (
            {"hardware": {"gpus": 0.5, "workers": 2}},
            "hardware.gpus: found 0.5; must be whole, or below 1 with one worker",
        ),
        ({"hardware": 3}, "hardware: found 3; must be a mapping (name: value)"),
        ({"seed": None}, "seed: found None; must be a whole number"),
        ({"seed": 2**32}, f"seed: found {2**32}; must be at most {2**32 - 1}"),
        ({"name": ""}, "name: found ''; must not be empty"),
        (
            {"name": "a\nb"},
            "name: found 'a\\nb'; must be one line of printable text without blanks around it",
        ),
        (
            {"validation": {"splitter": "stratifed"}},
            "validation.splitter: found 'stratifed'; must be 'auto', 'stratified', 'kfold', "
            "'group' or 'time'. Did you mean 'stratified'?",
        ),
        (
            {"validation": {"outr": 5}},
            "validation.outr: unknown field; known: outer, inner, splitter, repeats. "
            "Did you mean 'outer'?",
        ),
        (
            {"data": data(kinds={"zip": "category"})},
            "data.kinds.zip: found 'category'; must be 'numeric', 'boolean', 'date', "
            "'categorical' or 'text'. Did you mean 'categorical'?",
        ),
        ({"data": data(drop="id")}, "data.drop: found 'id'; must be a list"),
        ({"data": data(drop={"id"})}, "data.drop: found {'id'}; must be a list"),
        ({"data": data(drop=[1])}, "data.drop[0]: found 1; must be text"),
        (
            {"data": data(positive=1.5)},
            "data.positive: found 1.5; must be text, a whole number, true or false",
        ),
        ({"data": {"target": "y"}}, "data.path: is required"),
    ],
)
def test_a_wrong_value_is_named_with_its_path_and_what_is_allowed(
    changes: dict[str, Any], line: str
) -> None:
    assert refusal(**changes) == line


def test_every_problem_has_its_own_line_in_the_order_of_the_fields() -> None:
    lines = refusal(
        metric="roc_acu", validation={"outer": 1, "inner": 1}, budget={"trials": 0}, sed=1
    ).splitlines()

    paths = [line.split(":")[0] for line in lines]
    assert paths == ["metric", "validation.outer", "validation.inner", "budget.trials", "sed"]


def test_whole_numbers_serve_as_fractions() -> None:
    assert load_spec(minimal(budget={"time_s": 900})).budget.time_s == 900.0


@pytest.mark.parametrize(
    ("metric", "hint"),
    [
        ("roc_acu", "Did you mean 'roc_auc'?"),
        ("rmse", "Did you mean 'neg_root_mean_squared_error'?"),
        ("AUC", "Did you mean 'roc_auc'?"),
        ("zzzz", "known: accuracy,"),
    ],
)
def test_an_unknown_metric_is_refused_with_what_is_meant(metric: str, hint: str) -> None:
    assert hint in refusal(metric=metric)


def test_an_unknown_metric_in_a_list_is_named_by_position() -> None:
    assert refusal(metric=["accuracy", "f2"]).startswith("metric[1]: no metric named 'f2'")


@pytest.mark.parametrize(
    ("metric", "line"),
    [
        ([], "metric: found (); must not be empty"),
        (3, "metric: found 3; must be a name or a list of names"),
        (["r2", "r2"], "metric[1]: found 'r2'; is there twice"),
    ],
)
def test_an_impossible_list_of_metrics_is_refused(metric: Any, line: str) -> None:
    assert refusal(metric=metric) == line


def test_families_are_a_list_or_a_mapping() -> None:
    listed = load_spec(minimal(families=["ridge", "xgboost"]))
    mapped = load_spec(minimal(families={"ridge": None, "xgboost": None}))

    assert listed == mapped
    assert listed.families == {"ridge": None, "xgboost": None}


@pytest.mark.parametrize(
    ("families", "line"),
    [
        ([], "families: found []; names no family; leave it out to search every one that fits"),
        (["ridge", "ridge"], "families[1]: found 'ridge'; is there twice"),
        (["ridge", 3], "families[1]: found 3; must be a family's name; to change its space"),
        (["xgbost"], "families[0]: no family named 'xgbost'; known: "),
        ({"xgbost": None}, "families.xgbost: no family named 'xgbost'; known: "),
        ({"ridge": 3}, "families.ridge: found 3; must be a mapping (name: value)"),
        ("ridge", "families: found 'ridge'; must be a list of names, or a mapping"),
        ({"a b:C": None}, "families.a b:C: 'a b:C' is not written as module:Class"),
        (
            {"ridge": {"alpha": {"low": float("inf")}}},
            "families.ridge.alpha.low: found inf; must be finite",
        ),
        (
            {"ridge": {"alpha": [1, {2}]}},
            "families.ridge.alpha[1]: found {2}; must be text, a number, true, false, a list or",
        ),
        ({"ridge": {1: 2}}, "families.ridge.1: found 1; must be text"),
    ],
)
def test_impossible_families_are_refused(families: Any, line: str) -> None:
    assert refusal(families=families).startswith(line)


def test_an_unknown_family_has_a_near_name() -> None:
    assert refusal(families=["xgbost"]).endswith("Did you mean 'xgboost'?")


def test_a_family_of_ones_own_is_written_as_module_and_class() -> None:
    spec = load_spec(minimal(families=["my_models.trees:Stump"]))

    assert spec.families == {"my_models.trees:Stump": None}


def test_a_strategy_object_is_taken_as_it_is() -> None:
    strategy = Patient(patience=3)

    assert load_spec(minimal(strategy=strategy)).strategy is strategy


@pytest.mark.parametrize(
    ("strategy", "line"),
    [
        ("tpe", "strategy: found 'tpe'; must be a mapping such as {kind: tpe}"),
        ({}, "strategy.kind: found None; must name a strategy: asha"),
        ({"kind": 3}, "strategy.kind: found 3; must name a strategy: asha"),
        ({"kind": "ahsa"}, "strategy.kind: no strategy named 'ahsa'; known: asha"),
        (
            {"kind": "asha", "reduction_factor": 1},
            "strategy.reduction_factor: found 1; must be greater than 1",
        ),
        (
            {"kind": "asha", "reducton_factor": 3},
            "strategy.reducton_factor: unknown field; known: kind, ",
        ),
    ],
)
def test_wrong_settings_of_a_strategy_have_its_path(strategy: Any, line: str) -> None:
    assert refusal(strategy=strategy).startswith(line)


def test_an_unknown_setting_of_a_strategy_has_a_near_name() -> None:
    message = refusal(strategy={"kind": "asha", "reducton_factor": 3})

    assert message.endswith("Did you mean 'reduction_factor'?")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"data": data(groups="a", time="b")},
            "validation.splitter: found 'auto'; must be group or time: data names columns for both",
        ),
        (
            {"validation": {"splitter": "group"}},
            "validation.splitter: found 'group'; needs data.groups",
        ),
        (
            {"validation": {"splitter": "time"}},
            "validation.splitter: found 'time'; needs data.time",
        ),
        (
            {"data": data(groups="a"), "validation": {"splitter": "kfold"}},
            "validation.splitter: found 'kfold'; would tear apart what data.groups keeps together",
        ),
        (
            {"data": data(time="a"), "validation": {"repeats": 2}},
            "validation.repeats: found 2; must be 1 for the time splitter",
        ),
        ({"data": data(groups="Churn")}, "data.groups: found ('Churn',); names the target"),
        ({"data": data(drop=["Churn"])}, "data.drop: found ('Churn',); names the target"),
        ({"data": data(groups="a", time="a")}, "data.time: found ('a',); names the column of"),
        (
            {"data": data(task="regression", positive=1)},
            "data.positive: found 1; only a binary task has a positive class",
        ),
        (
            {"data": data(task="regression", drop_classes=[1])},
            "data.drop_classes: found (1,); a regression has no classes",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_refused(changes: dict[str, Any], line: str) -> None:
    assert refusal(**changes).startswith(line)


def test_groups_and_time_together_are_allowed_if_the_splitter_says_which() -> None:
    spec = load_spec(minimal(data=data(groups="a", time="b"), validation={"splitter": "group"}))

    assert spec.validation.splitter == "group"


def test_paths_may_be_path_objects() -> None:
    assert load_spec(minimal(data=data(path=Path("a") / "b.csv"))).data.path == "a/b.csv"


def test_columns_that_order_rows_are_one_or_several() -> None:
    assert DataSpec(path="a", time="t").time == ("t",)  # type: ignore[arg-type]
    assert load_spec(minimal(data=data(time=None))).data.time == ()


@pytest.mark.parametrize("source", [[], 3, None])
def test_what_is_no_spec_at_all_is_refused(source: Any) -> None:
    with pytest.raises(SpecError, match="a spec is a file's path, a mapping or a Spec"):
        load_spec(source)


def test_a_file_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "churn.yaml").write_text(MINIMAL)

    with pytest.raises(SpecError, match=r"chrun\.yaml: no such file\. Did you mean 'churn\.yaml'"):
        load_spec(tmp_path / "chrun.yaml")


def test_folders_and_other_encodings_are_refused(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(MINIMAL.encode() + "# café".encode("latin-1"))

    with pytest.raises(SpecError, match="a folder, not a YAML file"):
        load_spec(tmp_path)
    with pytest.raises(SpecError, match="line 4: not UTF-8"):
        load_spec(latin)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())

    assert load_spec(path) == spec_from_yaml(MINIMAL)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text(MINIMAL + "#" * MAX_BYTES)

    with pytest.raises(SpecError, match="more than 1,048,576 bytes"):
        load_spec(path)
    with pytest.raises(SpecError, match="more than 1,048,576 characters"):
        spec_from_yaml("#" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty; a spec is a mapping"),
        ("# nothing\n", "empty; a spec is a mapping"),
        ("- a\n", "a spec is a mapping with at least name, data and seed; found a list"),
        ("churn\n", "found 'churn'"),
        ("a: 1\n---\nb: 2\n", "line 2: not YAML: but found another document"),
        ("a: 1\nb: 2\na: 3\n", r"line 3: 'a' is there twice \(first in line 1\)"),
        ("a: {b: 1, b: 2}\n", "line 1: 'b' is there twice"),
        ("a: [1\n", "line 2: not YAML"),
        ("a:\n\t- b\n", "line 2: not YAML"),
        ("a: 1\nb: \x00\n", "line 2: not YAML: special characters are not allowed"),
        ("a: *b\n", "line 1: not YAML: found undefined alias 'b'"),
        ("? [a]\n: 1\n", "line 1: a key must be text"),
        ("a: &b {c: 1}\nd: {<<: *b}\n", "line 2: merge keys"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1: the tag '.*os.getcwd' is not read"),
        ("a: !!str 5\n", "line 1: the tag '.*str' is not read"),
        ("a: &a [*a]\n", "line 1: an alias stands inside what it stands for"),
    ],
)
def test_text_that_is_no_plain_mapping_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        spec_from_yaml(text)


def test_aliases_cannot_grow_into_a_billion_values() -> None:
    laughs = ["a0: &a0 [lol]"]
    laughs += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]

    with pytest.raises(SpecError, match="more than 10,000 values with aliases written out"):
        read_yaml("\n".join(laughs))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} levels"),
        ("a: " + "[" * 200_000, f"more than {MAX_DEPTH} levels"),
        ("a: [" + "1," * MAX_NODES + "]", "more than 10,000 values"),
        ("a: &a 1\nb: [" + "*a," * (MAX_ALIASES + 1) + "]", "line 2: more than 100 aliases"),
    ],
)
def test_shapes_that_no_spec_has_are_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_yaml(text)


def test_aliases_within_the_limits_are_written_out() -> None:
    assert read_yaml("a: &x {b: [1, 2]}\nc: *x\n")[0] == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Yes", "Yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1e-3", 0.001),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"),
        ("1_000", "1_000"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ('"true"', "true"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_are_read_as_yaml_1_2_reads_them(written: str, value: Any) -> None:
    assert read_yaml(f"a: {written}\n")[0] == {"a": value}


def test_keys_are_always_text() -> None:
    assert read_yaml("1: a\ntrue: b\n")[0] == {"1": "a", "true": "b"}


def test_problems_in_yaml_have_the_line_of_the_field() -> None:
    text = MINIMAL + "validation:\n  outer: 5\n  inner: 1\nstrategy: {kind: ahsa}\n"

    with pytest.raises(SpecError) as caught:
        spec_from_yaml(text, name="x.yaml")

    first, second = str(caught.value).splitlines()
    assert first.startswith("x.yaml: strategy.kind: ")
    assert first.endswith("(line 7)")
    assert second == "x.yaml: validation.inner: found 1; must be at least 2 (line 6)"


def test_a_missing_field_has_the_line_of_what_should_hold_it() -> None:
    with pytest.raises(SpecError, match=r"data\.path: is required \(line 2\)"):
        spec_from_yaml("name: a\ndata: {target: y}\nseed: 1\n")


def test_spec_errors_are_value_errors_of_ours() -> None:
    with pytest.raises(ValueError, match="seed") as caught:
        load_spec({k: v for k, v in minimal().items() if k != "seed"})

    assert isinstance(caught.value, SearcherError)
    assert isinstance(caught.value.__cause__, ValidationError)


def test_long_values_are_not_repeated_in_full() -> None:
    assert len(refusal(name="x" * 10_000)) < 200


def test_the_model_has_a_json_schema() -> None:
    assert set(Spec.model_json_schema()["properties"]) == set(Spec.model_fields)
