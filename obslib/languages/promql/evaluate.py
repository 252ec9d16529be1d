"""Evaluation of the syntax tree: every node gives its value at all steps of a grid at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from obslib.languages.promql import matching, relabel
from obslib.languages.promql.aggregation import evaluate_aggregation
from obslib.languages.promql.context import Context
from obslib.languages.promql.durations import milliseconds
from obslib.languages.promql.extended import smoothed_vector
from obslib.languages.promql.faults import unsupported
from obslib.languages.promql.functions import call_scalar, call_vector
from obslib.languages.promql.operators import ARITHMETIC, apply
from obslib.languages.promql.selecting import select_range, select_vector, shifted_times
from obslib.languages.promql.signatures import TIME_DEPENDENT
from obslib.languages.promql.syntax import (
    SCALAR,
    SET_OPERATORS,
    TRIMS,
    VECTOR,
    Aggregation,
    Binary,
    Call,
    Expr,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
    children,
    unwrap,
)
from obslib.languages.promql.values import Floats, Grid, Ranges, Vector


class Evaluator:
    """Evaluates expressions of one query."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def vector(self, node: Expr, grid: Grid) -> Vector:
        """The value of an instant vector expression at every step."""
        if len(grid) > 1 and step_invariant(node):
            return self.vector(node, grid.first()).spread(len(grid))
        result = self._vector(node, grid)
        self.ctx.check_size(result.values.size, node.start)
        return result if self.ctx.options.delayed_names else relabel.drop_names(self.ctx, result, node.start)

    def _vector(self, node: Expr, grid: Grid) -> Vector:
        match node:
            case Paren():
                result = self._vector(node.expr, grid)
            case Selector():
                result = (smoothed_vector if node.extension else select_vector)(self.ctx, node, grid)
            case Call():
                result = call_vector(self, node, grid)
            case Aggregation():
                result = evaluate_aggregation(self, node, grid)
            case Binary():
                result = self.binary(node, grid)
            case Unary():
                result = self.unary(node, grid)
            case _:
                raise TypeError(type(node))
        return result

    def unary(self, node: Unary, grid: Grid) -> Vector:
        """A sign in front of a vector; `-` drops the name."""
        vector = self.vector(node.expr, grid)
        if node.op == "+":
            return vector
        negated = replace(vector.dropping_names(), values=-vector.values)
        return relabel.merge_equal(self.ctx, negated, node.start)

    def scalar(self, node: Expr, grid: Grid) -> Floats:
        """The value of a scalar expression at every step."""
        match node:
            case Number(value=value):
                return np.full(len(grid), value)
            case Paren(expr=expr):
                return self.scalar(expr, grid)
            case Unary(op=op, expr=expr):
                inner = self.scalar(expr, grid)
                return -inner if op == "-" else inner
            case Binary():
                self._refuse_trim(node)
                left, right = self.scalar(node.left, grid), self.scalar(node.right, grid)
                return apply(node.op, left, right, keep=left, bool_result=True)[0]
            case Call():
                return call_scalar(self, node, grid)
        raise TypeError(type(node))

    def ranges(self, node: Expr, grid: Grid) -> Ranges:
        """The samples of a range selector or subquery."""
        inner = unwrap(node)
        if isinstance(inner, Range):
            return select_range(self.ctx, inner, grid)
        assert isinstance(inner, Subquery)  # noqa: S101 - the type rules let nothing else through
        return self.subquery(inner, grid)

    def subquery(self, node: Subquery, grid: Grid) -> Ranges:
        """Evaluate the inner expression on its own grid, whose times are multiples of the step."""
        length = milliseconds(self.ctx, node.length, grid, positive=True)
        step = self.ctx.options.subquery_step
        if node.step is not None:
            step = milliseconds(self.ctx, node.step, grid, positive=True)
        ends = shifted_times(self.ctx, node.shift, grid)
        start = (int(ends[0]) - length) // step * step + step
        times = np.arange(start, int(ends[-1]) + 1, step, dtype=np.int64)
        self.ctx.check_size(len(times), node.start)
        inner = Grid(times, step, grid.query_start, grid.query_end, grid.query_step)
        vector = self.vector(node.expr, inner) if len(times) else Vector.empty(0)
        counts = vector.present.sum(axis=1)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        rows, columns = np.nonzero(vector.present)
        return Ranges(
            vector.labels,
            vector.drop_name,
            offsets,
            times[columns],
            vector.values[rows, columns],
            ends,
            length,
            grid.times,
        )

    def binary(self, node: Binary, grid: Grid) -> Vector:
        """A binary operation with at least one vector."""
        self._refuse_trim(node)
        if node.left.kind == VECTOR == node.right.kind:
            left, right = self.vector(node.left, grid), self.vector(node.right, grid)
            if node.op in SET_OPERATORS:
                return matching.combine_sets(self.ctx, node, left, right)
            return matching.combine_vectors(self.ctx, node, left, right)
        swapped = node.left.kind == SCALAR
        vector = self.vector(node.right if swapped else node.left, grid)
        scalar = np.broadcast_to(self.scalar(node.left if swapped else node.right, grid), vector.values.shape)
        left_values, right_values = (scalar, vector.values) if swapped else (vector.values, scalar)
        values, kept = apply(node.op, left_values, right_values, keep=vector.values, bool_result=node.bool_result)
        dropped = vector.drop_name | (node.op in ARITHMETIC or node.bool_result)
        result = Vector(vector.labels, values, vector.present & kept, dropped)
        return relabel.merge_equal(self.ctx, result.pruned(), node.start)

    def _refuse_trim(self, node: Binary) -> None:
        if node.op in TRIMS:
            raise unsupported(
                self.ctx.query,
                node.op_start,
                f"trimming native histograms with {node.op} is",
                "use histogram_fraction on classic buckets.",
            )


def step_invariant(node: Expr) -> bool:
    """Whether an expression has the same value at all steps, because `@` fixes every selector."""
    match node:
        case Number() | Text():
            return True
        case Selector() | Subquery():
            return node.shift.at is not None
        case Call():
            # timestamp() of a selector gives the times of samples; of anything else, the evaluation time.
            first = unwrap(node.args[0]) if node.args else node
            of_samples = node.function in {"timestamp", "info"} and isinstance(first, Selector)
            if node.function in TIME_DEPENDENT and not of_samples:
                return False
        case Aggregation():
            # As in Prometheus, the parameter does not count: it is then taken at the first step.
            return step_invariant(node.expr)
    return all(step_invariant(child) for child in children(node))
