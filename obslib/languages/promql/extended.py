"""`anchored` and `smoothed` selectors: exact bounds of ranges instead of extrapolation.

`anchored` ranges also take the last sample before they start; `smoothed` ones interpolate at both
ends. Proposal: PROM-52, "Extended range selectors semantics", in prometheus/proposals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from obslib.languages.promql.context import Context
from obslib.languages.promql.rates import add_reset_corrections, changes, resets
from obslib.languages.promql.selecting import fresh, shifted_times
from obslib.languages.promql.syntax import Selector
from obslib.languages.promql.values import Bools, Floats, Grid, Ints, Ranges, Vector, Windows, counts_until


def extended_bounds(
    times: Ints, offsets: Ints, ends: Ints, length: int, lookback: int, *, smoothed: bool
) -> tuple[Ints, Ints]:
    """Flat bounds of the windows: with the sample before the range, and smoothed the one after its end."""
    starts = ends - length
    left, right = counts_until(times, offsets, starts), counts_until(times, offsets, ends)
    if not len(times):
        return left, right
    before = np.maximum(left - 1, 0)
    anchored = (left > offsets[:-1, None]) & (times[before] > starts - lookback)
    first = np.where(anchored, left - 1, left)
    if smoothed:
        after = np.minimum(right, len(times) - 1)
        exact = (right > offsets[:-1, None]) & (times[np.maximum(right - 1, 0)] == ends)
        right = right + (~exact & (right < offsets[1:, None]) & (times[after] <= ends + lookback))
    last = np.maximum(right - 1, 0)
    begun = times[np.minimum(first, len(times) - 1)] <= ends
    usable = (right > first) & (times[last] > starts) & begun
    return np.where(usable, first, left), np.where(usable, right, left)


def extended_ranges(ranges: Ranges, extension: str, lookback: int) -> Ranges:
    """The same range vector with extended windows."""
    return replace(ranges, bounds=partial(extended_bounds, lookback=lookback, smoothed=extension == "smoothed"))


def extended_function(function: str, extension: str) -> Callable[[Windows], tuple[Floats, Bools]]:
    """The version of a range function for extended windows."""
    if function in {"changes", "resets"}:
        return changes if function == "changes" else resets
    smoothed, counter, per_second = extension == "smoothed", function != "delta", function == "rate"
    return lambda windows: extended_rate(windows, smoothed=smoothed, counter=counter, per_second=per_second)


def extended_rate(windows: Windows, *, smoothed: bool, counter: bool, per_second: bool) -> tuple[Floats, Bools]:
    """Difference of the values at the bounds of the range; with `counter` resets are made up for."""
    first_times, first = windows.gather(windows.left)
    last_times, last = windows.gather(windows.right - 1)
    left, right = first, last
    if smoothed:
        following = windows.gather(windows.left + 1)
        at_start = _interpolate(first_times, first, *following, windows.starts, counter=counter)
        left = np.where(first_times < windows.starts, at_start, first)
        previous = windows.gather(windows.right - 2)
        at_end = _interpolate(*previous, last_times, last, windows.ends, counter=counter)
        right = np.where(last_times > windows.ends, at_end, last)
    result = right - left
    if counter:
        inner = replace(
            windows,
            left=windows.left + (first_times <= windows.starts),
            right=windows.right - (last_times >= windows.ends),
        )
        result = result + _corrections(inner, left, right)
    return result / windows.seconds if per_second else result, windows.counts > 0


def _interpolate(
    times: Ints, values: Floats, next_times: Ints, following: Floats, at: Ints, *, counter: bool
) -> Floats:
    """Value on the line between two samples; a counter that fell starts from zero."""
    origin = np.where(following < values, 0.0, values) if counter else values
    return np.asarray(origin + (following - origin) * (at - times) / (next_times - times))


def _corrections(inner: Windows, left: Floats, right: Floats) -> Floats:
    """What resets hide between the value at the left bound, the samples inside, and that at the right bound."""
    any_inside = inner.counts > 0
    first, last = inner.gather(inner.left)[1], inner.gather(inner.right - 1)[1]
    before_right = np.where(any_inside, last, left)
    empty = replace(inner, right=np.maximum(inner.right, inner.left))
    corrections = np.where(any_inside & (first < left), left, 0.0)
    add_reset_corrections(empty, corrections)
    return np.asarray(corrections + np.where(right < before_right, before_right, 0.0))


def smoothed_vector(ctx: Context, node: Selector, grid: Grid) -> Vector:
    """An instant selector that interpolates between the samples around each step."""
    ends = shifted_times(ctx, node.shift, grid)
    start, end = int(ends[0]) - ctx.lookback + 1, int(ends[-1]) + ctx.lookback
    block = fresh(ctx.read(node.matchers, start, end, node.start))
    ctx.check_size(len(block.labels) * len(grid), node.start)
    if not len(block.times):
        return Vector.empty(len(grid))
    after = counts_until(block.times, block.offsets, ends)
    before = np.maximum(after - 1, 0)
    times, values = block.times[before], block.values[before]
    present = (after > block.offsets[:-1, None]) & (times > ends - ctx.lookback)
    places = np.minimum(after, len(block.times) - 1)
    next_times = block.times[places]
    between = (times < ends) & (after < block.offsets[1:, None]) & (next_times <= ends + ctx.lookback)
    line = _interpolate(times, values, next_times, block.values[places], ends, counter=False)
    found = np.where(between, line, values)
    return Vector(block.labels, found, present, np.zeros(len(block.labels), dtype=bool)).pruned()
