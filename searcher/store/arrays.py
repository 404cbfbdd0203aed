"""How positions of rows become bytes, and how anyone gets them back.

``delta-int32-zlib``: the first position, then the difference from each position to the next, as
little-endian 32-bit integers, compressed with zlib (RFC 1950). A sorted half of 50,000 rows takes
about 10 kB. The key of an array is the SHA-256 of its positions (not their differences) as
little-endian 32-bit integers, so equal arrays are stored once, whoever compressed them.
"""

import zlib
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.errors import StoreError

ENCODING = "delta-int32-zlib"


def encode(positions: Any) -> tuple[str, bytes]:
    """Return the key and the bytes of an array of positions.

    Parameters
    ----------
    positions : array of integers, shape (n,)
        Each from 0 to 2**31 - 1.

    Raises
    ------
    StoreError
        When it is not such an array.
    """
    array = np.asarray(positions)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise StoreError(
            f"a fold's positions have shape {array.shape} and type {array.dtype}; "
            "allowed: one dimension of integers"
        )
    if array.size and (array.min() < 0 or array.max() >= 2**31):
        raise StoreError(
            f"a fold's positions go from {array.min()} to {array.max()}; allowed: 0 to 2147483647"
        )
    plain = array.astype("<i4")
    differences = np.diff(plain, prepend=np.zeros(1, "<i4")).astype("<i4")
    return sha256(plain.tobytes()).hexdigest(), zlib.compress(differences.tobytes())


def decode(key: str, encoding: str, length: int, data: bytes) -> NDArray[np.int64]:
    """Return the positions of a row of ``index_arrays``.

    Returns
    -------
    positions : array of int64, shape (length,)

    Raises
    ------
    StoreError
        When the bytes are not what ``key`` says, or the encoding is unknown.
    """
    if encoding != ENCODING:
        raise StoreError(f"index array {key}: encoding {encoding!r}; known: {ENCODING!r}")
    try:
        # One byte more than expected shows that there are more, and bounds what they can ask for.
        raw = zlib.decompressobj().decompress(data, 4 * length + 1)
    except zlib.error as error:
        raise StoreError(f"index array {key} is damaged: {error}") from error
    if len(raw) != 4 * length:
        raise StoreError(f"index array {key} is damaged: {len(raw)} bytes for {length} positions")
    plain = np.cumsum(np.frombuffer(raw, "<i4"), dtype=np.int64)
    if sha256(plain.astype("<i4").tobytes()).hexdigest() != key:
        raise StoreError(f"index array {key} is damaged: its positions have another SHA-256")
    return plain
