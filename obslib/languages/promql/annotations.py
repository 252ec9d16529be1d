"""Annotations and numbers in Prometheus' words."""

from __future__ import annotations

import numpy as np

from obslib.languages.promql.context import Context
from obslib.languages.promql.values import Floats


def warn_quantiles(ctx: Context, q: Floats, position: int) -> None:
    """Warn of each quantile outside 0 to 1."""
    for value in np.unique(q[~((q >= 0) & (q <= 1))]):
        ctx.warn(f"quantile value should be between 0 and 1, got {go_number(value)}", position)


def beyond(values: Floats, low: float, high: float) -> list[float]:
    """What aggregations warn of in a parameter: its largest value if above, its smallest if below; or NaN alone."""
    if np.isnan(values).any():
        return [float("nan")]
    largest, smallest = float(values.max()), float(values.min())
    return [largest] * (largest > high) + [smallest] * (smallest < low)


def go_number(value: float) -> str:
    """A number as Go's `%g` prints it: the shortest text that reads back as the same number."""
    if value == 0 or not np.isfinite(value) or 1e-4 <= abs(value) < 1e6:
        return plain_number(value)
    return np.format_float_scientific(value, trim="-", exp_digits=2)


def plain_number(value: float) -> str:
    """A number as Go's `strconv.FormatFloat(value, 'f', -1, 64)` writes it: never with an exponent."""
    if np.isnan(value) or np.isinf(value):
        return "NaN" if np.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return np.format_float_positional(value, trim="-")
