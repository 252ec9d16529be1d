"""The syntax tree of PromQL. Every node knows where in the query it starts (`at` character offsets)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from obslib.core.series import Matcher

SCALAR = "scalar"
VECTOR = "instant vector"
MATRIX = "range vector"
STRING = "string"

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SET_OPERATORS = frozenset({"and", "or", "unless"})
TRIMS = frozenset({"</", ">/"})


@dataclass(frozen=True)
class Number:
    """A number, or a duration literal in seconds."""

    value: float
    start: int
    kind: str = SCALAR


@dataclass(frozen=True)
class Text:
    """A string literal, unescaped."""

    value: str
    start: int
    kind: str = STRING


@dataclass(frozen=True)
class Shift:
    """`offset` and `@` of a selector or subquery; `offset` is a duration expression, `at` a moment.

    `at` is seconds since the epoch, or `"start"` or `"end"` of the query.
    """

    offset: Expr | None = None
    at: float | Literal["start", "end"] | None = None


@dataclass(frozen=True)
class Selector:
    """An instant vector selector. `extension` is `"anchored"`, `"smoothed"` or empty."""

    name: str
    matchers: tuple[Matcher, ...]
    start: int
    shift: Shift = Shift()
    extension: str = ""
    kind: str = VECTOR


@dataclass(frozen=True)
class Range:
    """A range vector selector; `length` is a duration expression."""

    selector: Selector
    length: Expr
    start: int
    kind: str = MATRIX


@dataclass(frozen=True)
class Subquery:
    """`expr[length:step]`; without a step the engine's default applies."""

    expr: Expr
    length: Expr
    step: Expr | None
    start: int
    shift: Shift = Shift()
    kind: str = MATRIX


@dataclass(frozen=True)
class Call:
    """A function call."""

    function: str
    args: tuple[Expr, ...]
    start: int
    kind: str


@dataclass(frozen=True)
class Aggregation:
    """An aggregation; `labels` are those of `by` or, with `without`, of `without`."""

    op: str
    expr: Expr
    param: Expr | None
    labels: tuple[str, ...]
    without: bool
    start: int
    kind: str = VECTOR


@dataclass(frozen=True)
class Matching:
    """How two vectors are matched.

    `on` says whether `labels` are those of `on` or of `ignoring`; `many` is the side with several
    series per match (`"left"`, `"right"`, or empty for one to one).
    """

    on: bool = False
    labels: tuple[str, ...] = ()
    many: str = ""
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None
    explicit: bool = False


@dataclass(frozen=True)
class Binary:
    """A binary operation; `op_start` is where the operator stands."""

    op: str
    left: Expr
    right: Expr
    bool_result: bool
    matching: Matching
    start: int
    op_start: int
    kind: str = field(default=VECTOR)


@dataclass(frozen=True)
class Unary:
    """`+` or `-` in front of an expression."""

    op: str
    expr: Expr
    start: int
    kind: str


@dataclass(frozen=True)
class Paren:
    """An expression in parentheses."""

    expr: Expr
    start: int
    kind: str


Expr = Number | Text | Selector | Range | Subquery | Call | Aggregation | Binary | Unary | Paren


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions of a node, in order; durations are not among them."""
    match node:
        case Subquery(expr=expr) | Unary(expr=expr) | Paren(expr=expr):
            return (expr,)
        case Range(selector=selector):
            return (selector,)
        case Call(args=args):
            return args
        case Aggregation(expr=expr, param=param):
            return (expr,) if param is None else (param, expr)
        case Binary(left=left, right=right):
            return (left, right)
        case _:
            return ()


def walk(node: Expr) -> Iterator[Expr]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def unwrap(node: Expr) -> Expr:
    """The expression inside any parentheses."""
    while isinstance(node, Paren):
        node = node.expr
    return node
