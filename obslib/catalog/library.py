"""The packaged templates: read once, found by name or by words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import overload

import msgspec

from obslib.catalog.template import Figure, Parameter, ParameterType, Template
from obslib.core.errors import InputError, nearest


class _Described(msgspec.Struct, forbid_unknown_fields=True):
    """A parameter as `parameters.yaml` has it."""

    type: ParameterType
    description: str
    default: object = None
    minimum: float = float("-inf")
    maximum: float = float("inf")


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A template as a file of `templates` has it."""

    name: str
    title: str
    question: str
    unit: str
    parameters: list[str]
    text: dict[str, str]
    figure: Figure = "timeseries"
    defaults: dict[str, object] = {}


class Listing(Sequence[Template]):
    """Templates as a table, in text and in a notebook."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = tuple(templates)

    @overload
    def __getitem__(self, place: int) -> Template: ...
    @overload
    def __getitem__(self, place: slice) -> Listing: ...
    def __getitem__(self, place: int | slice) -> Template | Listing:
        return Listing(self._templates[place]) if isinstance(place, slice) else self._templates[place]

    def __len__(self) -> int:
        return len(self._templates)

    def __iter__(self) -> Iterator[Template]:
        return iter(self._templates)

    def __repr__(self) -> str:
        if not self._templates:
            return "no template; obslib.catalog.search() lists all"
        width = max(len(one.name) for one in self._templates)
        return "\n".join(f"{one.name:<{width}}  {one.question} [{one.unit}]" for one in self._templates)

    def _repr_html_(self) -> str:
        if not self._templates:
            return f"<p>{escape(repr(self))}</p>"
        rows = "".join(
            f"<tr><td><code>{escape(one.name)}</code></td><td>{escape(one.question)}</td><td>{escape(one.unit)}</td>"
            f"<td>{escape(', '.join(one.parameters))}</td></tr>"
            for one in self._templates
        )
        head = "".join(f"<th>{name}</th>" for name in ("name", "question", "unit", "parameters"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def names() -> list[str]:
    """Sorted names of all templates."""
    return sorted(_templates())


def get(name: str) -> Template:
    """The template of this name.

    Raises
    ------
    InputError
        If there is none; offers the nearest name.
    """
    if name not in _templates():
        raise InputError(f"there is no template {name!r}.", fix=f"{nearest(name, _templates())} See catalog.search().")
    return _templates()[name]


def search(words: str = "") -> Listing:
    """Templates in which every word stands: in name, title, question, parameters or metrics; all without words.

    Examples
    --------
    >>> search("redis memory limit")
    redis.memory_of_max  How close is the cache to evicting keys? [1]
    """
    wanted = words.lower().split()
    found = [one for name, one in sorted(_templates().items()) if all(word in _words(name) for word in wanted)]
    return Listing(found)


@cache
def _templates() -> Mapping[str, Template]:
    folder = files("obslib.catalog")
    described = msgspec.yaml.decode((folder / "parameters.yaml").read_bytes(), type=dict[str, _Described])
    found: dict[str, Template] = {}
    for file in sorted((folder / "templates").iterdir(), key=lambda one: one.name):
        for entry in msgspec.yaml.decode(file.read_bytes(), type=list[_Entry]):
            found[entry.name] = _template(entry, described)
    return found


def _template(entry: _Entry, described: Mapping[str, _Described]) -> Template:
    parameters = {
        name: Parameter(
            name=name,
            type=one.type,
            default=entry.defaults.get(name, one.default),
            description=one.description,
            minimum=one.minimum,
            maximum=one.maximum,
        )
        for name in entry.parameters
        for one in [described[name]]
    }
    return Template(
        name=entry.name,
        title=entry.title,
        question=entry.question,
        unit=entry.unit,
        figure=entry.figure,
        parameters=parameters,
        text=entry.text,
    )


@cache
def _words(name: str) -> str:
    """All that a search looks at."""
    one = _templates()[name]
    return " ".join([one.name, one.title, one.question, *one.parameters, *one.metrics()]).lower()
