import re
from pathlib import Path
from typing import Any

import pytest

from searcher.checks import check_search
from searcher.data import bundled, kinds, load_dataset, reading, table, target
from searcher.data.spellings import ALWAYS_MISSING, MISSING_QUANTITY
from searcher.errors import SpecError
from searcher.metrics import AUTO_METRIC
from searcher.spec import load_spec, spec_from_yaml, yaml_text
from searcher.spec.yaml_text import read_yaml
from tests.docs.spec_tables import tables, words

DOCUMENT = (Path(__file__).parents[2] / "docs" / "spec.md").read_text()
MINIMAL = {"name": "t", "data": {"path": "t.csv", "target": "y"}, "seed": 0}
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT, flags=re.DOTALL)


@pytest.mark.parametrize(("name", "rendered"), tables().items())
def test_every_field_is_documented_as_it_is(name: str, rendered: str) -> None:
    assert rendered in DOCUMENT, f"render {name} anew with python -m tests.docs.spec_tables"


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_spec_or_a_part_of_one(text: str) -> None:
    part: dict[str, Any] = read_yaml(text)[0]

    spec = load_spec({**MINIMAL, **part})

    assert spec.name == part.get("name", "t")


def test_the_changes_of_spaces_that_are_shown_are_possible() -> None:
    families = next(read_yaml(text)[0] for text in EXAMPLES if text.startswith("families"))
    spec = load_spec({**MINIMAL, "data": {"path": "sklearn:breast_cancer"}, **families})

    checked = check_search(spec, load_dataset(spec.data, base=Path()))

    assert checked.metrics == ("roc_auc",)


@pytest.mark.parametrize("spellings", [ALWAYS_MISSING, MISSING_QUANTITY])
def test_every_spelling_of_missing_is_listed(spellings: frozenset[str]) -> None:
    assert words(spellings) in DOCUMENT


@pytest.mark.parametrize(
    "phrase",
    [
        f"{yaml_text.MAX_BYTES // 2**20} MiB, {yaml_text.MAX_NODES:,} values",
        f"{yaml_text.MAX_DEPTH} levels, {yaml_text.MAX_ALIASES} aliases",
        f"at most {table.MAX_NAME} characters long; at most {table.MAX_COLUMNS:,} columns",
        f"more than {kinds.FEW_NUMBERS} different ones",
        f"more than {kinds.TEXT_DISTINCT} different strings",
        f"more than {kinds.MAX_CATEGORIES:,} different",
        f"at most {target.FEW_INTEGERS} different whole numbers",
        f"At most {target.MAX_CLASSES:,} classes",
        *(f"`sklearn:{name}`" for name in bundled.NAMES),
        *(f"`{suffix}`" for suffix in reading.SUFFIXES),
        *(f"`{metric}`" for metric in AUTO_METRIC.values()),
    ],
)
def test_limits_and_names_are_documented_as_they_are(phrase: str) -> None:
    assert phrase in " ".join(DOCUMENT.split())


def test_the_messages_shown_are_those_that_come() -> None:
    shown = re.search(r"```text\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    assert shown is not None
    text = (
        EXAMPLES[0]
        .replace("roc_auc,", "roc_acu,")
        .replace("[roc_acu, neg_log_loss]", "roc_acu")
        .replace("searcher: tpe", "reduction_factor: 1")
        .replace("splitter", "spliter")
    )

    with pytest.raises(SpecError) as caught:
        spec_from_yaml(text, name="churn.yaml")

    assert str(caught.value) == shown[1].strip()
