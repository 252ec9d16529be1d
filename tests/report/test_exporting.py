"""An export shows everything and refuses what it cannot show."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import plotly.graph_objects as go
import pytest
from nbformat import v4

from obslib.core.errors import NotebookError
from obslib.report.exporting import export_html
from obslib.report.outputs import last_of_line, merged_streams
from tests.report.support import chart, code, notebook, printed, prose, shown


def page(tmp_path, *cells, **options) -> str:
    return export_html(notebook(*cells), tmp_path / "page.html", **options).read_text(encoding="utf-8")


def without_blocks(text: str) -> str:
    return re.sub(r"<script.*?</script>|<style>.*?</style>", "", text, flags=re.DOTALL)


def test_the_file_names_no_other_host_and_runs_only_our_script(tmp_path):
    text = page(tmp_path, prose("# Title"), code("figure", chart()))
    assert "default-src 'none'; script-src 'sha256-" in text
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    assert text.count("<script>") == 1
    for lost in ("mathjax", "require.js", "cdn."):
        assert lost not in without_blocks(text).lower()


def test_a_page_without_charts_has_no_script_at_all(tmp_path):
    text = page(tmp_path, prose("# Title\n\nText"))
    assert "<script" not in text
    assert "script-src" not in text
    assert len(text) < 15_000


def test_a_chart_has_caption_summary_numbers_and_source(tmp_path):
    text = page(tmp_path, prose("# T"), code("f", chart(title="Latency <p95>")))
    assert '<span class="title">Latency &lt;p95&gt;</span>' in text
    assert re.search(r'role="img" aria-label="Latency &lt;p95&gt;. 4 series, 2026-11-01 00:00 to 01:59 UTC', text)
    assert text.count('<th scope="row">') == 4
    for fact in (
        "avg by (service) (latency_seconds)",
        "demo / store",
        "<dt>Step</dt><dd>1m</dd>",
        "<dt>Rows</dt><dd>120",
    ):
        assert fact in text
    assert "<dt>Fetched at</dt><dd>2026-11-02" in text
    assert "<dt>Data hash</dt><dd><code>" in text


def test_structure_is_what_screen_readers_need(tmp_path):
    text = page(tmp_path, prose("# T"), *[prose(f"## Part {i}") for i in range(3)], code("f", chart()))
    assert 'lang="en"' in text
    assert text.count("<main") == text.count("<h1") == 1
    assert '<nav class="contents" aria-label="Contents">' in text
    assert "<noscript>" in text
    assert "prefers-color-scheme: dark" in text


def test_markup_is_balanced(tmp_path):
    text = page(
        tmp_path,
        prose("# T\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
        code("f", chart(), printed("x"), shown(text_html=pd.DataFrame({"a": [1]}).to_html())),
        failure="it <failed>",
    )
    assert unbalanced(text) == []


def test_the_run_is_described_below_the_title(tmp_path):
    book = notebook(prose("# Title\n\nText"), code("1"))
    book.metadata["obslib"] = {
        "version": "0.1.0",
        "executed_at": "2026-11-25T02:46:35+00:00",
        "seconds": 5.4,
        "parameters": {"profile": "demo"},
    }
    text = export_html(book, tmp_path / "p.html").read_text(encoding="utf-8")
    assert 'Title</h1><p class="run">Run on 2026-11-25 02:46 UTC in 5.4 s' in text
    assert "<code>profile=&quot;demo&quot;</code> · obslib 0.1.0</p>" in text


def test_a_notebook_without_heading_gets_its_name_as_title(tmp_path):
    assert "<h1>page</h1>" in page(tmp_path, code("1"))


def test_code_is_folded_and_injected_parameters_are_not_repeated(tmp_path):
    text = page(tmp_path, prose("# T"), code("x = 'a'"), code("secretly = 1", tags=("injected-parameters",)))
    assert '<details class="code"><summary>Code</summary>' in text
    assert "secretly" not in text


def test_tables_of_hostile_data_are_text(tmp_path):
    table = pd.DataFrame({"<script>alert(1)</script>": ["<img src=x onerror=alert(2)>"]})
    text = page(tmp_path, prose("# T"), code("df", shown(text_html=table.to_html(), text_plain="x")))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(2)&gt;" in text


def test_output_is_escaped_and_its_colours_kept(tmp_path):
    text = page(tmp_path, code("p", printed("<b>x</b> \x1b[31mred\x1b[0m"), printed("warned", "stderr")))
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert "ansi-red-fg" in text
    assert '<pre class="stderr">warned</pre>' in text


def test_each_kind_of_output_is_shown(tmp_path):
    text = page(
        tmp_path,
        code(
            "x",
            shown(image_png="iVBORw0KGgo=\n", text_plain="<Figure>"),
            shown(**{"image_svg+xml": "<svg onload='alert(1)'/>"}),
            shown(text_markdown="**bold**"),
            shown(text_latex="$x^2$"),
            shown(application_json={"a": [1]}),
            shown(text_plain="plain"),
        ),
    )
    for part in (
        'alt="&lt;Figure&gt;"',
        "data:image/svg+xml;base64,",
        "<strong>bold</strong>",
        "$x^2$",
        "&quot;a&quot;",
        "plain",
    ):
        assert part in text


def test_a_widget_becomes_its_static_twin_and_says_so(tmp_path):
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Slider(3)"}
    text = page(tmp_path, code("w", v4.new_output("display_data", data=widget)))
    assert "Slider(3)" in text
    assert "Interactive in the notebook only" in text
    twin = v4.new_output("display_data", data={**widget, "text/html": "<b>3 of 5</b>"})
    assert "<b>3 of 5</b>" in page(tmp_path, code("w", twin))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (shown(application_javascript="alert(1)", text_plain="<Javascript>"), "application/javascript"),
        (shown(**{"application_vnd.bokehjs_exec.v0+json": "x"}), "cannot be exported"),
        (shown(text_html="<script>plot()</script>"), "only a script"),
        (shown(image_png="<not base64>"), "not valid base64"),
        (chart({"data": [{"type": "scattergl", "y": [1]}], "layout": {}}), "scattergl"),
        (chart({"data": [{"type": "choroplethmap"}], "layout": {}}), "cannot be drawn in an offline page"),
    ],
)
def test_what_would_be_lost_fails_the_export_and_names_the_cell(tmp_path, output, said):
    with pytest.raises(NotebookError, match=said) as caught:
        page(tmp_path, prose("# T"), code("x", output))
    assert "page, cell 2 of 2" in str(caught.value)
    assert not (tmp_path / "page.html").exists()


def test_an_error_is_shown_with_the_failure_on_top(tmp_path):
    error = v4.new_output("error", ename="NameError", evalue="x", traceback=["\x1b[31mNameError\x1b[0m: <x>"])
    text = page(tmp_path, prose("# T"), code("x", error), failure="page, cell 2 of 2: NameError")
    assert text.index("page, cell 2 of 2: NameError") < text.index("&lt;x&gt;")
    assert text.count('role="alert"') == 2


def test_charts_of_other_makers_are_kept_with_their_own_looks(tmp_path):
    import json

    bars = json.loads(go.Figure(go.Bar(x=["a"], y=[3], name="b"), layout_title_text="Bars").to_json())
    assert 'aria-label="Bars. 1 series. Peak: b 3."' in page(tmp_path, code("x", chart(bars)))


def test_raw_cells_are_shown_as_text(tmp_path):
    assert "<pre>&lt;raw&gt;</pre>" in page(tmp_path, v4.new_raw_cell("<raw>"))


def test_a_progress_bar_is_its_last_line():
    merged = merged_streams([printed("10 %\r"), printed("50 %\r"), printed("100 %\ndone\n"), printed("e", "stderr")])
    assert [output.text for output in merged] == ["10 %\r50 %\r100 %\ndone\n", "e"]
    assert last_of_line(merged[0].text) == "100 %\ndone\n"


class _Balance(HTMLParser):
    VOID = frozenset(["meta", "img", "br", "hr", "input", "link", "col"])

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def unbalanced(text: str) -> list[str]:
    parser = _Balance()
    parser.feed(text)
    return parser.faults + parser.open
