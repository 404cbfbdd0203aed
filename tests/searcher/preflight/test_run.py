import json
from pathlib import Path

import numpy as np
import pytest

from searcher.checks import Finding
from searcher.data import Dataset
from searcher.errors import SpecError
from searcher.plan import Plan, make_plan
from searcher.preflight import Preflight, Tried, look_ahead, refuse, with_notices
from tests.searcher.checks.cases import N, dataset, numbers, spec


def plan(rows: Dataset) -> Plan:
    asked = spec(families=["logistic_regression"], validation={"outer": 2, "inner": 2})
    return make_plan("search", asked, rows, base=Path())


def tried(outcome: str, reason: str | None = None) -> Tried:
    return Tried("families.a.b", "a", "b", "x", "y", outcome, reason)


FINDING = Finding("identifier", "warning", ("id",), {"share": 1.0}, "it is one", "Drop it")


def test_findings_become_notices_and_notes() -> None:
    asked = plan(dataset({**numbers(), "id": np.arange(N) * 1.0}))

    found = look_ahead(asked, exports=False)

    (finding,) = found.findings
    assert finding.columns == ("id",)
    assert with_notices(asked, found).notices == (finding.text,)
    (note,) = found.notes("search")
    assert note.kind == "check"
    assert json.loads(json.dumps(note.payload))["findings"][0]["columns"] == ["id"]


def test_sound_rows_leave_a_note_that_they_were_looked_at() -> None:
    found = look_ahead(plan(dataset(numbers())), exports=False)

    assert found.notices == ()
    assert found.notes("search")[0].payload == {"findings": []}


def test_what_was_tried_is_kept_as_json() -> None:
    _, note = Preflight((FINDING,), (tried("passed"),)).notes("search")

    assert note.kind == "preflight"
    assert json.loads(json.dumps(note.payload))["exports"][0]["outcome"] == "passed"


def test_what_is_left_open_is_a_notice_and_no_refusal() -> None:
    found = Preflight((), (tried("passed"), tried("not tried", "it took more than 1 s")))

    refuse(found)

    assert found.notices == (
        "whether families.a.b: 'x' can be exported is not known: it took more than 1 s",
    )


def test_every_refusal_is_said_at_once() -> None:
    default = Tried("families.a", "a", None, None, None, "passed")
    found = Preflight((), (default, tried("refused", "one"), tried("refused", "two")))

    with pytest.raises(SpecError) as caught:
        refuse(found)

    assert str(caught.value).splitlines() == [
        "families.a.b: 'x' can't be exported: one; what can: 'y'",
        "families.a.b: 'x' can't be exported: two; what can: 'y'",
    ]
