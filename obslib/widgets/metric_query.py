"""A PromQL question put together from choices: what to see of a metric, for which labels, split by which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from obslib.core.units import unit_of_metric
from obslib.languages.promql import writing

AGGREGATIONS = ("sum", "avg", "max", "min")
_PLAIN_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
VIEWS: Mapping[str, tuple[str, ...]] = {
    "counter": ("per second", "increase"),
    "histogram": ("p95", "p50", "p90", "p99", "requests per second", "distribution"),
    "gauge": ("value", "change per second"),
}
"""What can be seen of each kind of metric; the first is what it is asked for."""


@dataclass(frozen=True)
class MetricQuery:
    """The choices. `range` is the sliding window of rates; `filters` hold one value or several per label.

    `view` and `aggregation` `""` mean what suits the kind.
    """

    metric: str
    kind: str
    range: pd.Timedelta
    view: str = ""
    aggregation: str = ""
    by: tuple[str, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    compare: bool = False

    @property
    def views(self) -> tuple[str, ...]:
        """What this kind of metric can be seen as."""
        return VIEWS[self.kind]

    @property
    def shown(self) -> str:
        """The view that is asked for."""
        return self.view or self.views[0]

    @property
    def heatmap(self) -> bool:
        """Whether the answer is a histogram over time."""
        return self.shown == "distribution"

    @property
    def aggregated(self) -> str:
        """How series are put together: rates add up, values of gauges are averaged."""
        if self.kind == "histogram":
            return "sum"
        return self.aggregation or ("avg" if self.kind == "gauge" else "sum")

    def unit(self, declared: str = "") -> str:
        """UCUM unit of the answer, from the one the metric declares or its name promises.

        `1` is declared for counts of anything, too, so it is a share only where the name says so.
        """
        promised = unit_of_metric(self.metric.removesuffix("_bucket"))
        base = promised if declared in {"", "1"} else declared
        if self.kind == "histogram":
            return base if self.shown in _QUANTILES else "1/s"
        if self.shown in {"per second", "change per second"}:
            return f"{base}/s" if base not in {"", "1"} else "1/s"
        return base

    def selector(self, *, offset: str = "") -> str:
        """The metric with its filters."""
        matchers = [writing.matcher(writing.label_name(name), "=", value) for name, value in self.filters.items()]
        if not _PLAIN_METRIC.fullmatch(self.metric):
            return f"{{{', '.join([writing.quoted(self.metric), *matchers])}}}{offset}"
        return self.metric + (f"{{{', '.join(matchers)}}}" if matchers else "") + offset

    def text(self) -> str:
        """The PromQL. A comparison is one query, too: its two parts differ in the label `week`."""
        if not self.compare or self.heatmap:
            return self._one("")
        parts = {"this week": self._one(""), "last week": self._one(" offset 1w")}
        return "\nor ".join(f'label_replace({part}, "week", "{week}", "", "")' for week, part in parts.items())

    def _one(self, offset: str) -> str:
        span = f"[{writing.duration(self.range)}]"
        rated = f"rate({self.selector(offset=span + offset)})"
        if self.heatmap:
            return f"sum by (le) ({rated})"
        if self.shown in _QUANTILES:
            inner = f"sum by ({', '.join(['le', *writing.label_names(self.by)])}) ({rated})"
            return f"histogram_quantile({_QUANTILES[self.shown]}, {inner})"
        if self.shown == "requests per second":
            counted = self.metric.removesuffix("_bucket") + "_count"
            rated = f"rate({replace(self, metric=counted).selector(offset=span + offset)})"
        grouped = f" by ({', '.join(writing.label_names(self.by))})" if self.by else ""
        return f"{self.aggregated}{grouped} ({self._inner(span, offset, rated)})"

    def _inner(self, span: str, offset: str, rated: str) -> str:
        if self.shown == "value":
            return self.selector(offset=offset)
        if self.shown in {"per second", "requests per second"}:
            return rated
        function = "increase" if self.shown == "increase" else "deriv"
        return f"{function}({self.selector(offset=span + offset)})"


def kind_of(name: str, declared: str) -> str:
    """`counter`, `histogram` or `gauge`: what the metric says it is, else what its name promises.

    >>> kind_of("http_request_duration_seconds_bucket", ""), kind_of("x_seconds_sum", "histogram"), kind_of("up", "")
    ('histogram', 'counter', 'gauge')
    """
    if name.endswith("_bucket"):
        return "histogram"
    if declared == "counter" or name.endswith(("_total", "_sum", "_count")):
        return "counter"
    return "gauge"
