"""A series the size of a word, as SVG without script: the shape of a metric in a list."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from obslib.figures import theme

_INSET = 2.0


def sparkline(values: npt.NDArray[np.float64], *, width: int = 120, height: int = 26) -> str:
    """An SVG of `n` values at equal distances, from its lowest to its highest; unknown values are gaps.

    Raises nothing: without a known value it is an empty picture that says so.

    Examples
    --------
    >>> sparkline(np.array([1.0, 2.0])).startswith("<svg")
    True
    """
    known = np.isfinite(values)
    head = f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label='
    if not known.any():
        return f'{head}"no data"></svg>'
    low, high = float(values[known].min()), float(values[known].max())
    level = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    x = np.linspace(_INSET, width - _INSET, len(values)) if len(values) > 1 else np.array([width / 2])
    y = height - _INSET - (height - 2 * _INSET) * level
    starts = known & ~np.concatenate([[False], known[:-1]])
    path = "".join(
        f"{'M' if start else 'L'}{across:.1f} {up:.1f}"
        for across, up, start in zip(x[known], y[known], starts[known], strict=True)
    )
    # a line of no length with round ends shows a value between two gaps
    return (
        f'{head}"from {low:.3g} to {high:.3g}"><path d="{path}" fill="none" stroke="{theme.LIGHT.series[0]}" '
        'stroke-width="1.5" stroke-linecap="round"/></svg>'
    )
