"""PromQL text to a typed syntax tree: a precedence-climbing parser over the grammar of Prometheus 3.

Prometheus' own grammar: promql/parser/generated_parser.y in prometheus/prometheus.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from obslib.languages.promql import typing_rules as rules
from obslib.languages.promql.faults import parse_error
from obslib.languages.promql.lexer import Token, tokenize
from obslib.languages.promql.selector_parser import SelectorParser
from obslib.languages.promql.signatures import AGGREGATIONS, PARAMETERS
from obslib.languages.promql.syntax import (
    COMPARISONS,
    STRING,
    Aggregation,
    Binary,
    Call,
    Expr,
    Matching,
    Number,
    Paren,
    Range,
    Selector,
    Shift,
    Subquery,
    Text,
    Unary,
)

_PRECEDENCE = {"or": 1, "and": 2, "unless": 2, **dict.fromkeys([*COMPARISONS, "</", ">/"], 3), "+": 4, "-": 4}
_PRECEDENCE |= {"*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6}
_UNARY = 6
_MAX_DEPTH = 200


def parse(query: str) -> Expr:
    """Parse and type-check a query.

    Raises
    ------
    QueryError
        With Prometheus-like words, the position and a caret under the offending text.
    """
    return Parser(query, tokenize(query)).parse()


class Parser(SelectorParser):
    """One parse of one query."""

    def parse(self) -> Expr:
        """The whole query."""
        if self.token.kind == "end":
            raise parse_error(self.query, 0, "no expression found in input", "write a query, for example up.")
        expr = self.expression()
        if self.token.kind != "end":
            self.unexpected("an operator or the end of the query")
        return expr

    def expression(self, minimum: int = 1) -> Expr:
        """An expression whose operators bind at least as strongly as `minimum`."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise parse_error(self.query, self.token.start, "the query is nested too deeply", "split the query.")
        left = self.unary()
        while (strength := _PRECEDENCE.get(self.operator(), 0)) >= minimum:
            left = self.binary(left, strength)
        self.depth -= 1
        return left

    def operator(self) -> str:
        """The operator at hand, in lower case if it is a word."""
        return self.token.text.lower() if self.token.kind == "name" else self.token.kind

    def binary(self, left: Expr, strength: int) -> Expr:
        """The rest of a binary operation, from its operator on."""
        token, op = self.advance(), self.previous_operator()
        bool_result = self.accept_word("bool") is not None
        matching = self.matching()
        right = self.expression(strength if op == "^" else strength + 1)
        node = Binary(op, left, right, bool_result, matching, left.start, token.start)
        return rules.binary(self.query, node)

    def previous_operator(self) -> str:
        """The operator just passed."""
        token = self.tokens[self.index - 1]
        return token.text.lower() if token.kind == "name" else token.kind

    def matching(self) -> Matching:
        """`on`, `ignoring`, `group_left`, `group_right` and `fill` after an operator."""
        found = Matching()
        if word := self.accept_word("on", "ignoring"):
            found = Matching(on=word.text.lower() == "on", labels=self.labels(), explicit=True)
            if side := self.accept_word("group_left", "group_right"):
                include = self.labels() if self.token.kind == "(" else ()
                many = "left" if side.text.lower() == "group_left" else "right"
                found = replace(found, many=many, include=include)
        elif self.is_word("group_left", "group_right"):
            self.unexpected("on(...) or ignoring(...) before it")
        while self.is_word("fill", "fill_left", "fill_right") and self.peek().kind == "(":
            word = self.advance()
            value = self.fill_value()
            sides = word.text.lower()
            found = replace(
                found,
                fill_left=found.fill_left if sides == "fill_right" else value,
                fill_right=found.fill_right if sides == "fill_left" else value,
            )
        return found

    def fill_value(self) -> float:
        """The signed number in the parentheses of `fill(...)`."""
        self.expect("(", "the number to fill in")
        sign = -1.0 if self.token.kind == "-" else 1.0
        if self.token.kind in {"-", "+"}:
            self.advance()
        number = self.expect("number", "a number")
        self.expect(")", "a closing parenthesis")
        return sign * float(number.value)

    def unary(self) -> Expr:
        """A sign and its operand, or an operand."""
        if self.token.kind not in {"+", "-"}:
            return self.postfix(self.primary())
        sign = self.advance()
        operand = self.expression(_UNARY)
        if isinstance(operand, Number):
            return Number(-operand.value if sign.kind == "-" else operand.value, sign.start)
        return rules.unary(self.query, Unary(sign.kind, operand, sign.start, operand.kind))

    def primary(self) -> Expr:
        """A literal, a selector, a call, an aggregation, or an expression in parentheses."""
        token = self.token
        match token.kind:
            case "number" | "duration":
                self.advance()
                return Number(float(token.value), token.start)
            case "string":
                self.advance()
                return Text(str(token.value), token.start)
            case "(":
                self.advance()
                inner = self.expression()
                self.expect(")", "a closing parenthesis")
                return Paren(inner, token.start, inner.kind)
            case "{":
                return self.selector()
            case "name":
                return self.named(token)
        return self.unexpected("an expression")

    def named(self, token: Token) -> Expr:
        """What starts with a word: aggregation, call or metric name."""
        word, following = token.text.lower(), self.peek()
        if word in AGGREGATIONS and (following.kind == "(" or following.text.lower() in {"by", "without"}):
            return self.aggregation()
        if following.kind == "(":
            return self.call()
        if word in {"on", "ignoring", "group_left", "group_right", "bool"}:
            self.unexpected("an expression")
        return self.selector()

    def call(self) -> Call:
        """A function call."""
        name = self.advance()
        signature = rules.signature(self.query, name)
        args = self.arguments(allow_empty_matchers=name.text == "info")
        return rules.call(self.query, Call(name.text, args, name.start, signature.returns))

    def arguments(self, *, allow_empty_matchers: bool = False) -> tuple[Expr, ...]:
        """Expressions in parentheses, separated by commas."""
        self.expect("(", "an opening parenthesis")
        args: list[Expr] = []
        while self.token.kind != ")":
            # The second argument of info() only chooses labels, so it may match everything.
            self.allow_empty = allow_empty_matchers and bool(args)
            args.append(self.expression())
            self.allow_empty = False
            if self.token.kind == ")":
                break
            self.expect(",", "a comma or a closing parenthesis")
            if self.token.kind == ")":
                self.unexpected("another argument")
        self.advance()
        return tuple(args)

    def aggregation(self) -> Aggregation:
        """An aggregation with its grouping before or after the arguments."""
        name = self.advance()
        op = name.text.lower()
        grouping = self.accept_word("by", "without")
        labels = self.labels() if grouping else ()
        args = self.arguments()
        if grouping is None and (grouping := self.accept_word("by", "without")):
            labels = self.labels()
        without = grouping is not None and grouping.text.lower() == "without"
        wanted = 2 if op in PARAMETERS else 1
        if len(args) != wanted:
            raise parse_error(
                self.query,
                name.start,
                f"wrong number of arguments for aggregate expression provided, expected {wanted}, got {len(args)}",
                f"{op}({'parameter, ' if wanted == 2 else ''}vector) takes exactly {wanted}.",
            )
        param = args[0] if wanted == 2 else None
        return rules.aggregation(self.query, Aggregation(op, args[-1], param, labels, without, name.start))

    def postfix(self, node: Expr) -> Expr:
        """Ranges, subqueries, `offset`, `@`, `anchored` and `smoothed` after an operand."""
        while True:
            if self.token.kind == "[":
                node = self.brackets(node)
            elif self.token.kind == "@" or self.is_word("offset"):
                node = self.shifted(node)
            elif self.is_word("anchored", "smoothed"):
                node = self.extended(node)
            else:
                return node

    def brackets(self, node: Expr) -> Range | Subquery:
        """`[5m]` or `[30m:1m]`."""
        bracket = self.advance()
        length = self.duration()
        if self.token.kind == ":":
            self.advance()
            step = None if self.token.kind == "]" else self.duration()
            self.expect("]", "a closing bracket")
            return rules.subquery(self.query, Subquery(node, length, step, node.start))
        self.expect("]", "a closing bracket")
        if not isinstance(node, Selector):
            raise parse_error(
                self.query,
                bracket.start,
                "ranges only allowed for vector selectors",
                "write a subquery, for example [5m:], to take a range of an expression.",
            )
        if node.shift != Shift():
            raise parse_error(
                self.query,
                bracket.start,
                "no offset or @ modifiers allowed before range",
                "write them after the range: metric[5m] offset 1h.",
            )
        return Range(node, length, node.start)

    def shifted(self, node: Expr) -> Expr:
        """`offset` or `@` after a selector or subquery."""
        word = self.advance()
        target = node.selector if isinstance(node, Range) else node
        if not isinstance(target, Selector | Subquery):
            raise parse_error(
                self.query,
                word.start,
                f"{word.text} modifier must be preceded by a selector or a subquery",
                f"put {word.text} directly after the selector it should shift.",
            )
        taken = target.shift.at if word.kind == "@" else target.shift.offset
        if taken is not None:
            raise parse_error(
                self.query, word.start, f"{word.text} may not be set multiple times", "keep one of the two."
            )
        shift = (
            replace(target.shift, at=self.moment())
            if word.kind == "@"
            else replace(target.shift, offset=self.offset_duration())
        )
        if isinstance(node, Range):
            return replace(node, selector=replace(node.selector, shift=shift))
        return replace(target, shift=shift)

    def extended(self, node: Expr) -> Expr:
        """`anchored` or `smoothed` after a selector."""
        word = self.advance()
        kind = word.text.lower()
        selector = node.selector if isinstance(node, Range) else node
        if not isinstance(selector, Selector) or selector.extension:
            raise parse_error(
                self.query,
                word.start,
                f"{kind} modifier must be preceded by one selector",
                f"put {kind} directly after the selector.",
            )
        if kind == "anchored" and not isinstance(node, Range):
            raise parse_error(
                self.query, word.start, "anchored modifier can only be used with range vectors", "add a range."
            )
        marked = replace(selector, extension=kind)
        return replace(node, selector=marked) if isinstance(node, Range) else marked

    def unexpected(self, wanted: str) -> NoReturn:
        """Refuse the token at hand."""
        token = self.token
        found = "end of input" if token.kind == "end" else f"{'string' if token.kind == STRING else ''} {token.text!r}"
        raise parse_error(self.query, token.start, f"unexpected {found.strip()}", f"expected {wanted} here.")
