"""Which fields of JSON log lines mean what, in the layouts that loggers and shippers write.

Each list is in order of preference. Sources: Elastic Common Schema 8; OpenTelemetry logs data model;
the default keys of pino, bunyan, winston, zap, zerolog, logrus, structlog, python-json-logger, slog,
Serilog (CLEF), logstash-logback-encoder, Docker's json-file driver, Google Cloud.
"""

from __future__ import annotations

TIME = (
    "@timestamp",
    "timestamp",
    "Timestamp",
    "time",
    "ts",
    "@t",
    "datetime",
    "date",
    "asctime",
    "eventTime",
    "time_unix_nano",
    "timeUnixNano",
)
SEVERITY = (
    "log.level",
    "severity_text",
    "severityText",
    "SeverityText",
    "level",
    "severity",
    "@l",
    "levelname",
    "log_level",
    "loglevel",
    "lvl",
)
SEVERITY_NUMBER = ("severity_number", "severityNumber", "SeverityNumber")
BODY = ("message", "msg", "body", "Body", "event", "log", "@m", "@mt", "text", "short_message")
SERVICE = (
    "service.name",
    "resource.service.name",
    "Resource.service.name",
    "resource.attributes.service.name",
    "service_name",
    "serviceName",
    "service",
    "application",
    "app",
    "logger_service",
)
TRACE_ID = ("trace.id", "trace_id", "traceId", "TraceId", "traceID", "traceid", "otelTraceID", "dd.trace_id", "@tr")
SPAN_ID = ("span.id", "span_id", "spanId", "SpanId", "spanID", "spanid", "otelSpanID", "dd.span_id", "@sp")

NUMBERED_LEVELS = {
    "10": 1,  # pino and bunyan: trace, debug, info, warn, error, fatal
    "20": 5,
    "30": 9,
    "40": 13,
    "50": 17,
    "60": 21,
    "0": 24,  # syslog (RFC 5424): emergency ... debug, as GELF and journald write them
    "1": 22,
    "2": 21,
    "3": 17,
    "4": 13,
    "5": 10,
    "6": 9,
    "7": 5,
}
"""OpenTelemetry's severity number of levels written as numbers."""

SEVERITY_WORDS = {0: "", 1: "TRACE", 5: "DEBUG", 9: "INFO", 10: "NOTICE", 13: "WARN", 17: "ERROR"}
SEVERITY_WORDS |= {21: "FATAL", 22: "ALERT", 24: "EMERGENCY"}
"""The text for a level that is written as a number."""
