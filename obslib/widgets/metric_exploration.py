"""The state of the metrics explorer: each step is one query and one figure, with no widget in sight."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import InputError, nearest
from obslib.core.frames import labels_of
from obslib.core.provenance import attach, provenance_of
from obslib.core.series import METRIC_NAME
from obslib.core.window import Window
from obslib.figures.heatmap import plot_heatmap
from obslib.figures.timeseries import plot_timeseries
from obslib.widgets.metric_query import AGGREGATIONS, MetricQuery, kind_of
from obslib.workspace import Workspace

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS, THUMBNAIL_POINTS = 300, 48
SPANS = ("15m", "1h", "6h", "24h", "7d")


class MetricExploration:
    """Which metric is looked at, and how. Change it step by step, then ask for `figure()`.

    Parameters
    ----------
    ws
        The workspace asked.
    last
        The window's length; later steps can change it.

    Examples
    --------
    >>> from obslib import connect
    >>> seen = MetricExploration(connect("demo"), last="6h")  # doctest: +SKIP
    >>> seen.choose("http_requests_total")  # doctest: +SKIP
    >>> seen.split(["service"])  # doctest: +SKIP
    >>> seen.promql  # doctest: +SKIP
    'sum by (service) (rate(http_requests_total[5m]))'
    """

    def __init__(self, ws: Workspace, *, last: str = "6h") -> None:
        self._ws = ws
        self.last = last
        self.known = ws.metric_names(last=last)
        self._declared = {row.metric: row for row in self.known.itertuples(index=False)}
        self._edited = ""
        self._query: MetricQuery | None = None

    @property
    def query(self) -> MetricQuery:
        """The present choices; an `InputError` before a metric is chosen."""
        if self._query is None:
            raise InputError("no metric is chosen.", fix="choose one of search('...').")
        return self._query

    @property
    def promql(self) -> str:
        """The text that `figure()` asks: what was edited, else what the choices say; `""` at first."""
        return self._edited or (self._query.text() if self._query else "")

    @property
    def code(self) -> str:
        """A notebook cell that draws the same figure."""
        call = "plot_heatmap" if self._query and self._query.heatmap and not self._edited else "plot_timeseries"
        unit = "" if self._edited or not self._unit() else f", unit={self._unit()!r}"
        return f"frame = ws.metrics({self.promql!r}, last={self.last!r})\nobslib.{call}(frame{unit})"

    def search(self, words: str = "") -> pd.DataFrame:
        """Metrics with every word in name or help: `metric, type, unit, help`; names before help, short before long."""
        wanted = words.lower().split()
        names = self.known["metric"].str.lower()
        texts = names + " " + self.known["help"].str.lower()
        family = names.str.replace(r"_(bucket|sum|count)$", "", regex=True)  # then `_bucket` is the first of its family
        hits = pd.DataFrame({"named": 0, "length": family.str.len() if wanted else 0, "name": names})
        found = np.ones(len(hits), dtype=bool)
        for word in wanted:
            found &= texts.str.contains(word, regex=False).to_numpy(dtype=bool)
            hits["named"] -= names.str.contains(word, regex=False).to_numpy(dtype=np.int64)
        order = hits[found].sort_values(["named", "length", "name"]).index
        return self.known.loc[order].reset_index(drop=True)

    def choose(self, metric: str) -> None:
        """Look at a metric in the way that suits its type, without filters.

        Raises
        ------
        InputError
            If there is no such metric in the window.
        """
        self._query, self._edited = self._suited(metric), ""

    def view(self, view: str) -> None:
        """See the metric as one of `query.views`: a rate, a quantile, a distribution."""
        self._change(view=_one_of(view, self.query.views, "view"))

    def aggregate(self, how: str) -> None:
        """Put series together by `sum`, `avg`, `max` or `min`."""
        self._change(aggregation=_one_of(how, AGGREGATIONS, "aggregation"))

    def split(self, by: list[str] | tuple[str, ...]) -> None:
        """One line per value of these labels."""
        self._change(by=tuple(by))

    def drill(self, label: str, value: str) -> None:
        """Keep only the series with this label value."""
        self._change(filters={**self.query.filters, label: value})

    def undrill(self, label: str) -> None:
        """Drop the filter on a label."""
        self._change(filters={name: value for name, value in self.query.filters.items() if name != label})

    def compare(self, wanted: bool) -> None:
        """Show the same window of last week as well."""
        self._change(compare=wanted)

    def look_back(self, last: str) -> None:
        """Change the window's length; rates follow it."""
        self.last = last
        if self._query:
            self._query = replace(self._query, range=self._ws.rate_range(self._step()))

    def edit(self, promql: str) -> None:
        """Ask this text from now on, until a choice is made."""
        self._edited = "" if self._query and promql.strip() == self._query.text() else promql.strip()

    def labels(self) -> pd.DataFrame:
        """How many series have each value of each label, after the filters: `label, value, series`, most first."""
        end = self._ws.window(self.last).end
        now = self._ws.metrics(self.query.selector(), window=Window(end - pd.Timedelta("1min"), end), step="1m")
        ignored = {METRIC_NAME, "le"} if self.query.kind == "histogram" else {METRIC_NAME}
        pairs = Counter((name, value) for one in labels_of(now) for name, value in one.items() if name not in ignored)
        rows = [(label, value, count) for (label, value), count in pairs.items()]
        table = pd.DataFrame(rows, columns=["label", "value", "series"])
        return table.sort_values(["label", "series", "value"], ascending=[True, False, True], ignore_index=True)

    def frame(self) -> pd.DataFrame:
        """The answer to `promql`, with the metric's unit."""
        frame = self._ws.metrics(self.promql, last=self.last, step=self._step())
        if self._edited:
            return frame
        return attach(frame, replace(provenance_of(frame), unit=self._unit(), details={"title": self._title()}))

    def figure(self) -> go.Figure:
        """The answer, drawn."""
        frame = self.frame()
        return (
            plot_heatmap(frame) if self._query and self._query.heatmap and not self._edited else plot_timeseries(frame)
        )

    def thumbnail(self, metric: str) -> npt.NDArray[np.float64]:
        """A few numbers that show the shape of a metric; one query."""
        window = self._ws.window(self.last)
        step = window.step(THUMBNAIL_POINTS)
        query = replace(self._suited(metric), view="", range=self._ws.rate_range(step))
        if query.kind == "histogram":
            query = replace(query, view="requests per second")
        values = self._ws.metrics(query.text(), window=window, step=step).to_numpy(dtype=np.float64)
        return values[:, 0] if values.shape[1] else np.full(len(values), np.nan)

    def _suited(self, metric: str) -> MetricQuery:
        if metric not in self._declared:
            raise InputError(f"there is no metric {metric!r} in this window.", fix=nearest(metric, self._declared))
        kind = kind_of(metric, self._declared[metric].type)
        return MetricQuery(metric, kind, self._ws.rate_range(self._step()))

    def _change(self, **choices: object) -> None:
        self._query, self._edited = replace(self.query, **choices), ""  # type: ignore[arg-type]

    def _step(self) -> pd.Timedelta:
        return self._ws.window(self.last).step(POINTS)

    def _unit(self) -> str:
        return self._query.unit(self._declared[self._query.metric].unit) if self._query else ""

    def _title(self) -> str:
        query = self.query
        filters = ", ".join(f"{name}={value}" for name, value in query.filters.items())
        return f"{query.metric}, {query.shown}" + (f" ({filters})" if filters else "")


def _one_of(choice: str, known: tuple[str, ...], what: str) -> str:
    if choice not in known:
        raise InputError(f"there is no {what} {choice!r} here.", fix=nearest(choice, known))
    return choice
