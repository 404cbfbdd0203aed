"""Images and sequences: how they are read, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from search_spaces.columns import Shape
from searcher.data import Dataset, encode_rows, load_dataset
from searcher.errors import DataError, SpecError
from searcher.spec import DataSpec, load_spec
from searcher.spec.models import ShapeSpec

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(6, 3, 4, 5))
SEQUENCES = RNG.normal(size=(6, 4, 2))
Y = np.array(["a", "b"] * 3)


def load(folder: Path, arrays: dict[str, Any], **changes: Any) -> Dataset:
    np.savez(folder / "rows.npz", **{"y": Y, **arrays})
    return load_dataset(DataSpec(path="rows.npz", **changes), base=folder)


def refusal(folder: Path, arrays: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        load(folder, arrays, **changes)
    return str(caught.value)


def image(*sizes: int) -> ShapeSpec:
    return ShapeSpec(image=sizes)


def sequence(*sizes: int) -> ShapeSpec:
    return ShapeSpec(sequence=sizes)


def test_four_dimensions_are_images_and_their_columns_run_along_the_rows_of_pixels(
    tmp_path: Path,
) -> None:
    dataset = load(tmp_path, {"X": IMAGES})

    assert dataset.shape == dataset.profile.shape == Shape("image", (3, 4, 5))
    assert [column.name for column in dataset.columns] == [f"x{j}" for j in range(60)]
    np.testing.assert_array_equal(dataset.X.reshape(6, 3, 4, 5), IMAGES)
    assert dataset.describe()["shape"] == {"image": [3, 4, 5]}
    assert "a row is an image of 3 x 4 x 5 (channels, height, width)" in dataset.notices[0]


def test_three_dimensions_are_sequences(tmp_path: Path) -> None:
    dataset = load(tmp_path, {"X": SEQUENCES})

    assert dataset.shape == Shape("sequence", (4, 2))
    np.testing.assert_array_equal(dataset.X.reshape(6, 4, 2), SEQUENCES)


def test_two_dimensions_are_a_table(tmp_path: Path) -> None:
    dataset = load(tmp_path, {"X": SEQUENCES[:, 0]})

    assert dataset.shape is None
    assert dataset.describe()["shape"] is None


def test_lengths_make_padding_of_what_stands_behind_them(tmp_path: Path) -> None:
    padded = np.nan_to_num(SEQUENCES).astype(int)
    lengths = np.array([4, 1, 2, 3, 4, 4])

    dataset = load(tmp_path, {"X": padded, "lengths": lengths})

    rows = dataset.X.reshape(6, 4, 2)
    for row, length, original in zip(rows, lengths, padded, strict=True):
        np.testing.assert_array_equal(row[:length], original[:length])
        assert np.isnan(row[length:]).all()
    assert len(dataset.columns) == 8


def test_lengths_may_be_what_is_predicted(tmp_path: Path) -> None:
    lengths = np.array([4.5, 1, 2, 3, 4, 4])
    np.savez(tmp_path / "rows.npz", X=SEQUENCES, lengths=lengths)

    dataset = load_dataset(DataSpec(path="rows.npz", target="lengths"), base=tmp_path)

    assert (dataset.task, dataset.target) == ("regression", "lengths")
    assert not np.isnan(dataset.X).any()


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (np.array([4, 0, 2, 3, 4, 4]), "from 1 to 4, the steps of X; found 0 in row 2"),
        (np.array([4, 1, 5, 3, 4, 4]), "found 5 in row 3"),
        (np.array([4.0, 1, 2, 3, 4, 4]), "must be whole numbers of the shape (6,); found float64"),
        (np.array([4, 1]), "found int64 of the shape (2,)"),
    ],
)
def test_impossible_lengths_are_refused(tmp_path: Path, lengths: Any, message: str) -> None:
    assert message in refusal(tmp_path, {"X": SEQUENCES, "lengths": lengths})


def test_constant_and_empty_columns_of_a_shape_are_kept(tmp_path: Path) -> None:
    X = SEQUENCES.copy()
    X[:, 3:] = np.nan
    X[:, 0, 0] = 7

    dataset = load(tmp_path, {"X": X})

    np.testing.assert_array_equal(dataset.X.reshape(6, 4, 2), X)
    assert dataset.columns[7].kind == "numeric"
    assert dataset.columns[7].has_missing


def test_flat_columns_have_the_shape_that_the_spec_says(tmp_path: Path) -> None:
    frame = pd.DataFrame(IMAGES[:, 0].reshape(6, 20), columns=[f"p{j}" for j in range(20)])
    frame["p0"] = 0
    frame.assign(digit=Y, id=range(6)).to_csv(tmp_path / "rows.csv", index=False)
    spec = DataSpec(path="rows.csv", target="digit", drop=("id",), shape=image(1, 4, 5))

    dataset = load_dataset(spec, base=tmp_path)

    assert dataset.shape == Shape("image", (1, 4, 5))
    np.testing.assert_allclose(dataset.X, frame)
    np.testing.assert_array_equal(encode_rows(frame, dataset.columns), dataset.X)


@pytest.mark.parametrize("bundled", ["sklearn:digits"])
def test_bundled_images_may_be_given_a_shape(bundled: str) -> None:
    dataset = load_dataset(DataSpec(path=bundled, shape=image(1, 8, 8)), base=Path())

    assert dataset.X.shape == (1797, 64)


def test_a_shape_of_another_number_of_columns_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"X": IMAGES[:, 0, 0], "id": np.arange(6)}, shape=sequence(5, 1))

    assert "a sequence of 5 x 1 (steps, channels) has 5 columns; there are 6" in message
    assert "from 'x0' to 'id'" in message
    assert "data.drop" in message


def test_a_shape_of_words_is_refused_with_the_column(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,y\n1,red,p\n2,blue,q\n3,red,p\n")
    spec = DataSpec(path="rows.csv", target="y", shape=sequence(2, 1))

    with pytest.raises(DataError, match=r"data\.shape: .* holds numbers\n.*'b' is numeric, but"):
        load_dataset(spec, base=tmp_path)


def test_a_column_of_a_shape_is_of_no_other_kind(tmp_path: Path) -> None:
    X = IMAGES[:, 0, 0].round()

    message = refusal(tmp_path, {"X": X}, shape=sequence(5, 1), kinds={"x3": "categorical"})

    assert "data.kinds: 'x3' is categorical, but belongs to a sequence of 5 x 1" in message


def test_the_spec_may_add_and_leave_out_sizes_of_one(tmp_path: Path) -> None:
    dataset = load(tmp_path, {"X": IMAGES[:, 0]}, shape=image(1, 4, 5))

    assert dataset.shape == Shape("image", (1, 4, 5))
    np.testing.assert_array_equal(dataset.X, IMAGES[:, 0].reshape(6, 20))


def test_the_spec_does_not_lay_the_rows_of_a_file_out_anew(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"X": IMAGES}, shape=image(5, 4, 3))

    assert "data.shape: an image of 5 x 4 x 3" in message
    assert "a row is an image of 3 x 4 x 5" in message


def test_channels_that_seem_to_stand_last_are_refused_unless_the_spec_says_that_they_do_not(
    tmp_path: Path,
) -> None:
    X = RNG.normal(size=(6, 8, 8, 3))

    message = refusal(tmp_path, {"X": X})
    dataset = load(tmp_path, {"X": X}, shape=image(8, 8, 3))

    assert "channels seem to stand last" in message
    assert "set data.shape to {image: [8, 8, 3]}" in message
    assert dataset.shape == Shape("image", (8, 8, 3))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((6, 1, 1, 1, 1)), "X must have two dimensions (rows, columns), three"),
        (np.ones((6, 0, 2)), "rows without a value"),
        (np.ones((6, 2, 2)), "every row is the same: nothing to learn"),
        (np.full((6, 2, 2), "a"), "holds numbers"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, X: Any, message: str) -> None:
    assert message in refusal(tmp_path, {"X": X})


def test_rows_without_any_value_are_counted(tmp_path: Path) -> None:
    X = SEQUENCES.copy()
    X[2] = np.nan

    assert (
        "1 row has no value at all: a network sees the mean there"
        in load(tmp_path, {"X": X}).notices
    )


def test_the_same_numbers_in_another_shape_are_other_data(tmp_path: Path) -> None:
    flat = SEQUENCES.reshape(6, 8)
    fingerprints = {
        load(tmp_path, {"X": flat}).fingerprint,
        load(tmp_path, {"X": flat}, shape=sequence(8, 1)).fingerprint,
        load(tmp_path, {"X": flat}, shape=sequence(4, 2)).fingerprint,
        load(tmp_path, {"X": flat}, shape=image(1, 4, 2)).fingerprint,
    }

    assert len(fingerprints) == 4
    assert load(tmp_path, {"X": SEQUENCES}).fingerprint in fingerprints


def spec_of(shape: Any) -> DataSpec:
    data = {"path": "t.csv", "target": "y", "shape": shape}
    return load_spec({"name": "t", "data": data, "seed": 0}).data


def test_a_spec_says_image_or_sequence_or_neither() -> None:
    assert spec_of({"image": [1, 28, 28]}).shape.value == Shape("image", (1, 28, 28))
    assert spec_of({"sequence": [9, 2]}).shape.value == Shape("sequence", (9, 2))
    assert spec_of({}).shape.value is None


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"image": [28, 28]}, "data.shape: found {'image': [28, 28]}; image must have the sizes"),
        ({"image": [1, 0, 3]}, "data.shape.image[1]: found 0; must be at least 1"),
        ({"image": [1, 2, 3], "sequence": [2, 3]}, "must be image or sequence, not both"),
        ({"imgae": [1, 2, 3]}, "data.shape.imgae: unknown field; known: image, sequence. Did you"),
        ([1, 28, 28], "data.shape: found [1, 28, 28]; must be a mapping"),
    ],
)
def test_what_is_no_shape_is_refused_by_the_spec(shape: Any, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec_of(shape)

    assert message in str(caught.value)


@pytest.mark.shared_data
def test_mnist_keeps_its_784_pixels(shared_data: Path) -> None:
    spec = DataSpec(path="mnist_5k.csv.gz", target="digit", shape=image(1, 28, 28))

    dataset = load_dataset(spec, base=shared_data)

    assert dataset.X.shape == (5000, 784)
    assert dataset.X[:, 0].max() == 0  # a pixel of the margin
