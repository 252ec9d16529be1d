"""Files written by the real OpenTelemetry SDK, ingested by the command, and read back with SQL."""

from __future__ import annotations

import pytest

from obslib.cli import main
from obslib.store.store import Store
from tests.live.telemetry import CARTS, FAILED_CART, SERVICE, run_shop

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", params=["json", "protobuf"])
def shop(request, tmp_path_factory):
    """(what the SDK recorded, the store it was ingested into)."""
    folder = tmp_path_factory.mktemp(request.param)
    recorded = run_shop(folder, request.param)
    assert main(["ingest", *map(str, recorded.files), "--store", str(folder / "store")]) == 0
    return recorded, Store.open(folder / "store")


def test_every_span_is_there_as_the_sdk_saw_it(shop):
    recorded, store = shop
    found = store.sql("""
        select *, epoch_ns(timestamp) as start from spans order by timestamp, span_id""")
    expected = sorted(
        (
            span.start_time,
            f"{span.context.span_id:016x}",
            f"{span.context.trace_id:032x}",
            f"{span.parent.span_id:016x}" if span.parent else "",
            span.name,
            span.kind.value + 1,  # the SDK counts from 0, OTLP from 1
            span.status.status_code.value,
            span.end_time - span.start_time,
        )
        for span in recorded.spans
    )
    columns = ["start", "span_id", "trace_id", "parent_span_id", "span_name", "span_kind", "status_code", "duration"]
    assert list(found[columns].itertuples(index=False, name=None)) == expected
    assert len(expected) == 2 * CARTS


def test_attributes_keep_their_types_and_the_resource_its_service(shop):
    _recorded, store = shop
    found = store.sql("""
        select span_attributes ->> 'http.request.method' as method,
               (span_attributes -> 'cart')::int as cart,
               (span_attributes -> 'vip')::bool as vip,
               resource_attributes ->> 'deployment.environment' as environment,
               service_name, service_instance_id, scope_name, scope_version
        from spans where span_kind = 2 order by timestamp""")
    assert found["cart"].tolist() == list(range(CARTS))
    assert found["vip"].tolist() == [cart % 2 == 0 for cart in range(CARTS)]
    constant = found.drop(columns=["cart", "vip"]).drop_duplicates()
    assert constant.to_numpy().tolist() == [["POST", "test", SERVICE, "checkout-1", "shop", "1.0"]]


def test_span_events_and_the_failed_span_are_there(shop):
    _recorded, store = shop
    [events] = store.sql(
        "select distinct json_extract_string(events_json, '$[0].name') as name from spans where span_name = 'pay'"
    )["name"]
    assert events == "card checked"
    failed = store.sql(
        "select (span_attributes -> 'cart')::int as cart, status_message from spans where status_code = 2"
    )
    assert failed.to_numpy().tolist() == [[FAILED_CART, "card declined"]]


def test_each_log_record_joins_the_span_it_was_written_in(shop):
    _recorded, store = shop
    found = store.sql("""
        select logs.body, severity_text, severity_number, logs.service_name, spans.span_name
        from logs join spans using (trace_id, span_id) order by logs.timestamp""")
    assert found["body"].tolist() == [
        f"card declined for cart {cart}" if cart == FAILED_CART else f"paid cart {cart}" for cart in range(CARTS)
    ]
    assert found["span_name"].unique().tolist() == ["pay"]
    assert found.loc[FAILED_CART, ["severity_text", "severity_number", "service_name"]].tolist() == [
        "ERROR",
        17,
        SERVICE,
    ]


def last_values(store, pattern):
    """The newest value of each matching series, by name and interesting label."""
    found = store.sql(
        """
        select metric_name, coalesce(labels['outcome'], labels['le'], '') as label, arg_max(value, time) as value
        from metrics where metric_name like ? group by all order by all""",
        [pattern],
    )
    return {(name, label): value for name, label, value in found.itertuples(index=False, name=None)}


def test_counters_have_the_name_that_prometheus_would_give_and_both_exports(shop):
    _recorded, store = shop
    assert last_values(store, "shop_orders%") == {
        ("shop_orders_total", "failed"): 1.0,
        ("shop_orders_total", "ok"): CARTS - 1.0,
    }
    history = store.sql(
        "select value from metrics where metric_name = 'shop_orders_total' and labels['outcome'] = 'ok' order by time"
    )
    assert history["value"].tolist() == [CARTS / 2 - 1, CARTS - 1]


def test_a_histogram_becomes_cumulative_buckets_sum_and_count(shop):
    _recorded, store = shop
    values = last_values(store, "shop_order_amount%")
    names = {name for name, _ in values}
    base = next(iter(names)).removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
    assert names == {f"{base}_bucket", f"{base}_sum", f"{base}_count"}
    assert values[f"{base}_sum", ""] == 10.0 * sum(range(CARTS))
    assert values[f"{base}_count", ""] == CARTS
    buckets = {float(label): value for (name, label), value in values.items() if name == f"{base}_bucket"}
    assert buckets == {edge: sum(10.0 * cart <= edge for cart in range(CARTS)) for edge in buckets}
    assert buckets[float("inf")] == CARTS


def test_a_sum_that_may_fall_is_a_gauge(shop):
    _recorded, store = shop
    assert last_values(store, "shop_queue_length%") == {
        ("shop_queue_length", ""): sum(1.0 if cart % 3 else -1.0 for cart in range(CARTS))
    }
