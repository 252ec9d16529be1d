"""Selectors: from a reader's samples to instant vectors and ranges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from obslib.core.series import SeriesBlock, is_stale
from obslib.languages.promql.context import Context, slice_series
from obslib.languages.promql.durations import milliseconds
from obslib.languages.promql.syntax import Range, Selector, Shift
from obslib.languages.promql.values import Bools, Floats, Grid, Ints, Ranges, Vector, counts_until

PIECE_CELLS = 1 << 20
"""Aggregations take in about this many cells (series x steps) at a time."""


def shifted_times(ctx: Context, shift: Shift, grid: Grid) -> Ints:
    """The times a selector looks at: the evaluation times moved by `@` and `offset`."""
    offset = 0 if shift.offset is None else milliseconds(ctx, shift.offset, grid)
    if shift.at is None:
        return grid.times - offset
    fixed = {"start": grid.query_start, "end": grid.query_end}.get(str(shift.at))
    moment = round(float(shift.at) * 1_000) if fixed is None else fixed
    return np.full(len(grid), moment - offset, dtype=np.int64)


def select_instant(ctx: Context, node: Selector, grid: Grid) -> tuple[Vector, Ints]:
    """The latest sample of each series within the lookback, and the times of those samples (ms)."""
    ends = shifted_times(ctx, node.shift, grid)
    block = ctx.read(node.matchers, int(ends[0]) - ctx.lookback + 1, int(ends[-1]), node.start)
    ctx.check_size(len(block.labels) * len(grid), node.start)
    values, times, present = latest(block, ends, ctx.lookback)
    alive = present.any(axis=1)
    rows = np.flatnonzero(alive)
    labels = [block.labels[int(row)] for row in rows]
    vector = Vector(labels, values[rows], present[rows], np.zeros(len(rows), dtype=bool))
    return vector, times[rows]


def select_vector(ctx: Context, node: Selector, grid: Grid) -> Vector:
    """The latest sample of each series within the lookback."""
    return select_instant(ctx, node, grid)[0]


def latest(block: SeriesBlock, ends: Ints, lookback: int) -> tuple[Floats, Ints, Bools]:
    """Value, time and presence of the last sample in `(end - lookback, end]`; a stale marker hides it."""
    shape = (len(block.labels), len(ends))
    if not len(block.times):
        return np.full(shape, np.nan), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    last = counts_until(block.times, block.offsets, ends) - 1
    safe = np.maximum(last, 0)
    values, times = block.values[safe], block.times[safe]
    present = (last >= block.offsets[:-1, None]) & (times > ends - lookback) & ~is_stale(values)
    return np.where(present, values, np.nan), times, present


def select_range(ctx: Context, node: Range, grid: Grid) -> Ranges:
    """The samples of a range selector, without stale markers."""
    start, end = _span(ctx, node, grid)
    block = ctx.read(node.selector.matchers, start, end, node.start)
    ctx.check_size(len(block.labels) * len(grid), node.start)
    return _ranges(ctx, node, grid, block)


def select_range_blocks(ctx: Context, node: Range, grid: Grid) -> Iterator[Ranges]:
    """The samples of a range selector, some series at a time."""
    start, end = _span(ctx, node, grid)
    for block in ctx.read_blocks(node.selector.matchers, start, end, node.start):
        stride = max(1, PIECE_CELLS // len(grid))
        for first in range(0, len(block.labels), stride):
            yield _ranges(ctx, node, grid, slice_series(block, first, min(first + stride, len(block.labels))))


def _span(ctx: Context, node: Range, grid: Grid) -> tuple[int, int]:
    """First and last time of the samples a range selector needs."""
    length = milliseconds(ctx, node.length, grid, positive=True)
    ends = shifted_times(ctx, node.selector.shift, grid)
    extension = node.selector.extension
    before, after = ctx.lookback if extension else 0, ctx.lookback if extension == "smoothed" else 0
    return int(ends[0]) - length + 1 - before, int(ends[-1]) + after


def _ranges(ctx: Context, node: Range, grid: Grid, block: SeriesBlock) -> Ranges:
    block = fresh(block)
    length = milliseconds(ctx, node.length, grid, positive=True)
    ends = shifted_times(ctx, node.selector.shift, grid)
    named = np.zeros(len(block.labels), dtype=bool)
    return Ranges(block.labels, named, block.offsets, block.times, block.values, ends, length, grid.times)


def fresh(block: SeriesBlock) -> SeriesBlock:
    """The block without its stale markers."""
    stale = is_stale(block.values)
    if not stale.any():
        return block
    before = np.concatenate([[0], np.cumsum(~stale)]).astype(np.int64)
    return SeriesBlock(block.labels, before[block.offsets], block.times[~stale], block.values[~stale])
