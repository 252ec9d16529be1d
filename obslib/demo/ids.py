"""Random streams by purpose, and identifiers as Arrow strings without a Python object per row."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), dtype="S2")
_POD_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def stream(seed: int, *purpose: object) -> np.random.Generator:
    """An independent random generator for one purpose: adding a consumer changes no other's numbers."""
    return np.random.default_rng([seed, *(zlib.crc32(str(part).encode()) for part in purpose)])


def hex_ids(rng: np.random.Generator, count: int, size: int) -> pa.Array:
    """`count` identifiers of `size` random bytes in lower-case hex (trace ids have 16 bytes, span ids 8)."""
    raw = np.frombuffer(rng.bytes(count * size), dtype=np.uint8)
    return fixed_text(_HEX[raw].tobytes(), count, 2 * size)


def fixed_text(joined: bytes, count: int, width: int) -> pa.Array:
    """`count` strings of `width` bytes each that lie end to end in `joined`."""
    offsets = np.arange(count + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(joined))


def pod_suffix(rng: np.random.Generator, length: int) -> str:
    """A name ending as Kubernetes makes them: no vowels, so that no word comes out."""
    return "".join(_POD_LETTERS[i] for i in rng.integers(0, len(_POD_LETTERS), length))


def zipf(rng: np.random.Generator, count: int, kinds: int, power: float = 1.1) -> npt.NDArray[np.int64]:
    """`count` draws from `kinds` things of which few are popular: rank `k` weighs `(k + 1) ** -power`."""
    weights = np.cumsum((np.arange(kinds) + 1.0) ** -power)
    return np.searchsorted(weights / weights[-1], rng.random(count)).astype(np.int64)


def words(dictionary: list[str], codes: npt.NDArray[np.integer]) -> pa.DictionaryArray:
    """A dictionary column as the layout has it: 32-bit codes into `dictionary`."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(dictionary, pa.string()))
