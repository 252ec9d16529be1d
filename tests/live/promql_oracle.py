"""A real Prometheus as the judge of PromQL results: series written to it, queries asked of it."""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Answer = dict[tuple[tuple[str, str], ...], dict[int, float]]


@dataclass(frozen=True)
class Verdict:
    """What a query gave: values by series and time (ms), annotations, or an error's text."""

    series: Answer
    warnings: frozenset[str]
    infos: frozenset[str]
    error: str = ""


def write(url: str, series: Iterable[tuple[Mapping[str, str], np.ndarray, np.ndarray]]) -> None:
    """Send samples by remote write 1.0, stale markers included."""
    body = b"".join(_field(1, _series(labels, times, values)) for labels, times, values in series)
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    request = urllib.request.Request(f"{url}/api/v1/write", _snappy(body), headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - loopback
        pass


def query_range(url: str, query: str, start: int, end: int, step: int) -> Verdict:
    """Ask a range query; times in ms."""
    return _ask(
        f"{url}/api/v1/query_range", {"query": query, "start": start / 1e3, "end": end / 1e3, "step": step / 1e3}
    )


def query_instant(url: str, query: str, at: int) -> Verdict:
    """Ask an instant query."""
    return _ask(f"{url}/api/v1/query", {"query": query, "time": at / 1e3})


def _ask(url: str, parameters: Mapping[str, object]) -> Verdict:
    body = urllib.parse.urlencode(parameters).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=60) as response:  # noqa: S310 - loopback
            answer = json.loads(response.read())
    except urllib.error.HTTPError as error:
        answer = json.loads(error.read())
    notes = frozenset(answer.get("warnings", ())), frozenset(answer.get("infos", ()))
    if answer["status"] != "success":
        return Verdict({}, *notes, error=answer["error"])
    return Verdict(_read(answer["data"]), *notes)


def _read(data: Mapping[str, object]) -> Answer:
    if data["resultType"] in {"scalar", "string"}:
        return {(): _points([data["result"]])}
    found: Answer = {}
    for one in data["result"]:
        points = one["values"] if "values" in one else [one["value"]]
        found[tuple(sorted(one["metric"].items()))] = _points(points)
    return found


def _points(points: Iterable[tuple[float, str]]) -> dict[int, float]:
    return {round(time * 1_000): float(value) for time, value in points}


def _series(labels: Mapping[str, str], times: np.ndarray, values: np.ndarray) -> bytes:
    named = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in sorted(labels.items())
    )
    samples = b"".join(
        _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(time))
        for time, value in zip(times.tolist(), values, strict=True)
    )
    return named + samples


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def _snappy(body: bytes) -> bytes:
    """The body as one snappy block of literals: valid, if not small."""
    out = [_varint(len(body))]
    for start in range(0, len(body), 65_536):
        chunk = body[start : start + 65_536]
        out += [bytes([61 << 2]), struct.pack("<H", len(chunk) - 1), chunk]
    return b"".join(out)
