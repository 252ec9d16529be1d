"""`$name` in PromQL: variables replaced by values, each escaped according to where it stands.

| place | a value may be |
| --- | --- |
| `{label=$x}`, `{label=~"$x"}` | text or a number (literal), a list (any of), a pattern, None (no matcher) |
| `{label="api-$x"}` | text or a number; in a pattern also a list or a pattern |
| `{$x}` | a metric's name |
| `by ($x, le)`, `on ($x)`, ... | label names: one, a list, or None |
| `[$x]`, `[1h:$x]`, `offset $x` | a duration |
| `@ $x` | a moment |
| anywhere else | a number |

Strings outside braces and strings in backticks are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from obslib.core.errors import InputError, nearest
from obslib.languages.promql import writing
from obslib.languages.promql.faults import evaluation_error

_VARIABLE = r"\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))"
_TOKEN = re.compile(
    r"(?P<space>\s+|\#[^\n]*)"
    r"""|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
    rf"|(?P<variable>{_VARIABLE})"
    r"|(?P<word>[A-Za-z_:][\w:]*)"
    r"|(?P<sign>=~|!~|!=|.)",
    re.DOTALL,
)
_IN_TEXT = re.compile(rf"\\.|{_VARIABLE}", re.DOTALL)
_GROUPINGS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_OPERATORS = frozenset({"=", "!=", "=~", "!~"})
_Writer = Callable[[object], str]


@dataclass(frozen=True)
class _Token:
    """A piece of the query; `name` is the variable's."""

    kind: str
    text: str
    start: int
    name: str = ""


def fill(query: str, values: Mapping[str, object]) -> str:
    r"""Replace every `$name` and `${name}` by its value, escaped by the language.

    Parameters
    ----------
    query
        PromQL with variables; without any it is returned as it is.
    values
        The value of each variable; see the module for what may stand where.

    Raises
    ------
    QueryError
        If a variable has no value, or one that cannot stand there; shows where.

    Examples
    --------
    >>> fill('rate(hits_total{service=$service, code=~"5.."}[$range])', {"service": 'a"b', "range": 300})
    'rate(hits_total{service="a\\"b", code=~"5.."}[5m])'
    >>> fill("up{job=$job}", {"job": None})
    'up{}'
    """
    return _Filler(query, values).filled()


def variables_of(query: str) -> list[str]:
    """Names of the variables of a query, in order of their first use.

    >>> variables_of('sum by ($by) (rate(hits_total{service="$service"}[$range]))')
    ['by', 'service', 'range']
    """
    found: dict[str, None] = {}
    depth = 0
    for token in _tokens(query):
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if token.kind == "variable":
            found[token.name] = None
        elif depth and token.kind == "string" and not token.text.startswith("`"):
            found |= {name: None for match in _IN_TEXT.finditer(token.text) if (name := _name(match))}
    return list(found)


class _Filler:
    def __init__(self, query: str, values: Mapping[str, object]) -> None:
        self.query = query
        self.values = values
        self.tokens = list(_tokens(query))

    def filled(self) -> str:
        out: list[str] = []
        before, earlier = "", ""
        index = 0
        while index < len(self.tokens):
            token, end = self.tokens[index], index
            if token.text == "{":
                end = self.closing(index, "}")
                text = self.braces(index, end)
            elif token.text == "(" and before in _GROUPINGS:
                end = self.closing(index, ")")
                text = self.grouping(index, end)
            elif token.text == "[":
                end = self.closing(index, "]")
                text = "".join(self.length(one) for one in self.tokens[index : end + 1])
            elif token.kind == "variable":
                text = self.operand(token, before, earlier)
            else:
                text = token.text
            out.append(text)
            if token.kind != "space":
                before, earlier = self.tokens[end].text.lower(), before
            index = end + 1
        return "".join(out)

    def closing(self, index: int, sign: str) -> int:
        """Where a bracket closes; the last token if it does not, which the parser will say."""
        last = len(self.tokens) - 1
        return next((place for place in range(index, last) if self.tokens[place].text == sign), last)

    def braces(self, start: int, end: int) -> str:
        """Matchers; those whose value is None are left out with their commas."""
        group = self.tokens[start : end + 1]
        if not any(_has_variable(token) for token in group):
            return "".join(token.text for token in group)
        pieces = (self.matcher(piece) for piece in _split(group[1:-1]))
        return "{" + ", ".join(piece for piece in pieces if piece) + group[-1].text

    def matcher(self, piece: Sequence[_Token]) -> str:
        match [token for token in piece if token.kind != "space"]:
            case [label, op, value] if op.text in _OPERATORS:
                name = self.write(label, writing.label_name) if label.kind == "variable" else label.text
                whole = value if value.kind == "variable" else _whole_variable(value)
                if whole is None:
                    return f"{name}{op.text}{self.text(value, op.text)}"
                return self.write(whole, lambda given: writing.matcher(name, op.text, given))
            case [alone] if alone.kind == "variable":
                return self.write(alone, writing.metric_name)
            case tokens if any(token.kind == "variable" for token in tokens):
                raise self.misplaced(next(token for token in tokens if token.kind == "variable"))
            case _:
                return "".join(token.text for token in piece).strip()

    def text(self, string: _Token, op: str) -> str:
        """A string literal with the variables inside it replaced, in its own quotes."""
        quote = string.text[0]
        if quote == "`":
            return string.text

        def one(match: re.Match[str]) -> str:
            name = _name(match)
            if not name:
                return match.group()
            inside = _Token("variable", match.group(), string.start + match.start(), name)
            return self.write(inside, lambda given: writing.escaped(_part(given, op), quote))

        return _IN_TEXT.sub(one, string.text)

    def grouping(self, start: int, end: int) -> str:
        group = self.tokens[start : end + 1]
        if not any(token.kind == "variable" for token in group):
            return "".join(token.text for token in group)
        names: list[str] = []
        for piece in _split(group[1:-1]):
            match [token for token in piece if token.kind != "space"]:
                case [alone] if alone.kind == "variable":
                    names.append(self.write(alone, lambda given: ", ".join(writing.label_names(given))))
                case tokens:
                    names.append("".join(token.text for token in tokens))
        return "(" + ", ".join(name for name in names if name) + group[-1].text

    def length(self, token: _Token) -> str:
        return self.write(token, writing.duration) if token.kind == "variable" else token.text

    def operand(self, token: _Token, before: str, earlier: str) -> str:
        if before == "offset" or (before in {"-", "+"} and earlier == "offset"):
            return self.write(token, lambda given: writing.duration(given, positive=False))
        if before == "@":
            return self.write(token, writing.moment)
        return self.write(token, writing.number)

    def write(self, token: _Token, writer: _Writer) -> str:
        """The variable's value as text; errors show where the variable stands."""
        if token.name not in self.values:
            fix = nearest(token.name, [name for name in self.values if not name.startswith("_")])
            raise evaluation_error(self.query, token.start, f"there is no value for ${token.name}", fix)
        try:
            return writer(self.values[token.name])
        except InputError as error:
            problem = f"${token.name}: {error.problem.rstrip('.')}"
            raise evaluation_error(self.query, token.start, problem, error.fix) from error

    def misplaced(self, token: _Token) -> Exception:
        return evaluation_error(
            self.query, token.start, f"{token.text} cannot stand here", "write {label=$value}, one matcher per comma."
        )


def _tokens(query: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(query):
        yield _Token(str(match.lastgroup), match.group(), match.start(), _name(match))


def _name(match: re.Match[str]) -> str:
    return match["braced"] or match["bare"] or ""


def _has_variable(token: _Token) -> bool:
    if token.kind == "string" and not token.text.startswith("`"):
        return any(_name(match) for match in _IN_TEXT.finditer(token.text))
    return token.kind == "variable"


def _whole_variable(string: _Token) -> _Token | None:
    """The variable that is all of a string in quotes, if one is."""
    match = re.fullmatch(_VARIABLE, string.text[1:-1])
    if match is None or string.text.startswith("`"):
        return None
    return _Token("variable", match.group(), string.start + 1, _name(match))


def _split(tokens: Sequence[_Token]) -> list[list[_Token]]:
    """The tokens between commas, without comments."""
    pieces: list[list[_Token]] = [[]]
    for token in tokens:
        if token.text == ",":
            pieces.append([])
        elif not token.text.startswith("#"):
            pieces[-1].append(token)
    return pieces


def _part(value: object, op: str) -> str:
    """A value inside a longer text: in a pattern an alternative of its own, else plain."""
    if op in {"=", "!="}:
        return writing.plain_text(value)
    pattern = writing.pattern_of(value)
    return f"(?:{pattern})" if "|" in pattern or isinstance(value, re.Pattern) else pattern
