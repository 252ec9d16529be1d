"""What binary operators do with two arrays of numbers."""

from __future__ import annotations

import numpy as np

from obslib.languages.promql.values import Bools, Floats

ARITHMETIC: dict[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARE: dict[str, np.ufunc] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


def apply(op: str, left: Floats, right: Floats, *, keep: Floats, bool_result: bool) -> tuple[Floats, Bools]:
    """Values of an operation and where it keeps them: comparisons filter `keep`, unless asked for 0 and 1."""
    if op in ARITHMETIC:
        values = ARITHMETIC[op](left, right)
        return values, np.ones(values.shape, dtype=bool)
    true = COMPARE[op](left, right)
    if bool_result:
        return true.astype(np.float64), np.ones(true.shape, dtype=bool)
    return np.broadcast_to(keep, true.shape), true
