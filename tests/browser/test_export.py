"""Exports in a real Chromium without network: every chart draws, prints and explains itself."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from obslib.figures import theme
from obslib.figures.timeseries import plot_timeseries
from obslib.report.exporting import export_html
from tests.figures.support import events, metric, waves
from tests.report.support import chart, code, notebook, prose, shown

pytestmark = pytest.mark.browser
READY = "html[data-charts=ready]"
CHARTS = 10
DRAWN = "document.querySelectorAll('.plot.js-plotly-plot svg.main-svg:first-of-type').length"


def ready(page) -> None:
    page.wait_for_selector(READY, state="attached")


@pytest.fixture(scope="module")
def ten(tmp_path_factory) -> Path:
    """Ten charts of a day each, far apart; one with events and thresholds, hostile names in another."""
    seen = events(("2026-11-01T06:00Z", "2026-11-01T08:00Z", "incident", "<img src=x onerror=alert(1)>"))
    figures = [plot_timeseries(waves(3, 1_440, seed=seed), title=f"Chart {seed}") for seed in range(CHARTS - 2)]
    figures.append(plot_timeseries(waves(30, 1_440), title="Many", events=seen, thresholds={"SLO": 0.1}))
    names = ["<img src=x onerror=alert(1)>", "<b>bold</b> & more", "plain"]
    figures.append(
        plot_timeseries(
            metric(np.arange(180.0).reshape(60, 3), names=names), title="</script><script>alert(1)</script>"
        )
    )
    table = pd.DataFrame({"name": ["<script>alert(1)</script>"]}).to_html()
    cells = [code("figure", chart(figure.to_plotly_json())) for figure in figures]
    hostile = shown(
        text_html=f"{table}<svg onload=alert(1)></svg><img src='data:image/png;base64,AA' onerror=alert(1)>"
    )
    book = notebook(prose("# Ten charts\n\nAre they drawn?"), *cells)
    book.cells.append(code("table", hostile))
    return export_html(book, tmp_path_factory.mktemp("ten") / "ten.html")


def test_ten_charts_draw_offline_with_no_request_and_no_complaint(browser, ten):
    page = browser.open(ten)
    ready(page)
    for place in range(CHARTS):
        page.locator(f"#chart-{place + 1}").scroll_into_view_if_needed()
        page.wait_for_selector(f".plot[data-chart='{place}'] .scatterlayer .trace path.js-line")
    assert page.evaluate(DRAWN) == CHARTS
    assert browser.foreign == []
    assert browser.complaints == []


def test_charts_draw_only_when_they_come_into_view(browser, ten):
    page = browser.open(ten)
    ready(page)
    page.wait_for_selector(".plot[data-chart='0'] svg.main-svg")
    assert page.evaluate(DRAWN) < CHARTS


def test_every_chart_is_on_paper(browser, ten):
    page = browser.open(ten)
    ready(page)
    pdf = page.pdf()
    assert page.evaluate("window.performance.getEntriesByType('navigation').length") == 1
    assert len(pdf) > 50_000
    # Printing draws what was never scrolled to; afterwards the charts have their screen size again.
    assert page.evaluate(DRAWN) == CHARTS


def test_paper_is_light_even_for_a_reader_with_a_dark_screen(browser, ten):
    page = browser.open(ten, scheme="dark")
    ready(page)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert line_colour(page) == theme.LIGHT.series[0]
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert line_colour(page) == theme.DARK.series[0]


def line_colour(page) -> str:
    """Hex colour of the first line of the first chart."""
    page.wait_for_selector(".plot[data-chart='0'] path.js-line")
    style = page.locator(".plot[data-chart='0'] path.js-line").first.get_attribute("style")
    red, green, blue = map(int, re.search(r"stroke: rgb\((\d+), (\d+), (\d+)\)", style).groups())
    return f"#{red:02X}{green:02X}{blue:02X}"


@pytest.mark.parametrize(("scheme", "colours"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_charts_follow_the_readers_colour_scheme(browser, ten, scheme, colours):
    page = browser.open(ten, scheme=scheme)
    ready(page)
    assert line_colour(page) == colours.series[0]
    paper = page.locator(".plot[data-chart='0'] .main-svg").first.get_attribute("style")
    red, green, blue = (int(colours.page[place : place + 2], 16) for place in (1, 3, 5))
    assert f"background: rgb({red}, {green}, {blue})" in paper


def test_a_picture_of_the_whole_page_keeps_the_charts_layout(browser, ten):
    page = browser.open(ten)
    ready(page)
    ticks = "document.querySelector('.plot')._fullLayout.xaxis.nticks"
    page.wait_for_selector(".plot[data-chart='0'] path.js-line")
    before = page.evaluate(ticks)
    page.screenshot(full_page=True)  # the window has no size for a moment
    assert page.evaluate(ticks) == before


def test_charts_change_when_the_reader_switches_the_scheme(browser, ten):
    page = browser.open(ten, scheme="light")
    ready(page)
    assert line_colour(page) == theme.LIGHT.series[0]
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    assert line_colour(page) == theme.DARK.series[0]


def test_nothing_in_the_data_runs_or_becomes_markup(browser, ten):
    alerts = []
    page = browser.open(ten)
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    ready(page)
    page.locator(f"#chart-{CHARTS}").scroll_into_view_if_needed()
    legend = page.wait_for_selector(f".plot[data-chart='{CHARTS - 1}'] .legend")
    assert "<b>bold</b> & more" in legend.text_content()
    for place in (CHARTS - 1, CHARTS):
        page.locator(f"#chart-{place} details.data summary").click()
    assert page.locator("th", has_text="<img src=x onerror=alert(1)>").count() > 0
    assert page.locator("td", has_text="<script>alert(1)</script>").count() == 1
    page.wait_for_timeout(200)
    assert alerts == []


def test_an_injected_script_is_refused_by_the_policy(browser, ten):
    page = browser.open(ten)
    ready(page)
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s)"
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.ran = true\">')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in browser.complaints)


def test_the_page_cannot_reach_the_network(browser, ten):
    page = browser.open(ten)
    ready(page)
    assert page.evaluate("fetch('https://example.com/').then(() => 'reached', () => 'refused')") == "refused"
    assert any("Content Security Policy" in text for text in browser.complaints)


def test_everything_is_reached_by_keyboard(browser, ten):
    page = browser.open(ten)
    ready(page)
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert reached[:3] == ["skip", "SUMMARY", "plot js-plotly-plot"]
    assert reached.count("SUMMARY") >= 4


def test_arrow_and_plus_keys_move_and_zoom_a_chart(browser, ten):
    page = browser.open(ten)
    ready(page)
    page.wait_for_selector(".plot[data-chart='0'] path.js-line")
    extent = "(() => { const a = document.querySelector('.plot')._fullLayout.xaxis; return a.range.map(a.r2l); })()"
    before = page.evaluate(extent)
    page.locator(".plot[data-chart='0']").focus()
    page.keyboard.press("+")
    page.wait_for_timeout(150)
    zoomed = page.evaluate(extent)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(150)
    moved = page.evaluate(extent)
    page.keyboard.press("0")
    page.wait_for_timeout(150)
    assert zoomed[1] - zoomed[0] == pytest.approx(0.7 * (before[1] - before[0]), rel=0.01)
    assert moved[0] > zoomed[0]
    assert page.evaluate(extent) == before


def test_a_chart_offers_all_its_numbers_as_a_table(browser, ten):
    page = browser.open(ten)
    ready(page)
    page.locator("#chart-1 details.data summary").click()
    table = page.locator("#chart-1 .rows table")
    table.wait_for()
    assert table.locator("thead th").all_text_contents()[0] == "time (UTC)"
    assert table.locator("thead th").count() == 4
    assert table.locator("tbody tr").count() == 500
    assert table.locator("tbody th").first.text_content() == "2026-11-01 00:00:00"
    assert page.locator("#chart-1 .rows .note").text_content() == "First 500 of 1,440 rows."


@pytest.mark.parametrize("width", [360, 768, 1_400])
def test_no_page_is_wider_than_its_screen(browser, ten, width):
    page = browser.open(ten, width=width)
    ready(page)
    page.locator(f"#chart-{CHARTS - 1}").scroll_into_view_if_needed()
    page.wait_for_selector(f".plot[data-chart='{CHARTS - 2}'] path.js-line")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('.plot')._fullLayout._size.h") > 120


def test_without_javascript_the_numbers_are_there(browser, ten):
    page = browser.open(ten, scripts=False)
    assert "Charts need JavaScript" in page.locator("noscript").text_content()
    page.locator("#chart-1 details.data summary").click()
    assert page.locator("#chart-1 details.data tbody tr").count() == 3
    assert page.locator("#chart-1 details.data tbody tr").first.is_visible()


def test_a_browser_without_decompression_shows_the_numbers_instead(chromium, ten):
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(ten.as_uri())
    page.wait_for_selector(".plot.undrawn")
    assert page.locator(".plot.undrawn").count() == CHARTS
    assert page.locator("details.data[open]").count() == CHARTS
    context.close()


def test_long_legends_on_a_phone_leave_room_for_the_plot(browser, tmp_path):
    names = [f"/api/v1/products/{{product_id}}/price-history/by-day/{place}" for place in range(14)]
    figure = plot_timeseries(metric(np.arange(420.0).reshape(30, 14), names=names), title="Long names")
    book = notebook(prose("# T"), code("f", chart(figure.to_plotly_json())))
    page = browser.open(export_html(book, tmp_path / "long.html"), width=360)
    ready(page)
    page.wait_for_selector(".plot .scatterlayer path.js-line")
    assert page.evaluate("document.querySelector('.plot')._fullLayout._size.h") > 120
    assert browser.complaints == []
