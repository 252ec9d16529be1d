"""Range and instant queries: parse, evaluate, shape the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError
from obslib.core.frames import metric_frame
from obslib.core.series import SeriesReader
from obslib.languages.promql.context import DEFAULTS, Context, Options
from obslib.languages.promql.evaluate import Evaluator
from obslib.languages.promql.faults import parse_error
from obslib.languages.promql.parser import parse
from obslib.languages.promql.relabel import drop_names, text_of
from obslib.languages.promql.syntax import MATRIX, SCALAR, STRING, Expr
from obslib.languages.promql.values import Grid, Ranges, Vector, label_key

Kind = Literal["scalar", "vector", "matrix", "string"]


@dataclass(frozen=True)
class Result:
    """What a query gave.

    Attributes
    ----------
    labels
        `k` label sets, with `__name__` where the query keeps it. Sorted, but for instant queries that
        order their result.
    times
        `n` moments, epoch milliseconds.
    values
        `n` x `k` numbers; NaN where `present` is false, but NaN may also be a value.
    present
        `n` x `k`, whether the series has a value at this time.
    kind
        `"matrix"` for range queries and range vectors, else `"vector"`, `"scalar"` or `"string"`.
    warnings, infos
        Annotations with positions, in Prometheus' words.
    text
        The value of a string.
    """

    labels: list[dict[str, str]]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    present: npt.NDArray[np.bool_]
    kind: Kind
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    text: str = ""

    def to_frame(self) -> pd.DataFrame:
        """The result as a metric frame; what is absent is NaN."""
        return metric_frame(self.times.view("datetime64[ms]"), self.values, self.labels)


def query_range(
    query: str,
    reader: SeriesReader,
    *,
    start: int,
    end: int,
    step: int,
    lookback: int = 300_000,
    max_samples: int = 50_000_000,
    options: Options = DEFAULTS,
) -> Result:
    """Evaluate PromQL at `start`, `start + step`, ... up to and including `end`.

    Parameters
    ----------
    query
        PromQL of Prometheus 3: ranges are open on the left, names may be UTF-8.
    reader
        Where the samples are.
    start, end, step
        Epoch milliseconds and milliseconds.
    lookback
        How old the latest sample of an instant selector may be, in milliseconds.
    max_samples
        Most samples or values any part of the query may hold.
    options
        What a Prometheus server would have been configured with.

    Raises
    ------
    QueryError
        If the query is wrong (with position), ambiguous for these series, or needs too many samples.
    UnsupportedError
        If it needs something this evaluator does not do, such as native histograms.

    Examples
    --------
    >>> from obslib.languages.promql import MemorySeries
    >>> up = MemorySeries.of([({"__name__": "hits_total"}, [0, 60_000, 120_000], [0, 60, 180])])
    >>> query_range("rate(hits_total[2m])", up, start=120_000, end=120_000, step=60_000).values.tolist()
    [[1.5]]
    """
    _check_grid(start, end, step)
    expr = parse(query)
    _check_kind(query, expr)
    ctx = Context(query, reader, lookback, max_samples, options, instant=False)
    grid = Grid.of_query(start, end, step)
    ctx.check_size(len(grid), expr.start)
    with np.errstate(all="ignore"):
        evaluator = Evaluator(ctx)
        vector = Vector.single(evaluator.scalar(expr, grid)) if expr.kind == SCALAR else evaluator.vector(expr, grid)
        vector = drop_names(ctx, vector, expr.start).pruned()
    order = sorted(range(len(vector)), key=lambda row: label_key(vector.labels[row]))
    return _result(ctx, vector.take(np.array(order, dtype=np.intp)), grid.times, "matrix")


def _check_grid(start: int, end: int, step: int) -> None:
    if step <= 0 or end < start:
        raise InputError(
            f"a range query needs a positive step and an end not before its start, got step {step} ms, start {start}, "
            f"end {end}.",
            fix="swap start and end, or give a step such as 60_000.",
        )


def _check_kind(query: str, expr: Expr) -> None:
    if expr.kind not in {SCALAR, "instant vector"}:
        raise parse_error(
            query,
            expr.start,
            f'invalid expression type "{expr.kind}" for range query, must be Scalar or instant Vector',
            "wrap a range in a function such as rate(...)." if expr.kind == MATRIX else "ask for it as instant query.",
        )


def query_instant(
    query: str,
    reader: SeriesReader,
    *,
    at: int,
    lookback: int = 300_000,
    max_samples: int = 50_000_000,
    options: Options = DEFAULTS,
) -> Result:
    """Evaluate PromQL at one moment (epoch milliseconds); the other parameters are those of `query_range`.

    A range vector gives its raw samples: `times` are then all their times, and the result is sparse.

    Examples
    --------
    >>> from obslib.languages.promql import MemorySeries
    >>> query_instant("1 + 1", MemorySeries.of([]), at=0).values.tolist()
    [[2.0]]
    """
    expr = parse(query)
    ctx = Context(query, reader, lookback, max_samples, options, instant=True)
    grid = Grid.of_query(at, at, 0)
    with np.errstate(all="ignore"):
        return _instant(ctx, expr, grid)


def _instant(ctx: Context, expr: Expr, grid: Grid) -> Result:
    evaluator = Evaluator(ctx)
    if expr.kind == STRING:
        nothing = Vector.empty(1)
        return Result([], grid.times, nothing.values.T, nothing.present.T, "string", text=text_of(expr))
    if expr.kind == SCALAR:
        return _result(ctx, Vector.single(evaluator.scalar(expr, grid)), grid.times, "scalar")
    if expr.kind == MATRIX:
        vector, times = _raw(evaluator.ranges(expr, grid))
        return _result(ctx, drop_names(ctx, vector, expr.start), times, "matrix")
    vector = drop_names(ctx, evaluator.vector(expr, grid), expr.start).pruned()
    return _result(ctx, vector, grid.times, "vector")


def _raw(ranges: Ranges) -> tuple[Vector, npt.NDArray[np.int64]]:
    """The samples of a range at one step, on the union of their times."""
    inside = (ranges.times > ranges.ends[0] - ranges.length) & (ranges.times <= ranges.ends[0])
    times, places = np.unique(ranges.times[inside], return_inverse=True)
    rows = np.repeat(np.arange(len(ranges)), np.diff(ranges.offsets))[inside]
    values = np.full((len(ranges), len(times)), np.nan)
    present = np.zeros(values.shape, dtype=bool)
    values[rows, places] = ranges.values[inside]
    present[rows, places] = True
    return Vector(ranges.labels, values, present, ranges.drop_name).pruned(), times


def _result(ctx: Context, vector: Vector, times: npt.NDArray[np.int64], kind: Kind) -> Result:
    values = np.where(vector.present, vector.values, np.nan).T
    labels = [dict(one) for one in vector.labels]
    return Result(labels, times, values, vector.present.T, kind, ctx.notes("warning"), ctx.notes("info"))
