import numpy as np

from searcher.checks.classes import check_classes
from tests.searcher.checks.cases import case, dataset, numbers


def test_classes_with_few_test_rows_are_named_with_their_rows() -> None:
    y = np.repeat([0, 1, 2], [300, 88, 12])

    (finding,) = check_classes(case(dataset(numbers(), y)))

    assert (finding.kind, finding.severity) == ("small_classes", "note")
    assert "class 'c2' (12 rows): outer folds have as few as 2 test rows of it" in finding.sentence


def test_a_class_that_a_test_part_lacks_is_a_warning() -> None:
    y = np.repeat([0, 1, 2], [200, 170, 30])
    groups = np.where(y == 2, 1000 + np.arange(400) % 3, np.arange(400) // 2)
    rows = dataset(numbers(), y, groups=groups)

    (finding,) = check_classes(
        case(rows, data={"groups": "g"}, metric="accuracy", validation={"inner": 2})
    )

    assert finding.severity == "warning"
    assert finding.numbers["least_rows"] == 0
    assert "in some no row at all of 1 of them" in finding.sentence


def test_a_rare_class_is_a_note_and_under_accuracy_a_warning() -> None:
    rows = dataset(numbers(4000), np.repeat([0, 1], [3900, 100]))

    (note,) = check_classes(case(rows))
    (warning,) = check_classes(case(rows, metric="accuracy"))

    assert (note.severity, warning.severity) == ("note", "warning")
    assert note.numbers == {"share": 0.025, "rows": 100}
    assert "a model that always says 'c0' has an accuracy of 0.975" in note.sentence


def test_even_classes_and_quantities_are_no_finding() -> None:
    assert list(check_classes(case(dataset(numbers())))) == []
    assert list(check_classes(case(dataset(numbers(), np.linspace(0, 1, 400))))) == []
