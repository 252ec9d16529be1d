"""The metrics explorer: widgets around `MetricExploration`, each callback one step and one redraw."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets
import pandas as pd

from obslib.core.errors import ObslibError
from obslib.figures.sparkline import sparkline
from obslib.figures.summary import figure_summary
from obslib.widgets.copying import CopyButton
from obslib.widgets.metric_exploration import SPANS, MetricExploration
from obslib.widgets.metric_query import AGGREGATIONS
from obslib.workspace import Workspace

RESULTS, VALUES = 5, 12
_PLOTLY = "application/vnd.plotly.v1+json"
_ROW = widgets.Layout(flex_flow="row wrap", align_items="center")
_WIDE = widgets.Layout(width="auto")


class MetricsExplorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Widget over a `MetricExploration`.

    Parameters
    ----------
    ws
        The workspace asked.
    last
        The window to begin with.

    Attributes
    ----------
    state
        The `MetricExploration`: what is chosen, its PromQL, frame and figure.
    """

    def __init__(self, ws: Workspace, *, last: str = "6h") -> None:
        self.state = MetricExploration(ws, last=last)
        self._quiet = False
        self._said = ""
        self._make_controls(last)
        chosen = widgets.HBox([self._view, self._aggregation, self._last, self._week], layout=_ROW)
        actions = widgets.HBox([self._run, self._copy], layout=_ROW)
        self._panel = widgets.VBox(
            [
                chosen,
                self._split,
                self._filters,
                self._label,
                self._values,
                self._promql,
                actions,
                self._error,
                self._chart,
            ]
        )
        super().__init__([self._words, self._found, self._results, self._panel])
        self._panel.layout.display = "none"
        self._search()

    def _make_controls(self, last: str) -> None:
        text = {"style": {"description_width": "70px"}}
        self._words = widgets.Text(
            placeholder="words of a name or its help, such as: request duration",
            description="Search",
            layout=_WIDE,
            **text,
        )
        self._found, self._error = widgets.HTML(), widgets.HTML()
        self._results, self._filters, self._values = (
            widgets.VBox(),
            widgets.HBox(layout=_ROW),
            widgets.HBox(layout=_ROW),
        )
        small = widgets.Layout(width="230px")
        self._view = widgets.Dropdown(description="Show", layout=small, **text)
        self._aggregation = widgets.Dropdown(options=AGGREGATIONS, description="Combine", layout=small, **text)
        spans = SPANS if last in SPANS else (last, *SPANS)
        self._last = widgets.Dropdown(options=spans, value=last, description="Last", layout=small, **text)
        self._week = widgets.Checkbox(description="and last week", indent=False, layout=widgets.Layout(width="auto"))
        self._split = widgets.HBox(layout=_ROW)
        self._label = widgets.Dropdown(description="Drill into", layout=widgets.Layout(width="320px"), **text)
        self._promql = widgets.Textarea(description="PromQL", rows=4, layout=_WIDE, continuous_update=True, **text)
        self._run = widgets.Button(description="Run the edited query", layout=widgets.Layout(width="auto"))
        self._copy = CopyButton()
        self._chart = widgets.Output(layout=_WIDE)
        self._listen()

    def _listen(self) -> None:
        self._words.observe(lambda _: self._search(), "value")
        self._on(self._view, self.state.view)
        self._on(self._aggregation, self.state.aggregate)
        self._on(self._last, self.state.look_back)
        self._on(self._week, self.state.compare)
        self._label.observe(self._on_label, "value")
        self._run.on_click(lambda _: self._step(lambda: self.state.edit(self._promql.value)))

    def _on(self, control: Any, step: Callable[[Any], None]) -> None:
        def changed(change: Any) -> None:
            if not self._quiet:
                self._step(lambda: step(change["new"]))

        control.observe(changed, "value")

    def _on_label(self, _change: Any) -> None:
        if not self._quiet:
            self._show_values()

    def _search(self) -> None:
        hits = self.state.search(self._words.value)
        shown = hits.head(RESULTS)
        more = f", the first {RESULTS} of them below" if len(hits) > RESULTS else ""
        self._found.value = f"{len(hits):,} of {len(self.state.known):,} metrics{more}"
        self._results.children = [self._result(row) for row in shown.itertuples(index=False)]

    def _result(self, row: Any) -> widgets.HBox:
        layout = widgets.Layout(width="360px", min_width="360px")
        button = widgets.Button(description=_cut(row.metric, 48), tooltip=row.metric, layout=layout)
        button.on_click(lambda _: self._step(lambda: self.state.choose(row.metric), fresh=True))
        about = " · ".join(filter(None, [row.type, row.unit, row.help]))
        picture = widgets.HTML(sparkline(self.state.thumbnail(row.metric)))
        return widgets.HBox([button, picture, widgets.HTML(f"<small>{escape(about)}</small>")])

    def choose(self, metric: str) -> None:
        """Look at a metric, as a click on it does."""
        self._step(lambda: self.state.choose(metric), fresh=True)

    def _step(self, change: Callable[[], None], *, fresh: bool = False) -> None:
        """Change the state, then draw all that depends on it; what is wrong is said, and the chart stays."""
        try:
            change()
            figure = self.state.figure()
            labels = self.state.labels()
        except ObslibError as error:
            self._error.value = f'<pre role="alert" style="white-space:pre-wrap">{escape(str(error))}</pre>'
            self._promql.value = self.state.promql
            self._panel.layout.display = ""
            return
        self._error.value = ""
        self._said = figure_summary(figure)
        data = {_PLOTLY: json.loads(figure.to_json()), "text/plain": self._said}
        self._chart.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        self._show_choices(labels, fresh=fresh)

    def _show_choices(self, labels: pd.DataFrame, *, fresh: bool) -> None:
        """Let every control say what the state is, without reacting to it."""
        query, self._quiet = self.state.query, True
        counts = labels.groupby("label")["value"].size()
        names = sorted({*counts.index, *query.by})
        self._view.options, self._view.value = query.views, query.shown
        self._aggregation.value = query.aggregated
        self._aggregation.disabled = query.kind == "histogram"
        self._week.value = query.compare
        toggles = [self._toggle(name, int(counts.get(name, 0)), chosen=name in query.by) for name in names]
        self._split.children = [widgets.Label("Split by"), *toggles]
        before = self._label.value
        self._label.options = [(f"{name} ({counts[name]:,})", name) for name in counts.index]
        if len(counts):
            self._label.value = before if before in counts.index and not fresh else counts.index[0]
        self._promql.value = self.state.promql
        self._copy.text = self.state.code
        self._filters.children = [self._filter(*pair) for pair in query.filters.items()]
        self._quiet, self._labels = False, labels
        self._show_values()
        self._panel.layout.display = ""

    def _toggle(self, name: str, values: int, *, chosen: bool) -> widgets.ToggleButton:
        layout = widgets.Layout(width="auto", max_width="300px")
        button = widgets.ToggleButton(
            value=chosen, description=f"{_cut(name, 30)} ({values:,})", tooltip=name, layout=layout
        )

        def changed(change: Any) -> None:
            others = [one for one in self.state.query.by if one != name]
            self._step(lambda: self.state.split([*others, name] if change["new"] else others))

        button.observe(changed, "value")
        return button

    def _filter(self, label: str, value: str) -> widgets.Button:
        layout = widgets.Layout(width="auto", max_width="400px")
        button = widgets.Button(description=f"{label} = {_cut(value, 40)}  ✕", button_style="info", layout=layout)
        button.on_click(lambda _: self._step(lambda: self.state.undrill(label)))
        return button

    def _show_values(self) -> None:
        """The most frequent values of the chosen label, each a button that drills down."""
        rows = self._labels[self._labels["label"] == self._label.value]
        buttons = [self._value(row) for row in rows.head(VALUES).itertuples(index=False)]
        more = [widgets.HTML(f"and {len(rows) - VALUES:,} more")] if len(rows) > VALUES else []
        self._values.children = [*buttons, *more]

    def _value(self, row: Any) -> widgets.Button:
        layout = widgets.Layout(width="auto", max_width="400px")
        button = widgets.Button(description=f"{_cut(row.value, 40)} ({row.series:,})", tooltip=row.value, layout=layout)
        button.on_click(lambda _: self._step(lambda: self.state.drill(row.label, row.value)))
        return button

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and for exports what it shows: the query and the chart in words."""
        bundle = super()._repr_mimebundle_(**options)
        twin = f"<p>{escape(self._said or 'Metrics explorer: no metric chosen.')}</p>"
        if self.state.promql:
            twin += f"<pre>{escape(self.state.promql)}</pre>"
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/html"] = twin
        return bundle


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-(longest // 2 - 1) :]}"
