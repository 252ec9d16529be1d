"""Values to PromQL text: every string escaped by the rules of the language, so that it reads back literally.

Text is quoted as Go's `strconv.Unquote` reads it (prometheus/util/strutil/quote.go); patterns are
escaped like Go's `regexp.QuoteMeta`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from numbers import Real
from typing import SupportsFloat, TypeGuard, cast

import numpy as np

from obslib.core.errors import InputError
from obslib.core.series import METRIC_NAME
from obslib.core.window import Span, format_duration, parse_duration, parse_time

_PLAIN_LABEL = re.compile(r"(?!(?i:nan|inf)\Z)[a-zA-Z_][a-zA-Z0-9_]*")
_PATTERN_SIGNS = re.compile(r"[\\.+*?()|\[\]{}^$]")
_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_REPLACEMENT = "\ufffd"  # Prometheus' lexer takes a bare one for broken UTF-8
_FLAGS = re.UNICODE | re.DOTALL | re.IGNORECASE
_ANY_OF = {"=": "=~", "!=": "!~"}


def quoted(text: str, quote: str = '"') -> str:
    r"""A string literal that reads back as exactly `text`.

    Raises
    ------
    InputError
        If the text holds half of a surrogate pair, which no UTF-8 label can.

    Examples
    --------
    >>> print(quoted('say "hi"\n'))
    "say \"hi\"\n"
    """
    return f"{quote}{escaped(text, quote)}{quote}"


def escaped(text: str, quote: str) -> str:
    """The inside of a string literal between these quotes."""
    return "".join(_letter(one, quote) for one in text)


def pattern_of(value: object) -> str:
    r"""A regular expression for a value: text literally, a list as any of, a compiled pattern as itself.

    >>> pattern_of(["a.b", "c"])
    'a\\.b|c'
    """
    if isinstance(value, re.Pattern):
        return _compiled(value)
    if not isinstance(value, str) and (many := _several(value)) is not None:
        return "|".join(map(_literal_pattern, many))
    return _literal_pattern(plain_text(value))


def plain_text(value: object) -> str:
    """A label's value as text: text itself, or a number as people write it."""
    if isinstance(value, str):
        return value
    if is_number(value):
        return _digits(value)
    raise InputError(
        f"a label's value must be text or a number, got {_shown(value)}.", fix="give text, a list of texts, or None."
    )


def matcher(label: str, op: str, value: object) -> str:
    """A label matcher, or `""` (no matcher at all) for None.

    Parameters
    ----------
    label
        The label's name as the language writes it (see `label_name`).
    op
        `=`, `!=`, `=~` or `!~`.
    value
        Text or a number is matched literally, whatever the operator; a list means any of; a
        compiled pattern is a regular expression. `=` and `!=` turn into `=~` and `!~` where needed.

    Raises
    ------
    InputError
        If the value is of another kind, or an empty list.

    Examples
    --------
    >>> matcher("service", "=", ["web", "checkout"])
    'service=~"web|checkout"'
    """
    if value is None:
        return ""
    many = None if isinstance(value, str | re.Pattern) else _several(value)
    if many is not None and len(many) == 1:
        value, many = many[0], None
    if many is not None or isinstance(value, re.Pattern):
        op = _ANY_OF.get(op, op)
    text = pattern_of(value) if op in {"=~", "!~"} else plain_text(value)
    return f"{label}{op}{quoted(text)}"


def label_name(name: object) -> str:
    """A label's name: a plain word as it is, anything else quoted, as Prometheus 3 reads it."""
    if not isinstance(name, str) or not name:
        raise InputError(
            f"a label's name must be text, got {_shown(name)}.", fix="name a label, for example 'service'."
        )
    return name if _PLAIN_LABEL.fullmatch(name) else quoted(name)


def label_names(value: object) -> list[str]:
    """Label names for `by (...)`: one name or several; None for none."""
    if value is None:
        return []
    return [label_name(one) for one in ([value] if isinstance(value, str) else _listed(value))]


def duration(value: object, *, positive: bool = True) -> str:
    """A duration literal: `"90s"`, seconds as a number, or a timedelta.

    >>> duration("1.5h")
    '1h30m'
    """
    if not isinstance(value, str | int | float | timedelta | np.timedelta64 | np.integer | np.floating):
        raise InputError(f"a duration is needed, got {_shown(value)}.", fix="for example '5m', or seconds as a number.")
    span = cast("Span", value)  # numpy's numbers are numbers, too
    nanoseconds = parse_duration(span).value
    if (positive and nanoseconds <= 0) or nanoseconds % 10**6:
        least = "a positive number of" if positive else "whole"
        raise InputError(f"a duration must be {least} milliseconds, got {value!r}.", fix="for example '5m'.")
    return format_duration(span)


def number(value: object) -> str:
    """A number literal, negative ones in parentheses; a timedelta gives its seconds.

    >>> number(-2.5), number(float("inf"))
    ('(-2.5)', 'Inf')
    """
    if isinstance(value, timedelta | np.timedelta64):
        value = parse_duration(value).total_seconds()
    if not is_number(value):
        raise InputError(f"a number is needed, got {_shown(value)}.", fix="text can stand in matchers: {label=$name}.")
    return _in_parentheses(_digits(value))


def moment(value: object) -> str:
    """What follows `@`: epoch seconds, from a number, a datetime or any text that `parse_time` reads."""
    if isinstance(value, str | datetime | np.datetime64):
        return _digits(parse_time(value).value / 10**9)
    return number(value).strip("()")


def is_number(value: object) -> TypeGuard[SupportsFloat]:
    """Whether a value can be written as a number; True and False cannot."""
    return isinstance(value, Real) and not isinstance(value, bool)


def metric_name(value: object) -> str:
    """A matcher for a metric's name, which may stand alone in braces."""
    return matcher(METRIC_NAME, "=", value)


def _letter(letter: str, quote: str) -> str:
    if letter == quote:
        return f"\\{letter}"
    if letter in _SHORT:
        return _SHORT[letter]
    if letter.isprintable() and letter != _REPLACEMENT:
        return letter
    code = ord(letter)
    if 0xD800 <= code <= 0xDFFF:
        raise InputError("the text holds half of a surrogate pair, which no label can.", fix="decode it as UTF-8.")
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _literal_pattern(text: str) -> str:
    return _PATTERN_SIGNS.sub(r"\\\g<0>", text)


def _compiled(pattern: re.Pattern[str]) -> str:
    if not isinstance(pattern.pattern, str) or pattern.flags & ~_FLAGS:
        raise InputError(
            f"{pattern!r} has flags that PromQL does not know.", fix="use re.IGNORECASE at most, on text, not bytes."
        )
    return f"(?i){pattern.pattern}" if pattern.flags & re.IGNORECASE else pattern.pattern


def _several(value: object) -> list[str] | None:
    """The texts of a list, or None if the value is no list."""
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        return None
    texts = [plain_text(one) for one in value]
    if not texts:
        raise InputError("an empty list matches nothing.", fix="give at least one value, or None for all.")
    return texts


def _listed(value: object) -> list[object]:
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        return list(value)
    raise InputError(f"label names are needed, got {_shown(value)}.", fix="give one name or a list of names.")


def _digits(value: SupportsFloat) -> str:
    exact = float(value)
    if not math.isfinite(exact):
        return {"nan": "NaN", "inf": "Inf", "-inf": "-Inf"}[str(exact)]
    return str(int(exact)) if exact.is_integer() and abs(exact) < 1e15 else repr(exact)


def _in_parentheses(digits: str) -> str:
    return f"({digits})" if digits.startswith("-") else digits


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
