"""Values written into PromQL, read back by a real Prometheus 3: its own parser is the judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from obslib.languages.promql.variables import fill
from tests.languages.promql.hostile import HOSTILE
from tests.live.servers import Running
from tests.live.support import get_json, live_server

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Running]:
    with live_server("prometheus3") as server:
        yield server


def tree(server: Running, query: str) -> Any:
    """Prometheus' syntax tree of a query."""
    answer: Any = get_json(f"{server.url}/api/v1/parse_query?{urlencode({'query': query})}")
    assert answer["status"] == "success", query
    return answer["data"]


def value_of(selector: Any) -> tuple[str, str]:
    (found,) = [(one["type"], one["value"]) for one in selector["matchers"] if one["name"] == "a"]
    return found


@pytest.mark.parametrize("query", ["x{a=$v}", "x{a='$v'}"])
def test_hostile_text_is_read_as_itself(prometheus: Running, query: str):
    read = [value_of(tree(prometheus, fill(query, {"v": text}))) for text in HOSTILE]
    assert read == [("=", text) for text in HOSTILE]


def test_patterns_of_hostile_text_are_patterns_to_go_as_well(prometheus: Running):
    for text in HOSTILE:
        assert value_of(tree(prometheus, fill("x{a=~$v}", {"v": text})))[0] == "=~"
        assert value_of(tree(prometheus, fill("x{a!=$v}", {"v": [text, "other"]})))[0] == "!~"


def test_hostile_label_names_are_read_as_themselves(prometheus: Running):
    for text in filter(None, HOSTILE):
        assert tree(prometheus, fill("sum by ($v, le) (x)", {"v": text}))["grouping"] == [text, "le"]


@pytest.mark.parametrize("value", [0.1, -2.5, 1e300, 5e-324, float("inf"), float("-inf"), 3, 10**15, 0.0])
def test_numbers_are_read_as_themselves(prometheus: Running, value: float):
    node = tree(prometheus, fill("x > $v", {"v": value}))["rhs"]
    node = node["expr"] if node["type"] == "parenExpr" else node
    sign = -1.0 if node["type"] == "unaryExpr" else 1.0
    node = node["expr"] if node["type"] == "unaryExpr" else node
    assert sign * float(node["val"]) == value


def test_durations_and_moments_are_read_as_themselves(prometheus: Running):
    read = tree(prometheus, fill("rate(x[$v] offset $o @ $t)", {"v": "1h30m", "o": -90, "t": "2026-11-01"}))["args"][0]
    assert (read["range"], read["offset"], read["timestamp"]) == (5_400_000, -90_000, 1_793_491_200_000)
