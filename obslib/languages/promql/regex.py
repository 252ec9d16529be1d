"""Go's regular expressions (RE2 syntax) for Python's `re`, which differs in a few places."""

from __future__ import annotations

import re

from obslib.languages.promql.faults import parse_error, unsupported

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7F",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1F\\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_TOKEN = re.compile(
    r"\\Q(?P<literal>.*?)(?:\\E|\Z)|\\(?P<escape>.)|\[:(?P<posix>\w+):\]|\(\?(?P<flags>[imsU-]+)(?P<scope>[:)])"
    r"|(?P<other>\(\?<(?=[A-Za-z_])|[()\[\]]|.)",
    re.DOTALL,
)


def portable_pattern(query: str, position: int, pattern: str) -> str:
    r"""The same pattern in the syntax that RE2 and Python's `re` share.

    Flags in the middle, as in `a(?i)b`, become scoped: `a(?i:b)`. POSIX classes and `\\Q...\\E` are
    spelled out.

    Raises
    ------
    QueryError
        If it is no regular expression.
    UnsupportedError
        If it needs something only RE2 has (Unicode classes, ungreedy mode).
    """
    translated = _translate(query, position, pattern)
    try:
        re.compile(translated)
    except re.error as error:
        raise parse_error(
            query,
            position,
            f"error parsing regexp: {error}: `{pattern}`",
            "escape special characters with two backslashes, or use = for plain text.",
        ) from error
    return translated


def anchored_pattern(query: str, position: int, pattern: str) -> re.Pattern[str]:
    """Compile a pattern for use with `fullmatch`, `.` matching newlines as in Prometheus."""
    return re.compile(portable_pattern(query, position, pattern), re.DOTALL)


def _translate(query: str, position: int, pattern: str) -> str:
    out: list[str] = []
    open_scopes = [0]
    in_class = False
    for match in _TOKEN.finditer(pattern):
        text = match.group()
        if match["literal"] is not None:
            out.append(re.escape(match["literal"]))
        elif match["escape"] is not None:
            out.append(_escape(query, position, match["escape"]))
        elif match["posix"] is not None and in_class:
            out.append(_CLASSES.get(match["posix"], text))
        elif match["flags"] is not None and not in_class:
            out.append(_flags(query, position, match["flags"]))
            open_scopes[-1] += match["scope"] == ")"
            if match["scope"] == ":":
                open_scopes.append(0)
        elif in_class or text in "[]":
            in_class = text != "]" if in_class else text == "["
            out.append(text)
        elif text == ")":
            out.append(")" * (open_scopes.pop() if len(open_scopes) > 1 else 0) + ")")
        else:
            if text.startswith("("):
                open_scopes.append(0)
            out.append("(?P<" if text == "(?<" else text)
    return "".join(out) + ")" * sum(open_scopes)


def _escape(query: str, position: int, letter: str) -> str:
    if letter in "pPC":
        raise unsupported(
            query, position, f"the regular expression class \\{letter} is", "spell out the characters, as in [a-z]."
        )
    return "\\Z" if letter == "z" else f"\\{letter}"


def _flags(query: str, position: int, flags: str) -> str:
    if "U" in flags:
        raise unsupported(query, position, "the regular expression flag U (ungreedy) is", "write *? instead of *.")
    return f"(?{flags.rstrip('-')}:"
