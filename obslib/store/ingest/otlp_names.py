"""OTLP metric and attribute names as Prometheus 3's OTLP receiver translates them by default.

That is its strategy `UnderscoreEscapingWithSuffixes`: characters outside `[a-zA-Z0-9_:]` become
underscores, and unit and type are appended to metric names.
References: prometheus.io/docs/guides/opentelemetry; OpenTelemetry specification,
"Prometheus and OpenMetrics Compatibility"; tested against the examples of prometheus/otlptranslator.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

_UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tibibytes",  # Prometheus 3's own spelling, kept so that names agree
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
_PER_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_NAME_PART = re.compile(r"[a-zA-Z0-9:]+")


@lru_cache(maxsize=100_000)
def metric_name(name: str, unit: str, kind: str) -> str:
    """A metric's Prometheus name; `kind` is `counter` (monotonic), `gauge` or anything else. `""` if none is left.

    >>> metric_name("http.server.request.duration", "s", "histogram"), metric_name("jobs", "1", "counter")
    ('http_server_request_duration_seconds', 'jobs_total')
    """
    parts = _NAME_PART.findall(name)
    main, per = unit_suffixes(unit)
    parts += [suffix for suffix in (main, per) if suffix and suffix not in parts]
    if kind == "counter":
        parts = [part for part in parts if part != "total"] + ["total"]
    if unit == "1" and kind == "gauge":
        parts = [part for part in parts if part != "ratio"] + ["ratio"]
    built = "_".join(parts)
    return f"_{built}" if built[:1].isdigit() else built


def unit_suffixes(unit: str) -> tuple[str, str]:
    """What a UCUM unit appends: `("bytes", "per_second")` for `By/s`; annotations in braces append nothing."""
    main, _, per = (part.strip() for part in unit.partition("/"))
    main = "" if "{" in main or "}" in main else _clean(_UNITS.get(main, main))
    per = "" if "{" in per or "}" in per else _clean(_PER_UNITS.get(per, per))
    return main, f"per_{per}" if per else ""


@lru_cache(maxsize=100_000)
def label_name(name: str) -> str:
    """An attribute's label name.

    >>> label_name("http.route"), label_name("2xx"), label_name("_private")
    ('http_route', 'key_2xx', 'key_private')
    """
    cleaned = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    if cleaned[:1].isdigit():
        return f"key_{cleaned}"
    return f"key{cleaned}" if re.match(r"_(?!_)", cleaned) else cleaned


def labels_of(attributes_json: str) -> dict[str, str]:
    """Labels from attributes; names that become equal are joined with `;`, as Prometheus does."""
    labels: dict[str, str] = {}
    attributes: Mapping[str, object] = msgspec.json.decode(attributes_json)
    for name in sorted(attributes):
        key, text = label_name(name), label_text(attributes[name])
        labels[key] = f"{labels[key]};{text}" if key in labels else text
    return {name: text for name, text in labels.items() if name}


def label_text(value: object) -> str:
    """An attribute's value as a label's value."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _clean(unit: str) -> str:
    return re.sub(r"[^a-zA-Z0-9:]+", "_", unit).strip("_")
