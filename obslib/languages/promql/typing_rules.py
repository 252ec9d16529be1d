"""The type rules of PromQL, with Prometheus' words for what breaks them."""

from __future__ import annotations

from dataclasses import replace

from obslib.core.errors import nearest
from obslib.languages.promql.faults import parse_error
from obslib.languages.promql.lexer import Token
from obslib.languages.promql.signatures import FUNCTIONS, PARAMETERS, Signature
from obslib.languages.promql.syntax import (
    COMPARISONS,
    MATRIX,
    SCALAR,
    SET_OPERATORS,
    VECTOR,
    Aggregation,
    Binary,
    Call,
    Expr,
    Range,
    Subquery,
    Unary,
    unwrap,
)

_EXTENDED = {
    "anchored": ("changes", "delta", "increase", "rate", "resets"),
    "smoothed": ("delta", "increase", "rate"),
}


def signature(query: str, name: Token) -> Signature:
    """The signature of a function that is being called."""
    if name.text in FUNCTIONS:
        return FUNCTIONS[name.text]
    raise parse_error(query, name.start, f'unknown function with name "{name.text}"', nearest(name.text, FUNCTIONS))


def call(query: str, node: Call) -> Call:
    """Check number and types of a call's arguments."""
    wanted = FUNCTIONS[node.function]
    most = None if wanted.repeat else len(wanted.args)
    given = len(node.args)
    if given < wanted.required or (most is not None and given > most):
        bound = "" if wanted.required == most else "at least " if given < wanted.required else "at most "
        count = wanted.required if given < wanted.required else most
        raise parse_error(
            query,
            node.start,
            f'expected {bound}{count} argument(s) in call to "{node.function}", got {given}',
            f"its arguments are: {', '.join(wanted.args) or 'none'}.",
        )
    for place, arg in enumerate(node.args):
        expected = wanted.args[min(place, len(wanted.args) - 1)]
        expect_kind(query, arg, expected, f'call to function "{node.function}"')
        check_extension(query, node, arg)
    return node


def check_extension(query: str, node: Call, arg: Expr) -> None:
    """`anchored` and `smoothed` ranges only fit some functions."""
    inner = unwrap(arg)
    extension = inner.selector.extension if isinstance(inner, Range) else ""
    if extension and node.function not in _EXTENDED[extension]:
        names = ", ".join(_EXTENDED[extension])
        raise parse_error(
            query,
            node.start,
            f"{extension} modifier can only be used with: {names} - not with {node.function}",
            f"drop {extension} or use one of these functions.",
        )


def expect_kind(query: str, node: Expr, kind: str, where: str) -> None:
    """Refuse a node of another type."""
    if node.kind == kind:
        return
    fix = f"give a {kind} here."
    if kind == MATRIX and node.kind == VECTOR:
        fix = "add a range, for example [5m]."
    elif kind == VECTOR and node.kind == MATRIX:
        fix = "wrap the range in a function such as rate(...), or drop the range."
    raise parse_error(query, node.start, f"expected type {kind} in {where}, got {node.kind}", fix)


def unary(query: str, node: Unary) -> Unary:
    """A sign needs a scalar or an instant vector."""
    if node.kind not in {SCALAR, VECTOR}:
        raise parse_error(
            query,
            node.start,
            f'unary expression only allowed on expressions of type scalar or instant vector, got "{node.kind}"',
            "apply the sign to a number or an instant vector.",
        )
    return node


def subquery(query: str, node: Subquery) -> Subquery:
    """A subquery needs an instant vector."""
    if node.expr.kind != VECTOR:
        raise parse_error(
            query,
            node.start,
            f"subquery is only allowed on instant vector, got {node.expr.kind} instead",
            "wrap scalars in vector(...).",
        )
    return node


def aggregation(query: str, node: Aggregation) -> Aggregation:
    """An aggregation needs an instant vector, and its parameter's type."""
    expect_kind(query, node.expr, VECTOR, "aggregation expression")
    if node.param is not None:
        expect_kind(query, node.param, PARAMETERS[node.op], "aggregation parameter")
    return node


def binary(query: str, node: Binary) -> Binary:
    """Operands must be scalars or instant vectors, and modifiers must fit the operator."""
    for side in (node.left, node.right):
        if side.kind not in {SCALAR, VECTOR}:
            raise parse_error(
                query,
                side.start,
                "binary expression must contain only scalar and instant vector types",
                "take a function of the range first." if side.kind == MATRIX else "use numbers, not strings.",
            )
    scalars = node.left.kind == SCALAR and node.right.kind == SCALAR
    problem, fix = _binary_fault(node, scalars=scalars)
    if problem:
        raise parse_error(query, node.op_start, problem, fix)
    return replace(node, kind=SCALAR) if scalars else node


def _binary_fault(node: Binary, *, scalars: bool) -> tuple[str, str]:
    """The first broken rule and how to mend it, or two empty texts."""
    matching, both_vectors = node.matching, node.left.kind == VECTOR == node.right.kind
    filled = matching.fill_left is not None or matching.fill_right is not None
    comparison, sets = node.op in COMPARISONS, node.op in SET_OPERATORS
    twice = sorted(set(matching.labels) & set(matching.include)) if matching.on else []
    rules = [
        (
            node.bool_result and not comparison,
            "bool modifier can only be used on comparison operators",
            "drop bool.",
        ),
        (
            scalars and comparison and not node.bool_result,
            "comparisons between scalars must use BOOL modifier",
            f"write {node.op} bool.",
        ),
        (
            sets and not both_vectors,
            f'set operator "{node.op}" not allowed in binary scalar expression',
            "use vectors on both sides.",
        ),
        (
            (matching.explicit or filled) and not both_vectors,
            "vector matching only allowed between instant vectors",
            "drop on, ignoring and fill.",
        ),
        (
            sets and bool(matching.many),
            f'no grouping allowed for "{node.op}" operation',
            f"drop group_{matching.many}.",
        ),
        (
            sets and filled,
            f'filling in missing series not allowed for "{node.op}" operation',
            "drop fill.",
        ),
        (
            bool(twice),
            f'label "{"".join(twice[:1])}" must not occur in ON and GROUP clause at once',
            "drop it from one of them.",
        ),
    ]
    return next(((problem, fix) for broken, problem, fix in rules if broken), ("", ""))
