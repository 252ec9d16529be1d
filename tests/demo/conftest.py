"""Demo data made once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pytest

from obslib import demo
from obslib.core.layout import Batch
from obslib.demo.events import events_table
from obslib.demo.metrics import MetricSet, all_metrics
from obslib.demo.platform import Platform


@dataclass(frozen=True)
class Generated:
    """Batches of the last three days, and their signals joined."""

    batches: list[Batch]
    logs: pa.Table
    spans: pa.Table
    events: pa.Table
    exemplars: pa.Table


@pytest.fixture(scope="session")
def recent() -> Generated:
    """Three days at a quarter of the traces and log lines."""
    batches = list(demo.generate(days=3, scale=0.25))

    def joined(signal: str) -> pa.Table:
        return pa.concat_tables([t for b in batches if (t := getattr(b, signal)) is not None]).unify_dictionaries()

    return Generated(batches, joined("logs"), joined("spans"), joined("events"), joined("exemplars"))


@pytest.fixture(scope="session")
def history() -> MetricSet:
    """Every series of the whole 35 days."""
    return all_metrics(Platform.of(7, 1.0, 35))


@pytest.fixture(scope="session")
def all_events(history: MetricSet) -> pd.DataFrame:
    """The observed events of the 35 days."""
    return events_table(history.platform, 0, history.platform.grid.size).to_pandas()


@pytest.fixture(scope="session")
def log_frame(recent: Generated) -> pd.DataFrame:
    """Time, service, severity and body of every line."""
    return recent.logs.select(["timestamp", "service_name", "severity_text", "body"]).to_pandas()


@pytest.fixture(scope="session")
def span_frame(recent: Generated) -> pd.DataFrame:
    """What the incidents' tests need of the spans; `db` is the database that a client span calls."""
    columns = ["timestamp", "service_name", "span_name", "duration", "status_code", "span_attributes"]
    frame = recent.spans.select(columns).to_pandas()
    frame["db"] = frame.pop("span_attributes").str.extract(r'"db.system.name":"(\w+)"', expand=False)
    frame["failed"] = frame.pop("status_code") == 2
    return frame
