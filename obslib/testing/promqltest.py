"""Reads `.test` files: Prometheus' script format for PromQL engine tests.

Format: promql/promqltest/README.md in prometheus/prometheus. In short: `load <step>` and series with
points (`a+bxn`, `axn`, `_` for a gap, `stale`, `{{...}}` for native histograms), `clear`, and
`eval instant at <t> <query>` or `eval range from <a> to <b> step <s> <query>`, followed by
`expect ...` lines and the expected series.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from obslib.core.errors import InputError
from obslib.core.series import METRIC_NAME, STALE_NAN

Labels = tuple[tuple[str, str], ...]
HISTOGRAM = "histogram"
Point = float | None | str
"""A value, None for a gap, or the text of a native histogram."""

_COMMAND = re.compile(
    r"(?P<command>eval(?:_fail|_ordered|_warn|_info)?)\s+"
    r"(?:instant\s+at\s+(?P<at>\S+)|range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+))"
    r"\s+(?P<query>.+)"
)
_LOAD = re.compile(r"(?P<command>load(?:_with_nhcb)?)\s+(?P<step>\S+)")
_PAIR = re.compile(
    r'\s*(?:(?P<name>[\w.:]+)|"(?P<quoted>(?:[^"\\]|\\.)*)")\s*(?:=\s*"(?P<value>(?:[^"\\]|\\.)*)")?\s*,?'
)
_NUMBER = r"[+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_POINTS = re.compile(
    rf"(?P<histogram>\{{\{{.*?\}}\}})(?:(?P<hsign>[+-])(?P<hstep>\{{\{{.*?\}}\}}))?(?:x(?P<hcount>\d+))?"
    rf"|_(?:x(?P<gaps>\d+))?|(?P<stale>stale)(?:x(?P<stales>\d+))?"
    rf"|(?P<value>{_NUMBER})(?:(?P<step>[+-](?:{_NUMBER.removeprefix('[+-]?')}))?x(?P<count>\d+))?",
    re.IGNORECASE,
)
_DURATION_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_OLD_EXPECTATIONS = {"eval_fail": "fail", "eval_warn": "warn", "eval_info": "info", "eval_ordered": "ordered"}


@dataclass(frozen=True)
class Load:
    """Series to add, sampled every `step` ms from time zero; `start_times` are those with an `@st` line."""

    step: int
    series: dict[Labels, list[Point]]
    custom_buckets: bool
    start_times: frozenset[Labels]


@dataclass(frozen=True)
class Clear:
    """Forget all series."""


@dataclass(frozen=True)
class Expectation:
    """One `expect` line: its kind, and how an annotation or error must read."""

    kind: str
    match: str = ""
    text: str = ""


@dataclass(frozen=True)
class Case:
    """One `eval`: the query, when, and what should come of it. `start` is `end` and `step` 0 for instants."""

    line: int
    query: str
    instant: bool
    start: int
    end: int
    step: int
    expectations: tuple[Expectation, ...] = ()
    series: tuple[tuple[Labels, list[Point]], ...] = ()
    scalar: float | None = None

    def expects(self, kind: str) -> list[Expectation]:
        """The expectations of a kind."""
        return [one for one in self.expectations if one.kind == kind]


Step = Load | Clear | Case


@dataclass
class _Reader:
    lines: list[str]
    index: int = 0
    steps: list[Step] = field(default_factory=list)

    def block(self) -> list[str]:
        """The lines up to the next empty one."""
        start = self.index
        while self.index < len(self.lines) and self.lines[self.index]:
            self.index += 1
        return self.lines[start : self.index]


def parse_script(text: str) -> list[Step]:
    """Read a whole `.test` file.

    Raises
    ------
    InputError
        Naming the first line that fits nothing.
    """
    stripped = [line.strip() for line in text.splitlines()]
    reader = _Reader(["" if line.startswith("#") else line for line in stripped])
    while reader.index < len(reader.lines):
        line, number = reader.lines[reader.index], reader.index + 1
        reader.index += 1
        if not line:
            continue
        if line == "clear":
            reader.steps.append(Clear())
        elif match := _LOAD.fullmatch(line):
            reader.steps.append(_load(match, reader.block(), number))
        elif match := _COMMAND.fullmatch(line):
            reader.steps.append(_case(match, reader.block(), number))
        else:
            raise _bad(number, line)
    return reader.steps


def _load(match: re.Match[str], lines: list[str], number: int) -> Load:
    series: dict[Labels, list[Point]] = {}
    started = set()
    for place, line in enumerate(lines):
        labels, rest = parse_labels(line, number + place + 1)
        if rest.startswith("@st"):
            started.add(labels)
        else:
            series[labels] = parse_points(rest, number + place + 1)
    custom = match["command"].endswith("nhcb")
    return Load(parse_millis(match["step"], number), series, custom, frozenset(started))


def _case(match: re.Match[str], lines: list[str], number: int) -> Case:
    instant = match["at"] is not None
    start, end = (match["at"], match["at"]) if instant else (match["start"], match["end"])
    expectations = [_expectation(line) for line in lines if line.startswith("expect")]
    if match["command"] in _OLD_EXPECTATIONS:
        expectations.append(Expectation(_OLD_EXPECTATIONS[match["command"]]))
    results = [(place, line) for place, line in enumerate(lines) if not line.startswith("expect")]
    series, scalar = [], None
    for place, line in results:
        if re.fullmatch(_NUMBER, line, re.IGNORECASE):
            scalar = float(line)
            continue
        labels, rest = parse_labels(line, number + place + 1)
        series.append((labels, parse_points(rest, number + place + 1)))
    return Case(
        number,
        match["query"].strip(),
        instant,
        parse_millis(start, number),
        parse_millis(end, number),
        0 if instant else parse_millis(match["step"], number),
        tuple(expectations),
        tuple(series),
        scalar,
    )


def _expectation(line: str) -> Expectation:
    if line.startswith("expected_fail"):
        kind, _, text = line.partition(" ")
        return Expectation("fail", "msg" if kind.endswith("message") else "regex", text.strip())
    rest = line.removeprefix("expect").strip()
    if rest.startswith("range vector"):
        return Expectation("range vector", text=rest.removeprefix("range vector").strip())
    kind, _, tail = rest.partition(" ")
    if kind == "string":
        return Expectation("string", text=tail.strip()[1:-1])
    match, _, text = tail.strip().partition(":")
    return Expectation(kind, match, text.strip())


def parse_labels(line: str, number: int) -> tuple[Labels, str]:
    """A series' labels (with `__name__`, sorted, without empty ones) and the rest of the line."""
    name = re.match(r"[a-zA-Z_:][\w:]*", line)
    labels = {METRIC_NAME: name.group()} if name else {}
    position = name.end() if name else 0
    if line[position : position + 1] == "{" and line[position : position + 2] != "{{":
        position += 1
        while line[position : position + 1] != "}":
            pair = _PAIR.match(line, position)
            if not pair or pair.end() == position:
                raise _bad(number, line)
            key = pair["name"] if pair["name"] is not None else _unescape(pair["quoted"])
            labels |= {METRIC_NAME: key} if pair["value"] is None else {key: _unescape(pair["value"])}
            position = pair.end()
        position += 1
    return tuple(sorted((key, value) for key, value in labels.items() if value)), line[position:].strip()


def parse_points(text: str, number: int) -> list[Point]:
    """The points of a series, repetitions written out."""
    points: list[Point] = []
    position = 0
    while position < len(text):
        match = _POINTS.match(text, position)
        if not match or not match.group():
            raise _bad(number, text)
        points.extend(_expand(match))
        position = match.end()
        rest = text[position:]
        if rest and not rest[0].isspace():
            raise _bad(number, text)
        position += len(rest) - len(rest.lstrip())
    return points


def _expand(match: re.Match[str]) -> list[Point]:
    if match["histogram"] is not None:
        # Steps between histograms are not worked out: what matters is that these are histograms.
        return [match["histogram"]] * (int(match["hcount"] or 0) + 1)
    if match["stale"] is not None:
        return [STALE_NAN] * (int(match["stales"] or 0) + 1)
    if match["value"] is None:
        return [None] * int(match["gaps"] or 1)
    first, step = float(match["value"]), float(match["step"] or 0)
    if match["count"] is None:
        return [first]
    # Prometheus adds the step again and again, so its rounding errors are part of the data.
    values = [first]
    for _ in range(int(match["count"])):
        values.append(values[-1] + step)
    return list(values)


def parse_millis(text: str, number: int) -> int:
    """A duration or a number of seconds, in milliseconds."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return round(float(text) * 1_000)
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = _DURATION_PART.findall(digits)
    if not parts or "".join(count + unit for count, unit in parts) != digits:
        raise _bad(number, text)
    return sign * sum(int(count) * _UNIT_MS[unit] for count, unit in parts)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match.group(1), match.group(1)), text)


def _bad(number: int, line: str) -> InputError:
    return InputError(f"line {number} cannot be read: {line}", fix="see the format's description for the known forms.")
