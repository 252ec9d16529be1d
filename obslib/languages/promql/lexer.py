"""PromQL text to tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from obslib.languages.promql.faults import parse_error

DURATION_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
DURATION_UNITS["y"] = 365 * 86_400_000

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)+")
_DURATION = re.compile(r"(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?![\w.])")
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|(?:\d+(?:_\d+)*\.?\d*(?:_\d+)*|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?"
)
_NAME = re.compile(r"[a-zA-Z_:][\w:]*", re.ASCII)
_PLAIN_NAME = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
_OPERATOR = re.compile(r"==|=~|!=|!~|<=|>=|</|>/|[-+*/%^<>={}()\[\],:@]")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_SIMPLE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


@dataclass(frozen=True)
class Token:
    """One token: `kind` is `name`, `number`, `duration`, `string`, `end`, or the operator itself.

    `value` is the number (durations in seconds) or the unescaped string.
    """

    kind: str
    text: str
    start: int
    value: float | str = 0.0


def tokenize(query: str) -> list[Token]:
    """Split a query into tokens, ending with one of kind `end`.

    Raises
    ------
    QueryError
        At the first character that starts no token, or an unfinished string.
    """
    tokens: list[Token] = []
    position, brackets = 0, 0
    while True:
        space = _SPACE.match(query, position)
        position = space.end() if space else position
        if position >= len(query):
            return [*tokens, Token("end", "", len(query))]
        token = _next(query, position, in_brackets=brackets > 0)
        brackets += {"[": 1, "]": -1}.get(token.kind, 0)
        tokens.append(token)
        position += len(token.text)


def _next(query: str, position: int, *, in_brackets: bool) -> Token:
    character = query[position]
    if character in "\"'`":
        return _string(query, position)
    if character.isdigit() or (character == "." and query[position + 1 : position + 2].isdigit()):
        return _number(query, position)
    name = (_PLAIN_NAME if in_brackets else _NAME).match(query, position)
    if name:
        return _word(name.group(), position)
    operator = _OPERATOR.match(query, position)
    if operator:
        return Token(operator.group(), operator.group(), position)
    raise parse_error(
        query,
        position,
        f"unexpected character: {character!r}",
        "remove it, or quote it if it belongs to a name or value.",
    )


def _word(text: str, position: int) -> Token:
    if text.lower() in {"inf", "nan"}:
        return Token("number", text, position, float(text))
    return Token("name", text, position)


def _number(query: str, position: int) -> Token:
    duration = _DURATION.match(query, position)
    if duration and duration.group():
        text = duration.group()
        total = sum(int(count) * DURATION_UNITS[unit] for count, unit in _PART.findall(text))
        return Token("duration", text, position, total / 1_000)
    number = _NUMBER.match(query, position)
    text = number.group() if number else query[position]
    end = position + len(text)
    if not number or re.match(r"\w", query[end : end + 1]):
        word = re.match(r"[\w.]+", query[position:])
        raise parse_error(
            query,
            position,
            f"bad number or duration syntax: {word.group() if word else text!r}",
            "write numbers like 1.5e3 or 0x1f, durations like 1h30m with units in falling order.",
        )
    plain = text.replace("_", "")
    value = float(int(plain, 16)) if plain[:2].lower() == "0x" else float(plain)
    return Token("number", text, position, value)


def _string(query: str, position: int) -> Token:
    quote = query[position]
    end = position + 1
    while end < len(query) and query[end] != quote:
        if query[end] == "\n" and quote != "`":
            break
        end += 2 if query[end] == "\\" and quote != "`" else 1
    if end >= len(query) or query[end] != quote:
        raise parse_error(query, position, "unterminated quoted string", f"close it with {quote}.")
    raw = query[position + 1 : end]
    value = raw if quote == "`" else _unescape(query, position, raw, quote)
    return Token("string", query[position : end + 1], position, value)


def _unescape(query: str, position: int, raw: str, quote: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[code]
        if code == quote:
            return quote
        if code[0] in "uU" and len(code) > 1:
            return chr(int(code[1:], 16))
        if len(code) == 3:
            return _byte(int(code[1:], 16) if code[0] == "x" else int(code, 8))
        raise parse_error(
            query,
            position + 1 + match.start(),
            f"unknown escape sequence {match.group()!r}",
            "write a backslash as \\\\, or use a `raw` string.",
        )

    # Escapes of bytes may together be a character; what is no UTF-8 stays as lone surrogates.
    return _ESCAPE.sub(one, raw).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _byte(number: int) -> str:
    return bytes([number & 0xFF]).decode("utf-8", "surrogateescape")
