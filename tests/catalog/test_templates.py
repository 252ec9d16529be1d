"""Every packaged template: well formed, documented, and answered by the demo."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from obslib import catalog, demo
from obslib.core.config import Profile
from obslib.core.frames import labels_of
from obslib.core.provenance import provenance_of
from obslib.core.series import METRIC_NAME
from obslib.figures.picture import picture_of
from obslib.languages.promql import parse
from obslib.languages.promql.syntax import Selector, walk
from obslib.languages.promql.variables import variables_of
from obslib.store.source import StoreSource
from obslib.store.store import Store
from obslib.workspace import Workspace
from tests.languages.promql.hostile import HOSTILE

NAMES = catalog.names()
RESERVED = {"last", "window", "step", "self"}
UNIT = re.compile(r"(1|%|s|By|USD|\{[a-z]+\})(/(s|h))?")
DAYS = 3


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Three days of the demo's metrics."""
    store = Store.create(tmp_path_factory.mktemp("catalog") / "store")
    for batch in demo.generate(scale=0.001, days=DAYS):
        store.append(batch)
    return Workspace(Profile("demo", {}, {}), {"metrics": StoreSource(store, kind="demo")}, lambda: demo.NOW)


def test_there_are_enough_templates_for_every_field():
    assert len(NAMES) >= 60
    fields = {name.partition(".")[0] for name in NAMES}
    assert fields >= {
        "http", "client", "node", "container", "cluster", "pool", "db", "redis", "queue", "lb", "nginx", "cdn", "web",
        "slo", "probe", "targets", "business", "cost", "security",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_answers_with_known_values_in_a_valid_unit(name: str, ws: Workspace):
    frame = ws.ask(name, last="2h", step="1m", **({"period": "1d"} if "period" in catalog.get(name).parameters else {}))
    values = frame.to_numpy()
    assert np.isfinite(values).any(), f"nothing is known; needs {catalog.get(name).metrics()}"
    assert not np.isinf(values).any()
    unit = provenance_of(frame).unit
    assert UNIT.fullmatch(unit)
    if unit == "1" and name not in {"http.requests_change", "slo.budget_left", "db.costliest_queries"}:
        assert np.nanmin(values) >= -1e-9
        assert np.nanmax(values) <= 2.0


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_needs_nothing_but_the_answer(name: str, ws: Workspace):
    template = catalog.get(name)
    frame = ws.ask(name, last="30m")
    picture = picture_of(frame, title="", unit=None, top=10)
    assert picture.title == provenance_of(frame).details["title"]
    assert "$" not in picture.title
    assert picture.unit == template.unit
    assert picture.blank == ""


@pytest.mark.parametrize("name", NAMES)
def test_text_and_title_use_exactly_the_parameters(name: str):
    template = catalog.get(name)
    assert set(variables_of(template.text["promql"])) == set(template.parameters)
    assert set(re.findall(r"\$(\w+)", template.title)) <= set(template.parameters)
    assert not set(template.parameters) & RESERVED


@pytest.mark.parametrize("name", NAMES)
def test_name_question_and_parameters_read_well(name: str):
    template = catalog.get(name)
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", name)
    assert template.question.endswith("?") or template.question.endswith("?)")
    assert not template.title.endswith((".", "?"))
    assert all(one.description and not one.description.endswith(".") for one in template.parameters.values())
    assert template.metrics()


@pytest.mark.parametrize("name", [name for name in NAMES if "by" in catalog.get(name).parameters])
def test_the_labels_to_keep_apart_can_be_chosen_or_dropped(name: str, ws: Workspace):
    total = ws.ask(name, by=None, last="10m")
    assert labels_of(total) == [{}]
    assert np.isfinite(total.to_numpy()).any()


def filters(name: str) -> list[str]:
    return [one.name for one in catalog.get(name).parameters.values() if one.type == "label"]


@pytest.mark.parametrize("name", [name for name in NAMES if filters(name)])
def test_hostile_values_stay_values_in_every_template(name: str):
    template = catalog.get(name)
    plain = shape(template.ask(dict.fromkeys(filters(name), "x")).text)
    for place in range(0, len(HOSTILE), 29):
        values = {one: HOSTILE[(place + offset) % len(HOSTILE)] for offset, one in enumerate(filters(name))}
        text = template.ask(values).text
        assert shape(text) == plain
        assert {one.value for one in matchers(text)} >= set(values.values())


def matchers(text: str) -> list:
    return [one for node in walk(parse(text)) if isinstance(node, Selector) for one in node.matchers]


def shape(text: str) -> list:
    """What kind of nodes a query has, and which labels its selectors look at."""
    nodes = list(walk(parse(text)))
    labels = [
        [(m.name, m.op, m.value if m.name == METRIC_NAME else "") for m in n.matchers]
        for n in nodes
        if isinstance(n, Selector)
    ]
    return [[type(node).__name__ for node in nodes], labels]


def test_no_template_is_named_twice():
    folder = Path(catalog.__file__).parent / "templates"
    written = [
        line
        for file in folder.iterdir()
        for line in file.read_text("utf-8").splitlines()
        if line.startswith("- name: ")
    ]
    assert len(written) == len(NAMES)


def test_every_described_parameter_is_used():
    described = (Path(catalog.__file__).parent / "parameters.yaml").read_text("utf-8")
    used = {parameter for name in NAMES for parameter in catalog.get(name).parameters}
    assert set(re.findall(r"^(\w+):", described, re.MULTILINE)) == used
