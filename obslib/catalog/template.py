"""One template of the catalogue: its parameters, and how values turn it into a question in a language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from numbers import Real
from typing import Literal

import pandas as pd

from obslib.core.errors import InputError, UnsupportedError, nearest
from obslib.core.provenance import attach, provenance_of
from obslib.core.series import METRIC_NAME
from obslib.core.window import format_duration, parse_duration
from obslib.languages.promql import parse, writing
from obslib.languages.promql.syntax import Selector, walk
from obslib.languages.promql.variables import fill

ParameterType = Literal["duration", "number", "label", "labels"]
Figure = Literal["timeseries", "heatmap"]

AUTO = "auto"
"""A duration's default: what suits the step and the distance of the samples (`Workspace.rate_range`)."""
SHORT = pd.Timedelta(minutes=5)
_IN_TITLE = re.compile(r"\$(\w+)")
_EXPECTED = {
    "duration": "a duration such as '5m'",
    "label": "a label's value: text, a number, a list of them, a pattern, or None for all",
    "labels": "label names: one, a list of them, or None",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a template.

    Attributes
    ----------
    name
        How it is called in the whole catalogue.
    type
        `duration`; `number`, between `minimum` and `maximum`; `label`, a label's value (text, a list
        for any of, a pattern, None for all); `labels`, names of labels.
    default
        What it is unless given; `"auto"` for a duration that follows the step.
    description
        What it is, for people.
    """

    name: str
    type: ParameterType
    default: object
    description: str
    minimum: float = float("-inf")
    maximum: float = float("inf")

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.type != "number":
            return _EXPECTED[self.type]
        lower = "" if self.minimum == float("-inf") else f" from {self.minimum:.10g}"
        upper = "" if self.maximum == float("inf") else f" up to {self.maximum:.10g}"
        return f"a number{lower}{upper}"

    def read(self, value: object, auto: pd.Timedelta) -> object:
        """The value to put into the text (durations as timedeltas); an `InputError` if it is none of this type."""
        if self.type == "number":
            self._check_number(value)
        elif self.type == "duration":
            if value == AUTO and self.default == AUTO:
                return auto
            return parse_duration(writing.duration(value))
        elif self.type == "labels":
            writing.label_names(value)
        else:
            writing.matcher(self.name, "=", value)
        return value

    def _check_number(self, value: object) -> None:
        if not writing.is_number(value):
            raise InputError("it is no number.", fix="write it without quotes.")
        if not self.minimum <= float(value) <= self.maximum:
            raise InputError("it is out of bounds.", fix=f"for example {self.name}={self.default}.")


@dataclass(frozen=True)
class Question:
    """A template with its values: `text` in `language`, the metrics it needs, and what a figure is to know."""

    template: str
    language: str
    text: str
    title: str
    unit: str
    figure: Figure
    about: str
    needs: tuple[str, ...]

    def describe(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The answer (sharing its data) with unit, title and kind of figure in its provenance."""
        known = provenance_of(frame)
        details = {"title": self.title, "template": self.template, "question": self.about, "figure": self.figure}
        details["needs"] = ", ".join(self.needs)
        return attach(frame, replace(known, unit=self.unit, details={**known.details, **details}))


@dataclass(frozen=True, repr=False)
class Template:
    """A packaged query.

    Attributes
    ----------
    name
        How to ask for it: `ws.ask(name, ...)`.
    title
        Title of a figure; `$name` stands for a parameter's value.
    question
        The question it answers.
    unit
        UCUM unit of the answer.
    figure
        What draws it: `plot_timeseries` or `plot_heatmap`.
    parameters
        By name, in the order in which they are described.
    text
        The query by language; `$name` stands for a parameter.
    """

    name: str
    title: str
    question: str
    unit: str
    figure: Figure
    parameters: Mapping[str, Parameter]
    text: Mapping[str, str]

    def ask(self, values: Mapping[str, object], *, auto: pd.Timedelta = SHORT, language: str = "promql") -> Question:
        """Put values into the template, each escaped by the language.

        Parameters
        ----------
        values
            Of the parameters that are not to be their default.
        auto
            What a duration `"auto"` is.
        language
            Which text to fill.

        Raises
        ------
        InputError
            If a parameter does not exist or a value is of the wrong type; names template, parameter
            and what was expected.
        UnsupportedError
            If the template has no text in this language.

        Examples
        --------
        >>> from obslib import catalog
        >>> catalog.get("redis.memory").ask({"instance": "redis-0"}).text
        'sum by (instance) (redis_memory_used_bytes{instance="redis-0"})'
        """
        if language not in self.text:
            raise UnsupportedError(
                f"template {self.name!r} has no text in {language}.", fix=nearest(language, self.text)
            )
        defaults = {name: one.default for name, one in self.parameters.items()}
        chosen = {name: self._read(name, value, auto) for name, value in {**defaults, **values}.items()}
        text = fill(self.text[language].strip(), chosen)
        return Question(
            template=self.name,
            language=language,
            text=text,
            title=self._title(chosen),
            unit=self.unit,
            figure=self.figure,
            about=self.question,
            needs=_metrics_of(text),
        )

    def metrics(self) -> list[str]:
        """Sorted names of the metrics it needs."""
        return list(self.ask({}).needs)

    def _read(self, name: str, value: object, auto: pd.Timedelta) -> object:
        if name not in self.parameters:
            fix = nearest(name, self.parameters)
            raise InputError(f"template {self.name!r} has no parameter {name!r}.", fix=fix)
        parameter = self.parameters[name]
        try:
            return parameter.read(value, auto)
        except InputError as error:
            raise InputError(
                f"template {self.name!r}: parameter {name!r} must be {parameter.expected}, got {value!r}.",
                fix=error.fix,
            ) from error

    def _title(self, values: Mapping[str, object]) -> str:
        """The title with its parameters, then the label values that the question is narrowed to."""
        title = _IN_TITLE.sub(lambda match: _shown(values[match[1]]), self.title)
        narrowed = [
            f"{name} {_shown(value)}"
            for name, value in values.items()
            if self.parameters[name].type == "label" and value is not None
        ]
        return f"{title} ({', '.join(narrowed)})" if narrowed else title

    def __repr__(self) -> str:
        rows = [f"  {one.name} = {one.default!r}: {one.description}" for one in self.parameters.values()]
        texts = [f"{language}:\n  {text.strip()}" for language, text in self.text.items()]
        return "\n".join([f"{self.name}: {self.question} [{self.unit}]", *rows, *texts])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td><code>{escape(one.name)}</code></td><td>{escape(repr(one.default))}</td>"
            f"<td>{escape(one.description)}; {escape(one.expected)}</td></tr>"
            for one in self.parameters.values()
        )
        texts = "".join(
            f"<p>{escape(language)}, unit <code>{escape(self.unit)}</code></p><pre>{escape(text.strip())}</pre>"
            for language, text in self.text.items()
        )
        return (
            f"<h4><code>{escape(self.name)}</code>: {escape(self.question)}</h4>"
            f"<table><tr><th>parameter</th><th>default</th><th>what it is</th></tr>{rows}</table>{texts}"
        )


def _metrics_of(text: str) -> tuple[str, ...]:
    """Sorted names of the metrics that PromQL selects."""
    matchers = (one for node in walk(parse(text)) if isinstance(node, Selector) for one in node.matchers)
    return tuple(sorted({one.value for one in matchers if one.name == METRIC_NAME}))


def _shown(value: object) -> str:
    """A value in a title."""
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    if isinstance(value, pd.Timedelta):
        return format_duration(value)
    if isinstance(value, Real):
        return f"{float(value):.10g}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
