import zlib
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searcher.errors import StoreError
from searcher.store import arrays


@given(st.lists(st.integers(0, 2**31 - 1), max_size=50))
def test_any_positions_come_back_sorted_or_not(positions):
    key, data = arrays.encode(np.array(positions, dtype=np.int64))

    decoded = arrays.decode(key, arrays.ENCODING, len(positions), data)

    assert decoded.dtype == np.int64
    assert decoded.tolist() == positions


def test_the_key_is_the_hash_of_the_positions_as_int32():
    positions = np.array([3, 5, 8], dtype=np.int64)

    key, _ = arrays.encode(positions)

    assert key == sha256(bytes([3, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0])).hexdigest()


def test_the_bytes_are_compressed_differences():
    _, data = arrays.encode(np.array([3, 5, 8]))

    assert zlib.decompress(data) == bytes([3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])


def test_equal_arrays_have_one_key_whatever_their_type():
    narrow, _ = arrays.encode(np.array([1, 2, 3], dtype=np.uint8))
    wide, _ = arrays.encode(np.array([1, 2, 3], dtype=np.int64))

    assert narrow == wide


def test_a_sorted_part_of_fifty_thousand_rows_takes_less_than_a_byte_a_position():
    positions = np.sort(np.random.default_rng(0).permutation(50_000)[:40_000])

    _, data = arrays.encode(positions)

    assert len(data) < 40_000


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        (np.zeros((2, 2), dtype=int), "one dimension"),
        (np.array([0.5, 1.0]), "integers"),
        (np.array([-1, 2]), "from -1 to 2"),
        (np.array([2**31]), "to 2147483648"),
    ],
)
def test_what_is_no_array_of_positions_is_refused(positions, said):
    with pytest.raises(StoreError, match=said):
        arrays.encode(positions)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda key, data: (key, "pickle", 3, data), "known: 'delta-int32-zlib'"),
        (lambda key, data: (key, arrays.ENCODING, 2, data), "is damaged"),
        (lambda key, data: (key, arrays.ENCODING, 4, data), "is damaged"),
        (lambda key, data: (key, arrays.ENCODING, 3, data[:-6]), "is damaged"),
        (lambda key, data: (key, arrays.ENCODING, 3, b"x" + data), "is damaged"),
        (lambda key, data: ("0" * 64, arrays.ENCODING, 3, data), "another SHA-256"),
    ],
)
def test_damaged_bytes_are_noticed(damage, said):
    key, data = arrays.encode(np.array([3, 5, 8]))

    with pytest.raises(StoreError, match=said):
        arrays.decode(*damage(key, data))
