"""Finding templates, and how listings show."""

from __future__ import annotations

import subprocess
import sys

import pytest

import obslib
from obslib import catalog
from obslib.catalog.template import Template
from obslib.core.errors import InputError


def test_words_are_found_in_names_titles_questions_parameters_and_metrics():
    assert {one.name for one in catalog.search("redis")} == {name for name in catalog.names() if "redis" in name}
    assert "slo.budget_left" in {one.name for one in catalog.search("Error Budget")}
    assert "http.latency" in {one.name for one in catalog.search("how long")}
    assert {one.name for one in catalog.search("distribution cdn")} == {"cdn.bytes", "cdn.hit_ratio", "cdn.requests"}
    assert [one.name for one in catalog.search("node_timex_offset_seconds")] == ["node.clock_offset"]


def test_without_words_all_are_listed_in_order():
    assert [one.name for one in catalog.search()] == catalog.names() == sorted(catalog.names())


def test_nothing_found_is_an_empty_listing_that_says_what_to_do():
    found = catalog.search("no such thing")
    assert len(found) == 0
    assert repr(found) == "no template; obslib.catalog.search() lists all"
    assert "search()" in found._repr_html_()


def test_a_listing_is_a_sequence():
    found = catalog.search("redis")
    assert isinstance(found[0], Template)
    assert [one.name for one in found[:2]] == [found[0].name, found[1].name]
    assert found[0] in found


def test_a_listing_is_a_table_in_text_and_in_a_notebook():
    found = catalog.search("redis memory")
    assert repr(found).splitlines()[0].startswith("redis.evictions")
    page = found._repr_html_()
    assert page.count("<tr>") == len(found) + 1
    assert "<code>redis.memory</code>" in page


def test_a_listing_escapes_what_it_shows():
    hostile = Template("<b>", "t", "<script>?", "<i>", "timeseries", {}, {})
    page = catalog.Listing([hostile])._repr_html_()
    assert "&lt;script&gt;?" in page
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'http\.latency'") as caught:
        catalog.get("http.latncy")
    assert "catalog.search()" in caught.value.fix


def test_the_catalogue_is_reached_from_obslib_and_loads_no_figures():
    script = (
        "import obslib, sys; obslib.catalog.search('redis'); print('plotly' in sys.modules, 'duckdb' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["False", "False"]
    assert "catalog" in dir(obslib)
