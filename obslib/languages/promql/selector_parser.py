"""The leaves of the grammar: selectors with their matchers, label lists, durations and moments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NoReturn

from obslib.core.series import METRIC_NAME, Matcher
from obslib.languages.promql.faults import parse_error
from obslib.languages.promql.lexer import Token
from obslib.languages.promql.regex import portable_pattern
from obslib.languages.promql.syntax import Binary, Call, Expr, Matching, Number, Paren, Selector, Unary

_MATCH_OPERATORS = ("=", "!=", "=~", "!~")
_DURATION_FUNCTIONS = {"step": 0, "range": 0, "min_of": 2, "max_of": 2}
_DURATION_PRECEDENCE = {"+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "^": 6}


@dataclass
class SelectorParser:
    """A position in the tokens of a query, and how to read the leaves of the grammar from there."""

    query: str
    tokens: list[Token]
    index: int = 0
    depth: int = field(default=0, init=False)
    allow_empty: bool = field(default=False, init=False)

    @property
    def token(self) -> Token:
        """The token at hand."""
        return self.tokens[self.index]

    def peek(self) -> Token:
        """The token after the one at hand."""
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Pass the token at hand and return it."""
        token = self.token
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def is_word(self, *words: str) -> bool:
        """Whether the token at hand is one of these keywords, in any case."""
        return self.token.kind == "name" and self.token.text.lower() in words

    def accept_word(self, *words: str) -> Token | None:
        """Pass one of these keywords if it is at hand."""
        return self.advance() if self.is_word(*words) else None

    def expect(self, kind: str, wanted: str) -> Token:
        """Pass a token of this kind, or refuse the one at hand."""
        if self.token.kind != kind:
            self.unexpected(wanted)
        return self.advance()

    def unexpected(self, wanted: str) -> NoReturn:
        """Refuse the token at hand."""
        raise NotImplementedError(wanted)

    def labels(self) -> tuple[str, ...]:
        """Label names in parentheses."""
        self.expect("(", "label names in parentheses")
        names: list[str] = []
        while self.token.kind != ")":
            if self.token.kind not in {"name", "string"}:
                self.unexpected("a label name")
            token = self.advance()
            names.append(self.label_name(token))
            if self.token.kind != ")":
                self.expect(",", "a comma or a closing parenthesis")
        self.advance()
        return tuple(names)

    def label_name(self, token: Token) -> str:
        """The label name a word or quoted string stands for."""
        name = str(token.value) if token.kind == "string" else token.text
        if not name or (token.kind == "name" and ":" in name):
            raise parse_error(
                self.query, token.start, f"invalid label name {name!r}", "quote names that are not plain words."
            )
        return name

    def selector(self) -> Selector:
        """A metric name, matchers in braces, or both."""
        start = self.token.start
        name = self.advance().text if self.token.kind == "name" else ""
        matchers: list[Matcher] = []
        if self.token.kind == "{":
            name = self.braces(name, matchers)
        if name:
            matchers.append(Matcher(METRIC_NAME, "=", name))
        if not self.allow_empty and all(matcher.matches("") for matcher in matchers):
            raise parse_error(
                self.query,
                start,
                "vector selector must contain at least one non-empty matcher",
                'name a metric, or match a label that must be there, for example {job=~".+"}.',
            )
        return Selector(name, tuple(matchers), start)

    def braces(self, name: str, matchers: list[Matcher]) -> str:
        """Matchers up to the closing brace; returns the metric name, which may stand in the braces."""
        self.advance()
        while self.token.kind != "}":
            if self.token.kind not in {"name", "string"}:
                self.unexpected("a label name or a closing brace")
            token = self.advance()
            if self.token.kind in _MATCH_OPERATORS:
                matchers.append(self.matcher(token))
            elif token.kind == "string":
                if name:
                    raise parse_error(
                        self.query,
                        token.start,
                        f'metric name must not be set twice: "{name}" or "{token.value}"',
                        "keep one of the two names.",
                    )
                name = str(token.value)
            else:
                self.unexpected("one of =, !=, =~, !~")
            if self.token.kind != "}":
                self.expect(",", "a comma or a closing brace")
        self.advance()
        if name and any(one.name == METRIC_NAME and one.op == "=" and one.value for one in matchers):
            raise parse_error(
                self.query, self.token.start, "metric name must not be set twice", "drop the __name__ matcher."
            )
        return name

    def matcher(self, label: Token) -> Matcher:
        """The operator and value after a label's name."""
        op = self.advance().kind
        value = self.expect("string", "a quoted label value")
        text = str(value.value)
        if op in {"=~", "!~"}:
            text = portable_pattern(self.query, value.start, text)
        return Matcher(self.label_name(label), op, text)

    def moment(self) -> float | Literal["start", "end"]:
        """What follows `@`: seconds since the epoch, `start()` or `end()`."""
        if self.is_word("start", "end") and self.peek().kind == "(":
            word = self.advance().text.lower()
            self.advance()
            self.expect(")", "a closing parenthesis")
            return "start" if word == "start" else "end"
        sign = -1.0 if self.token.kind == "-" else 1.0
        if self.token.kind in {"-", "+"}:
            self.advance()
        token = self.token
        if token.kind not in {"number", "duration"}:
            self.unexpected("seconds since the epoch, start() or end()")
        seconds = sign * float(self.advance().value)
        if abs(seconds) > 9.2e15 or seconds != seconds:  # noqa: PLR0124 - NaN
            raise parse_error(
                self.query,
                token.start,
                f"timestamp out of bounds for @ modifier: {token.text}",
                "give seconds since the epoch.",
            )
        return seconds

    def duration(self, minimum: int = 4) -> Expr:
        """Arithmetic on durations, as in `[2m * (10 + 5)]`; plain numbers are seconds."""
        left = self.duration_operand()
        while (strength := _DURATION_PRECEDENCE.get(self.token.kind, 0)) >= minimum:
            token = self.advance()
            right = self.duration(strength if token.kind == "^" else strength + 1)
            left = Binary(token.kind, left, right, False, Matching(), left.start, token.start, "scalar")
        return left

    def offset_duration(self) -> Expr:
        """What follows `offset`: one operand with its sign; sums need parentheses."""
        return self.duration_operand(signed_power=False)

    def duration_operand(self, *, signed_power: bool = True) -> Expr:
        """A number, a function of durations, or an expression in parentheses, with its sign."""
        token = self.token
        if token.kind in {"+", "-"}:
            self.advance()
            operand = self.duration(6) if signed_power else self.duration_operand()
            return Unary(token.kind, operand, token.start, "scalar")
        if token.kind in {"number", "duration"}:
            return Number(float(self.advance().value), token.start)
        if token.kind == "(":
            self.advance()
            inner = self.duration()
            self.expect(")", "a closing parenthesis")
            return Paren(inner, token.start, "scalar")
        return self.duration_call()

    def duration_call(self) -> Call:
        """`step()`, `range()`, `min_of(a, b)` or `max_of(a, b)`."""
        token = self.token
        name = token.text.lower()
        if token.kind != "name" or name not in _DURATION_FUNCTIONS:
            self.unexpected("a duration such as 5m")
        self.advance()
        self.expect("(", "an opening parenthesis")
        args: list[Expr] = []
        for place in range(_DURATION_FUNCTIONS[name]):
            if place:
                self.expect(",", "a comma")
            args.append(self.duration())
        self.expect(")", "a closing parenthesis")
        return Call(name, tuple(args), token.start, "scalar")
