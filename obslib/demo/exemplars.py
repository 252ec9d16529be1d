"""Exemplars: for every latency histogram and minute, one request that can be looked at."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from obslib.core.layout import EXEMPLARS
from obslib.demo.calls import SERVER
from obslib.demo.clock import MINUTE_NS
from obslib.demo.metrics.http import duration_labels
from obslib.demo.spans import TracedRoute

METRIC = "http_server_request_duration_seconds_bucket"
EVERY_MINUTES = 5


def exemplars_table(traced: list[TracedRoute]) -> pa.Table:
    """The slowest traced request of every five minutes, per endpoint, as EXEMPLARS."""
    tables = [
        _of_call(one, me)
        for one in traced
        for me, call in enumerate(one.traces.route.nodes)
        if call.kind == SERVER and call.service != "web"
    ]
    return pa.concat_tables(tables) if tables else EXEMPLARS.empty_table()


def _of_call(one: TracedRoute, me: int) -> pa.Table:
    traces = one.traces
    which = np.flatnonzero(traces.alive[:, me])
    period = traces.start[which, me] // (EVERY_MINUTES * MINUTE_NS)
    order = np.lexsort((-traces.duration[which, me], period))
    first = np.flatnonzero(np.diff(period[order], prepend=-1))
    chosen = which[order[first]]
    call, ended = traces.route.nodes[me], traces.start[chosen, me] + traces.duration[chosen, me]
    labels = sorted(duration_labels(call.service, str(call.attributes["http.request.method"]), call.route).items())
    row = pa.array(one.row[chosen, me])
    columns = [
        pa.array(ended).cast(pa.timestamp("ns", "UTC")),
        pa.repeat(METRIC, len(chosen)),
        pa.array([labels] * len(chosen), EXEMPLARS.field("labels").type),
        pa.array(traces.duration[chosen, me] / 1e9),
        one.trace_ids.take(pa.array(chosen)),
        one.span_ids.take(row),
    ]
    return pa.Table.from_arrays(columns, schema=EXEMPLARS)
