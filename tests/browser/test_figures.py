"""Heatmaps, boards and shares in an exported page: drawn in both schemes, every number in the table below."""

from __future__ import annotations

from pathlib import Path

import pytest

from obslib.figures.board import plot_board
from obslib.figures.heatmap import plot_heatmap
from obslib.figures.share import plot_label_share
from obslib.report.exporting import export_html
from tests.browser.test_export import ready
from tests.figures.support import metric, waves
from tests.figures.test_heatmap import histogram
from tests.report.support import chart, code, notebook, prose

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_of_three(tmp_path_factory) -> Path:
    figures = [
        plot_heatmap(histogram([[3, 5, 5], [1, 1, 9]], unit="1/s"), title="Durations"),
        plot_board({"Took": waves(3, 60), "Held": metric([[2.0**20], [2.0**21]], unit="By")}, title="Board"),
        plot_label_share(metric([[1, 3]], names=["<web>", "api"]), "service", title="Share"),
    ]
    cells = [code("figure", chart(figure.to_plotly_json())) for figure in figures]
    book = notebook(prose("# Three figures\n\nAre they drawn?"), *cells)
    return export_html(book, tmp_path_factory.mktemp("three") / "three.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_draw_offline_without_complaint(browser, page_of_three, scheme):
    page = browser.open(page_of_three, scheme=scheme)
    ready(page)
    for place, drawn in enumerate([".heatmaplayer image", ".subplot.x2y2 .js-line", ".barlayer .point path"]):
        page.locator(f"#chart-{place + 1}").scroll_into_view_if_needed()
        page.wait_for_selector(f".plot[data-chart='{place}'] {drawn}", state="attached")
    assert browser.foreign == []
    assert browser.complaints == []


def test_the_edges_of_buckets_are_labelled(browser, page_of_three):
    page = browser.open(page_of_three)
    ready(page)
    page.wait_for_selector(".plot[data-chart='0'] .ytick", state="attached")
    assert page.locator(".plot[data-chart='0'] .yaxislayer-above .ytick text").all_text_contents() == [
        "0",
        "100 ms",
        "500 ms",
        "∞",
    ]


@pytest.mark.parametrize(
    ("place", "heads", "first"),
    [
        (1, ["0 to 100 ms (/s)", "over 500 ms (/s)"], ["2026-11-01 00:00:00", "3", "2", "0"]),
        (2, ["Took: svc-", "Held: ", "(MiB)"], ["2026-11-01 00:00:00"]),
        (3, ["value (%)"], ["<web>", "25"]),
    ],
)
def test_the_table_has_every_number(browser, page_of_three, place, heads, first):
    page = browser.open(page_of_three)
    ready(page)
    page.locator(f"#chart-{place} details.data > summary").click()
    table = page.locator(f"#chart-{place} .rows table")
    head = table.locator("thead").inner_text()
    assert [text for text in heads if text not in head] == []
    row = table.locator("tbody tr").first.locator("th, td").all_inner_texts()
    assert row[: len(first)] == first
