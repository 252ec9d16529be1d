"""Duration expressions: arithmetic in brackets and after `offset`."""

from __future__ import annotations

import math

import numpy as np

from obslib.languages.promql.context import Context
from obslib.languages.promql.operators import ARITHMETIC
from obslib.languages.promql.syntax import Binary, Call, Expr, Number, Paren, Unary
from obslib.languages.promql.values import Grid

_LONGEST = 2**63 / 1e6
"""Go's time.Duration ends here, in milliseconds."""


def milliseconds(ctx: Context, node: Expr, grid: Grid, *, positive: bool = False) -> int:
    """The value of a duration expression in whole milliseconds.

    Raises
    ------
    QueryError
        If it is no number, too long, or with `positive` not longer than zero.
    """
    value = _seconds(ctx, node, grid) * 1_000
    if not math.isfinite(value) or abs(value) >= _LONGEST:
        raise ctx.fail("duration out of range", node.start, "give a duration below 292 years.")
    if positive and value < 1:
        raise ctx.fail("duration must be greater than 0", node.start, "give a longer range or step.")
    return round(value)


def _seconds(ctx: Context, node: Expr, grid: Grid) -> float:
    match node:
        case Number():
            value = node.value
        case Paren():
            value = _seconds(ctx, node.expr, grid)
        case Unary():
            value = _seconds(ctx, node.expr, grid) * (-1 if node.op == "-" else 1)
        case Binary():
            value = _arithmetic(ctx, node, _seconds(ctx, node.left, grid), _seconds(ctx, node.right, grid))
        case Call():
            value = _called(node.function, [_seconds(ctx, arg, grid) for arg in node.args], grid)
        case _:
            raise ctx.fail("not a duration", node.start, "write a duration such as 5m.")
    return value


def _called(function: str, args: list[float], grid: Grid) -> float:
    if function == "step":
        return grid.query_step / 1_000
    if function == "range":
        return (grid.query_end - grid.query_start) / 1_000
    return min(args) if function == "min_of" else max(args)


def _arithmetic(ctx: Context, node: Binary, left: float, right: float) -> float:
    if node.op in {"/", "%"} and right == 0:
        what = "division" if node.op == "/" else "modulo"
        raise ctx.fail(f"{what} by zero", node.op_start, "divide by something else.")
    return float(ARITHMETIC[node.op](np.float64(left), np.float64(right)))
