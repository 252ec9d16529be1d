"""Units by their UCUM codes, as OpenTelemetry writes them (`s`, `By`, `1`, `%`), and text for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

_BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"]
_DECIMAL = ["", "k", "M", "G", "T", "P"]
_TIME_STEPS = [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3_600.0, "h"), (86_400.0, "d")]
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_SUFFIXES = {
    "_seconds": "s",
    "_milliseconds": "ms",
    "_bytes": "By",
    "_ratio": "1",
    "_percent": "%",
    "_celsius": "Cel",
    "_volts": "V",
    "_joules": "J",
    "_usd": "USD",
    "_dollars": "USD",
}


@dataclass(frozen=True)
class Scale:
    """How to draw numbers of one unit on an axis: divide by `factor`, label with `suffix`."""

    factor: float
    suffix: str


def unit_of_metric(name: str) -> str:
    """The unit a Prometheus name promises (`http_request_duration_seconds_bucket` -> `s`), or `""`.

    >>> unit_of_metric("node_memory_MemFree_bytes")
    'By'
    """
    base = name
    for ending in ("_total", "_bucket", "_sum", "_count", "_created"):
        base = base.removesuffix(ending)
    if name.endswith(("_bucket", "_count")):
        return ""
    return next((unit for suffix, unit in _SUFFIXES.items() if base.endswith(suffix)), "")


def scale_for(largest: float, unit: str) -> Scale:
    """The scale at which a value of size `largest` reads best.

    >>> scale_for(3_000_000, "By")
    Scale(factor=1048576.0, suffix='MiB')
    """
    base, per = _split_rate(unit)
    size = abs(largest) if math.isfinite(largest) else 0.0
    if base in _SECONDS:
        return _time_scale(size * _SECONDS[base], _SECONDS[base], per)
    if base == "1" and not per:
        return Scale(0.01, "%")
    if base == "By":
        power = _power(size, 1_024.0)
        return Scale(1_024.0**power, _BINARY[power] + "B" + per)
    if base in {"%", "Cel"}:
        return Scale(1.0, {"%": "%", "Cel": "°C"}[base] + per)
    power = _power(size, 1_000.0)
    name = base.strip("{}")
    shown = f"{_DECIMAL[power]} {name}" if name and name != "1" else _DECIMAL[power]
    return Scale(1_000.0**power, shown.strip() + per if per else shown.rstrip())


def format_value(value: float, unit: str = "") -> str:
    """A number with its unit, three significant digits, for a person.

    A share just below 100 % has as many as it takes not to read as 100 %.

    >>> format_value(0.0123, "s"), format_value(3_221_225_472, "By"), format_value(float("nan"), "s")
    ('12.3 ms', '3 GiB', 'unknown')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    scale = scale_for(value, unit)
    suffix = scale.suffix.lstrip()
    number = _digits(value / scale.factor, near=100.0 if suffix == "%" else 0.0)
    if not suffix:
        return number
    return f"{number}{suffix}" if len(suffix) == 1 and suffix in _DECIMAL else f"{number} {suffix}"


def _time_scale(seconds: float, base: float, per: str) -> Scale:
    size, name = next(((s, n) for s, n in reversed(_TIME_STEPS) if seconds >= s), _TIME_STEPS[0])
    if seconds == 0:
        size, name = 1.0, "s"
    return Scale(size / base, name + per)


def _power(size: float, step: float) -> int:
    return 0 if size < step else min(int(math.log(size, step) + 1e-12), len(_DECIMAL) - 1)


def _split_rate(unit: str) -> tuple[str, str]:
    base, slash, per = unit.partition("/")
    return base, f"/{per}" if slash else ""


def _digits(number: float, *, near: float) -> str:
    """Three significant digits; of a number just below `near` the first that differs from it, too."""
    if number == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(number))))
    if places > 8:
        return f"{number:.3g}"
    if 0 < near - abs(number) < 1:
        places = min(max(places, -math.floor(math.log10(near - abs(number)))), 12)
    text = f"{number:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else f"{float(text):,.0f}"
