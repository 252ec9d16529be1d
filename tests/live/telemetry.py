"""A small shop instrumented with the real OpenTelemetry SDK, writing OTLP files as its exporters do.

JSON comes from the SDK's own file exporters; protobuf from the SDK's encoder, framed as the
Collector's file exporter frames it. What was recorded is kept, to compare with what is read back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.json.file import FileMetricExporter, FileSpanExporter
from opentelemetry.exporter.otlp.json.file._log_exporter import FileLogExporter
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode

Encoding = Literal["json", "protobuf"]
CARTS = 12
FAILED_CART = 5
SERVICE = "checkout"


class _Frames:
    """Messages behind their length as four bytes, big-endian."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, message: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(len(message).to_bytes(4, "big") + message)


class ProtobufSpans(_Frames, SpanExporter):
    def export(self, spans):
        self.write(encode_spans(spans).SerializeToString())
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


class ProtobufLogs(_Frames, LogRecordExporter):
    def export(self, batch):
        self.write(encode_logs(batch).SerializeToString())
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis=30_000):
        return True

    def shutdown(self):
        pass


class ProtobufMetrics(MetricExporter):
    def __init__(self, path):
        super().__init__()
        self._frames = _Frames(path)

    def export(self, metrics_data, timeout_millis=10_000, **_options):
        self._frames.write(encode_metrics(metrics_data).SerializeToString())
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis=10_000):
        return True

    def shutdown(self, timeout_millis=30_000, **_options):
        pass


@dataclass
class Recorded:
    """The files, and the spans as the SDK itself saw them."""

    files: list[Path]
    spans: list[ReadableSpan] = field(default_factory=list)


class _Remember(SpanExporter):
    def __init__(self, recorded):
        self._recorded = recorded

    def export(self, spans):
        self._recorded.spans += spans
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


@contextmanager
def _providers(encoding: Encoding, recorded: Recorded) -> Iterator[tuple]:
    spans_file, logs_file, metrics_file = recorded.files
    resource = Resource(
        {"service.name": SERVICE, "service.instance.id": "checkout-1", "deployment.environment": "test"}
    )
    tracing, logging = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    is_json = encoding == "json"
    spans = FileSpanExporter(spans_file) if is_json else ProtobufSpans(spans_file)
    logs = FileLogExporter(logs_file) if is_json else ProtobufLogs(logs_file)
    measures = FileMetricExporter(metrics_file) if is_json else ProtobufMetrics(metrics_file)
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    tracing.add_span_processor(SimpleSpanProcessor(_Remember(recorded)))
    logging.add_log_record_processor(SimpleLogRecordProcessor(logs))
    reader = PeriodicExportingMetricReader(measures, export_interval_millis=3_600_000)
    metering = MeterProvider([reader], resource=resource)
    try:
        yield tracing.get_tracer("shop", "1.0"), logging.get_logger("shop"), metering.get_meter("shop"), metering
    finally:
        for provider in (tracing, logging, metering):
            provider.shutdown()


def run_shop(folder: Path, encoding: Encoding) -> Recorded:
    """Check out some carts, one of which fails; metrics are exported twice, the last time at the end."""
    ending = "jsonl" if encoding == "json" else "pb"
    recorded = Recorded([folder / f"{signal}.{ending}" for signal in ("traces", "logs", "metrics")])
    with _providers(encoding, recorded) as (tracer, logger, meter, metering):
        orders = meter.create_counter("shop.orders", unit="{order}", description="Orders taken.")
        amount = meter.create_histogram("shop.order.amount", unit="EUR")
        waiting = meter.create_up_down_counter("shop.queue.length")
        for cart in range(CARTS):
            with tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as root:
                root.set_attributes({"http.request.method": "POST", "cart": cart, "vip": cart % 2 == 0})
                _pay(tracer, logger, cart)
                if cart == FAILED_CART:
                    root.set_status(Status(StatusCode.ERROR, "card declined"))
                orders.add(1, {"outcome": "failed" if cart == FAILED_CART else "ok"})
                amount.record(10.0 * cart, {"currency": "EUR"})
                waiting.add(1 if cart % 3 else -1)
            if cart == CARTS // 2 - 1:
                metering.force_flush()
                time.sleep(0.02)  # the store keeps milliseconds: two exports must not share one
    return recorded


def _pay(tracer, logger, cart: int) -> None:
    with tracer.start_as_current_span("pay", kind=SpanKind.CLIENT) as span:
        span.add_event("card checked", {"attempt": 1})
        failed = cart == FAILED_CART
        context = trace.get_current_span().get_span_context()
        logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                trace_id=context.trace_id,
                span_id=context.span_id,
                trace_flags=context.trace_flags,
                severity_text="ERROR" if failed else "INFO",
                severity_number=SeverityNumber.ERROR if failed else SeverityNumber.INFO,
                body=f"card declined for cart {cart}" if failed else f"paid cart {cart}",
                attributes={"cart": cart},
            )
        )
