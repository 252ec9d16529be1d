"""The catalogue as a page of the documentation: `python -m obslib.catalog > docs/catalog.md`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from obslib.catalog.library import names, search
from obslib.catalog.template import Parameter, Template

_HEAD = """# The query catalogue

Named questions with parameters, a unit and a title. The answer is a metric frame that `plot_timeseries` draws with
nothing else.

```python
ws.ask("http.latency", quantile=0.99, service="checkout", last="6h")
ws.ask("http.error_ratio", service=["web", "checkout"], by=["service", "route"])
obslib.catalog.search("redis")            # a listing; obslib.catalog.get(name) shows one with its query
```

- **A label's value** is text (taken literally, whatever it holds), a list (any of), a compiled pattern, or None (all).
  It is escaped by the language, never pasted.
- **`range="auto"`** is the step of the question, so that no sample falls between two points, but at least five times
  the distance of the samples: `scrape_interval` of the profile, else what `obslib scrape` noted in the store, else a
  minute.
- **`by`** are the labels that stay apart; None gives one total.
- A wrong parameter is refused with the template, the parameter, the type expected and the nearest name.
- What the demo and the standard exporters call things is what the templates look for; each lists the metrics it needs.

A template is a few lines of YAML in `obslib/catalog/templates`, its parameters are described once for all in
`parameters.yaml`. This page is written by `python -m obslib.catalog > docs/catalog.md`; a test keeps it in step.
"""


def page() -> str:
    """The whole page, in Markdown."""
    templates = search()
    fields = groupby(templates, key=lambda one: one.name.partition(".")[0])
    described = {name: one for template in templates for name, one in template.parameters.items()}
    sections = [_section(field, members) for field, members in fields]
    return "\n".join([_HEAD, f"{len(names())} templates.\n", *sections, _parameters(described.values())])


def _section(field: str, templates: Iterable[Template]) -> str:
    rows = [
        f"| `{one.name}` | {one.question} | `{one.unit}` | {_names(one.parameters)} | {_names(one.metrics())} |"
        for one in templates
    ]
    return "\n".join(
        [
            f"## {field}\n",
            "| name | question | unit | parameters | needs |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _parameters(parameters: Iterable[Parameter]) -> str:
    rows = [
        f"| `{one.name}` | {one.description} | {one.expected} |" for one in sorted(parameters, key=lambda p: p.name)
    ]
    return "\n".join(["## Parameters\n", "| name | what it is | a value is |", "| --- | --- | --- |", *rows, ""])


def _names(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
