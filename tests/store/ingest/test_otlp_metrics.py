"""OTLP metrics become the series that Prometheus 3 would make of them, in both encodings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from obslib.core import layout
from obslib.core.series import is_stale
from obslib.store.ingest import IngestReport, decode_otlp_json, decode_otlp_protobuf

from .support import NOON, NOON_MS, SECOND, SPAN_ID, TRACE_ID, attributes, metrics, otlp_json, samples, values

DELTA, CUMULATIVE = 1, 2
Buckets = ExponentialHistogramDataPoint.Buckets
SHOP = 'job="shop",service="shop"'


def point(value: float, **more: object) -> NumberDataPoint:
    return NumberDataPoint(**{"time_unix_nano": NOON, "as_double": value, **more})


def counter(
    *points: NumberDataPoint, name: str = "hits", temporality: int = CUMULATIVE, monotonic: bool = True
) -> Metric:
    return Metric(name=name, sum=Sum(data_points=points, aggregation_temporality=temporality, is_monotonic=monotonic))


def histogram(*points: HistogramDataPoint, temporality: int = CUMULATIVE) -> Metric:
    data = Histogram(data_points=points, aggregation_temporality=temporality)
    return Metric(name="lat", unit="s", histogram=data)


def decoded(
    *found: Metric, resource: dict[str, object] | None = None, report: IngestReport | None = None
) -> layout.Batch:
    """The batch from protobuf, after making sure that JSON gives the same."""
    message = metrics(found, resource)
    batch = decode_otlp_protobuf(message.SerializeToString(), "metrics", report=report)
    other = decode_otlp_json(otlp_json(message))
    assert np.array_equal(batch.metrics.values.view(np.int64), other.metrics.values.view(np.int64))
    assert batch.metrics.series.equals(other.metrics.series)
    assert (batch.exemplars is None) == (other.exemplars is None)
    assert batch.exemplars is None or batch.exemplars.equals(other.exemplars)
    return batch


def test_a_monotonic_sum_is_a_counter():
    batch = decoded(counter(point(3, attributes=attributes({"http.route": "/a"}))))
    assert values(batch) == {f'hits_total{{http_route="/a",{SHOP}}}': 3.0}
    assert batch.metrics.times.tolist() == [NOON_MS]
    assert batch.metrics.series["metric_type"].to_pylist() == ["counter"]


def test_a_gauge_and_a_sum_that_may_fall_are_gauges():
    gauge = Metric(
        name="temp",
        unit="Cel",
        description="Warmth",
        gauge=Gauge(data_points=[NumberDataPoint(time_unix_nano=NOON, as_int=-4)]),
    )
    batch = decoded(gauge, counter(point(-2), name="queue", monotonic=False))
    assert values(batch) == {f"temp_celsius{{{SHOP}}}": -4.0, f"queue{{{SHOP}}}": -2.0}
    assert batch.metrics.series["metric_type"].to_pylist() == ["gauge", "gauge"]
    assert batch.metrics.series["metric_unit"].to_pylist() == ["Cel", ""]
    assert batch.metrics.series["metric_description"].to_pylist() == ["Warmth", ""]


def test_the_resource_gives_job_instance_service_and_target_info():
    resource = {"service.name": "cart", "service.namespace": "shop", "service.instance.id": "p1", "cloud.zone": "a"}
    assert values(decoded(counter(point(1)), resource=resource)) == {
        'hits_total{instance="p1",job="shop/cart",service="cart"}': 1.0,
        'target_info{cloud_zone="a",instance="p1",job="shop/cart",service="cart"}': 1.0,
    }


def test_a_resource_without_a_name_has_neither_job_nor_target_info():
    assert values(decoded(counter(point(1)), resource={"cloud.zone": "a"})) == {"hits_total": 1.0}


def test_the_point_s_own_service_label_stays_but_job_is_the_resource_s():
    batch = decoded(counter(point(1, attributes=attributes({"service": "other", "job": "mine"}))))
    assert values(batch) == {'hits_total{job="shop",service="other"}': 1.0}


def test_target_info_is_there_once_each_time_the_resource_reported():
    points = [point(1), point(2, time_unix_nano=NOON + SECOND)]
    found = samples(decoded(counter(*points), counter(*points, name="more"), resource={"service.name": "a", "x": "y"}))
    info = (("job", "a"), ("service", "a"), ("x", "y"))
    assert found["target_info", info] == [(NOON_MS, 1.0), (NOON_MS + 1_000, 1.0)]


def test_a_histogram_has_cumulative_buckets_a_sum_and_a_count():
    one = HistogramDataPoint(time_unix_nano=NOON, count=6, sum=4.5, explicit_bounds=[0.5, 10], bucket_counts=[1, 2, 3])
    assert values(decoded(histogram(one))) == {
        'lat_seconds_bucket{job="shop",le="0.5",service="shop"}': 1.0,
        'lat_seconds_bucket{job="shop",le="10",service="shop"}': 3.0,
        'lat_seconds_bucket{job="shop",le="+Inf",service="shop"}': 6.0,
        f"lat_seconds_sum{{{SHOP}}}": 4.5,
        f"lat_seconds_count{{{SHOP}}}": 6.0,
    }


def test_a_histogram_without_sum_and_buckets_is_a_count():
    one = HistogramDataPoint(time_unix_nano=NOON, count=6)
    assert values(decoded(histogram(one))) == {
        'lat_seconds_bucket{job="shop",le="+Inf",service="shop"}': 6.0,
        f"lat_seconds_count{{{SHOP}}}": 6.0,
    }


@pytest.mark.parametrize("counts", [[1, 2], [1, 2, 3, 4]], ids=["too few", "too many"])
def test_a_histogram_with_another_number_of_bucket_counts_is_skipped(counts: list[int]):
    report = IngestReport()
    bad = HistogramDataPoint(time_unix_nano=NOON, count=9, explicit_bounds=[0.5, 10], bucket_counts=counts)
    good = HistogramDataPoint(time_unix_nano=NOON, count=9, explicit_bounds=[], bucket_counts=[9])
    body = metrics([histogram(bad, good)]).SerializeToString()
    batch = decode_otlp_protobuf(body, "metrics", report=report)
    assert {name for name, _ in samples(batch)} == {"lat_seconds_bucket", "lat_seconds_count"}
    assert report.skipped == {"histogram without exactly one bucket count more than bounds": 1}
    assert report.examples[0].where == "metric lat"


def test_histograms_of_different_bounds_do_not_mix():
    shape = [([1.0], [5, 5]), ([1.0, 2.0], [1, 1, 1]), ([], [9])]
    points = [
        HistogramDataPoint(
            time_unix_nano=NOON,
            count=sum(counts),
            explicit_bounds=bounds,
            bucket_counts=counts,
            attributes=attributes({"n": str(place)}),
        )
        for place, (bounds, counts) in enumerate(shape)
    ]
    found = values(decoded(histogram(*points)))
    buckets = {key: value for key, value in found.items() if "_bucket" in key}
    assert buckets == {
        'lat_seconds_bucket{job="shop",le="1",n="0",service="shop"}': 5.0,
        'lat_seconds_bucket{job="shop",le="+Inf",n="0",service="shop"}': 10.0,
        'lat_seconds_bucket{job="shop",le="1",n="1",service="shop"}': 1.0,
        'lat_seconds_bucket{job="shop",le="2",n="1",service="shop"}': 2.0,
        'lat_seconds_bucket{job="shop",le="+Inf",n="1",service="shop"}': 3.0,
        'lat_seconds_bucket{job="shop",le="+Inf",n="2",service="shop"}': 9.0,
    }


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_bucket_counts_are_cumulative_and_end_at_the_count(counts: list[int]):
    bounds = [float(place) for place in range(1, len(counts))]
    one = HistogramDataPoint(time_unix_nano=NOON, count=sum(counts), explicit_bounds=bounds, bucket_counts=counts)
    found = {key: value for key, value in values(decoded(histogram(one))).items() if "_bucket" in key}
    assert sorted(found.values()) == np.cumsum(counts).tolist()


def test_a_summary_has_quantiles():
    quantiles = [SummaryDataPoint.ValueAtQuantile(quantile=q, value=v) for q, v in ((0.5, 1.5), (0.99, 9), (1, 10))]
    one = SummaryDataPoint(time_unix_nano=NOON, count=4, sum=8, quantile_values=quantiles)
    assert values(decoded(Metric(name="rpc", summary=Summary(data_points=[one])))) == {
        'rpc{job="shop",quantile="0.5",service="shop"}': 1.5,
        'rpc{job="shop",quantile="0.99",service="shop"}': 9.0,
        'rpc{job="shop",quantile="1",service="shop"}': 10.0,
        f"rpc_sum{{{SHOP}}}": 8.0,
        f"rpc_count{{{SHOP}}}": 4.0,
    }


def exponential(**fields: object) -> Metric:
    one = ExponentialHistogramDataPoint(**{"time_unix_nano": NOON, **fields})
    data = ExponentialHistogram(data_points=[one], aggregation_temporality=CUMULATIVE)
    return Metric(name="exp", exponential_histogram=data)


def buckets_of(metric: Metric) -> dict[float, float]:
    found = samples(decoded(metric))
    return {
        float(dict(labels)["le"]): points[0][1]
        for (name, labels), points in sorted(found.items())
        if name == "exp_bucket"
    }


def test_an_exponential_histogram_has_classic_buckets_at_its_own_bounds():
    found = buckets_of(exponential(scale=0, count=6, sum=1, positive=Buckets(offset=1, bucket_counts=[1, 0, 5])))
    assert found == {2.0: 0.0, 4.0: 1.0, 8.0: 1.0, 16.0: 6.0, math.inf: 6.0}


def test_negative_and_zero_buckets_come_before_the_positive_ones():
    metric = exponential(
        scale=0,
        count=10,
        zero_count=4,
        zero_threshold=0.25,
        positive=Buckets(offset=0, bucket_counts=[1]),
        negative=Buckets(offset=0, bucket_counts=[2, 3]),
    )
    assert buckets_of(metric) == {-4.0: 0.0, -2.0: 3.0, -1.0: 5.0, 0.25: 9.0, 1.0: 9.0, 2.0: 10.0, math.inf: 10.0}


def test_a_negative_scale_widens_the_buckets_beyond_what_floats_hold():
    found = buckets_of(exponential(scale=-10, count=2, positive=Buckets(offset=0, bucket_counts=[1, 1])))
    assert found == {1.0: 0.0, math.inf: 2.0}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=40), st.integers(-2, 6))
def test_exponential_buckets_count_the_values_at_or_below_their_bound(observed: list[float], scale: int):
    index = [math.ceil(math.log2(value) * 2.0**scale) - 1 for value in observed]
    counts = np.bincount(np.array(index) - min(index)).tolist()
    metric = exponential(scale=scale, count=len(observed), positive=Buckets(offset=min(index), bucket_counts=counts))
    for bound, below in buckets_of(metric).items():
        exact = sum(value <= bound for value in observed)
        on_the_edge = sum(math.isclose(value, bound, rel_tol=1e-9) for value in observed)
        assert abs(below - exact) <= on_the_edge


def test_delta_points_are_accumulated_with_a_zero_after_their_start():
    points = [
        point(3, start_time_unix_nano=NOON, time_unix_nano=NOON + SECOND),
        point(4, start_time_unix_nano=NOON + SECOND, time_unix_nano=NOON + 2 * SECOND),
    ]
    found = samples(decoded(counter(*points, temporality=DELTA)))
    (series,) = found.values()
    assert series == [(NOON_MS + 1, 0.0), (NOON_MS + 1_000, 3.0), (NOON_MS + 2_000, 7.0)]


def test_delta_histograms_accumulate_every_part():
    points = [
        HistogramDataPoint(
            start_time_unix_nano=NOON + n * SECOND,
            time_unix_nano=NOON + (n + 1) * SECOND,
            count=3,
            sum=2.5,
            explicit_bounds=[1],
            bucket_counts=[2, 1],
        )
        for n in range(2)
    ]
    found = samples(decoded(histogram(*points, temporality=DELTA)))
    last = {(name, dict(labels).get("le")): series[-1][1] for (name, labels), series in found.items()}
    assert last == {
        ("lat_seconds_bucket", "1"): 4.0,
        ("lat_seconds_bucket", "+Inf"): 6.0,
        ("lat_seconds_sum", None): 5.0,
        ("lat_seconds_count", None): 6.0,
    }
    assert all(series[0] == (NOON_MS + 1, 0.0) for series in found.values())


def test_no_recorded_value_is_a_stale_marker():
    batch = decoded(counter(NumberDataPoint(time_unix_nano=NOON, flags=1)))
    assert is_stale(batch.metrics.values).tolist() == [True]
    one = HistogramDataPoint(time_unix_nano=NOON, flags=1, explicit_bounds=[1], bucket_counts=[0, 0])
    assert is_stale(decoded(histogram(one)).metrics.values).all()


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (counter(point(1), temporality=0), "metric without aggregation temporality"),
        (counter(point(1), temporality=DELTA, monotonic=False), "delta of a sum that is not monotonic"),
        (counter(point(1, time_unix_nano=0)), "data point without a time"),
        (counter(NumberDataPoint(time_unix_nano=NOON)), "data point without a value"),
        (counter(point(1), name="..."), "metric whose name has no letter or digit"),
    ],
)
def test_what_has_no_prometheus_form_is_counted_with_its_name(metric: Metric, reason: str):
    report = IngestReport()
    batch = decoded(metric, counter(point(1), name="good"), report=report)
    assert list(values(batch)) == [f"good_total{{{SHOP}}}"]
    ((found, count),) = report.skipped.items()
    assert found.startswith(reason)
    assert count == 1
    assert report.examples[0].where == f"metric {metric.name}"


def test_a_message_of_only_such_points_is_an_empty_batch():
    batch = decode_otlp_protobuf(metrics([counter(point(1), temporality=0)]).SerializeToString(), "metrics")
    assert batch.metrics is None


def test_exemplars_of_a_counter_link_to_the_trace():
    exemplar = Exemplar(time_unix_nano=NOON + 5, as_double=2.5, trace_id=TRACE_ID, span_id=SPAN_ID)
    batch = decoded(counter(point(3, exemplars=[exemplar])))
    assert batch.exemplars.schema == layout.EXEMPLARS
    (row,) = batch.exemplars.to_pylist()
    assert row["timestamp"].value == NOON + 5
    assert (row["metric_name"], row["value"]) == ("hits_total", 2.5)
    assert (row["trace_id"], row["span_id"]) == (TRACE_ID.hex(), SPAN_ID.hex())


def test_exemplars_of_a_histogram_stand_at_the_bucket_they_fall_into():
    exemplars = [Exemplar(time_unix_nano=NOON, as_double=value) for value in (0.1, 1.0, 1.5, 99.0)]
    first = HistogramDataPoint(
        time_unix_nano=NOON, count=4, explicit_bounds=[1, 2], bucket_counts=[2, 1, 1], exemplars=exemplars
    )
    second = HistogramDataPoint(
        time_unix_nano=NOON,
        count=1,
        explicit_bounds=[50],
        bucket_counts=[1, 0],
        exemplars=[Exemplar(time_unix_nano=NOON, as_int=7)],
        attributes=attributes({"n": "2"}),
    )
    rows = decoded(histogram(first, second)).exemplars.to_pylist()
    assert [(row["value"], dict(row["labels"])["le"]) for row in rows] == [
        (0.1, "1"),
        (1.0, "1"),
        (1.5, "2"),
        (99.0, "+Inf"),
        (7.0, "50"),
    ]


def test_an_exemplar_without_a_number_stands_at_the_last_bucket():
    exemplars = [Exemplar(time_unix_nano=NOON, as_double=math.nan)]
    one = HistogramDataPoint(
        time_unix_nano=NOON, count=1, explicit_bounds=[1], bucket_counts=[1, 0], exemplars=exemplars
    )
    batch = decode_otlp_protobuf(metrics([histogram(one)]).SerializeToString(), "metrics")
    assert dict(batch.exemplars.to_pylist()[0]["labels"])["le"] == "+Inf"


def test_the_same_series_in_many_messages_is_one_series():
    bodies = [metrics([counter(point(n, time_unix_nano=NOON + n * SECOND))]).SerializeToString() for n in range(1, 51)]
    batch = decode_otlp_protobuf(bodies, "metrics")
    assert batch.metrics.series.num_rows == 1
    assert sorted(batch.metrics.values.tolist()) == [float(n) for n in range(1, 51)]


def test_attributes_in_another_order_are_the_same_series():
    points = [
        point(1, attributes=attributes({"a": "1", "b": "2"})),
        point(2, time_unix_nano=NOON + SECOND, attributes=attributes({"b": "2", "a": "1"})),
    ]
    assert decoded(counter(*points)).metrics.series.num_rows == 1


def test_metrics_of_the_real_sdk_have_their_prometheus_names():
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=Resource({"service.name": "shop", "host.name": "h1"}))
    meter = provider.get_meter("test")
    meter.create_counter("orders.placed", unit="{order}").add(3, {"currency": "EUR"})
    meter.create_up_down_counter("basket.items").add(-1)
    durations = meter.create_histogram(
        "http.server.request.duration", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1]
    )
    for seconds in (0.05, 0.5, 5):
        durations.record(seconds)
    message = encode_metrics(reader.get_metrics_data())
    provider.shutdown()
    batch = decode_otlp_protobuf(message.SerializeToString(), "metrics")
    found = values(batch)
    assert found['orders_placed_total{currency="EUR",job="shop",service="shop"}'] == 3.0
    assert found[f"basket_items{{{SHOP}}}"] == -1.0
    name = "http_server_request_duration_seconds"
    assert [found[f'{name}_bucket{{job="shop",le="{le}",service="shop"}}'] for le in ("0.1", "1", "+Inf")] == [1, 2, 3]
    assert found[f"{name}_count{{{SHOP}}}"] == 3.0
    assert found[f"{name}_sum{{{SHOP}}}"] == 5.55
    assert any(key.startswith("target_info{host_name=") for key in found)
    assert values(decode_otlp_json(MessageToJson(message).encode())) == found
