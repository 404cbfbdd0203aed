import json

import pytest

from search_spaces.columns import Shape


def test_an_image_has_channels_first_and_a_sequence_last():
    assert Shape("image", (3, 28, 20)).channels == 3
    assert Shape("sequence", (100, 2)).channels == 2


def test_a_shape_has_as_many_columns_as_its_sizes_multiply_to():
    assert Shape("image", (3, 28, 20)).n_columns == 1680
    assert Shape("sequence", (100, 2)).n_columns == 200


@pytest.mark.parametrize("shape", [Shape("image", (1, 8, 8)), Shape("sequence", (7, 1))])
def test_a_shape_comes_back_from_json(shape):
    assert Shape.from_json(json.loads(json.dumps(shape.to_json()))) == shape


def test_no_shape_stays_none():
    assert Shape.from_json(None) is None


@pytest.mark.parametrize(
    "written", [{}, {"tensor": [1]}, {"image": [1, 2, 3], "sequence": [1, 2]}, {"image": [1, 2]}]
)
def test_what_is_no_shape_is_refused(written):
    with pytest.raises(ValueError, match="sizes"):
        Shape.from_json(written)


@pytest.mark.parametrize(
    ("kind", "sizes"), [("image", (28, 28)), ("sequence", (3, 4, 5)), ("sequence", (3, 0))]
)
def test_other_sizes_than_the_kind_has_are_refused(kind, sizes):
    with pytest.raises(ValueError, match=f"{kind} must have the sizes .*, each at least 1"):
        Shape(kind, sizes)


def test_a_shape_says_what_its_sizes_are():
    shape = Shape("image", (1, 28, 20))

    assert shape.describe() == "an image of 1 x 28 x 20 (channels, height, width)"
