"""Which format a file has: by its content first, by its name where the content fits several."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from obslib.store.ingest import access_log, csv_files, log_records, syslog
from obslib.store.ingest.protobuf_frames import framing_of

Format = Literal["otlp-protobuf", "otlp-json", "openmetrics", "json-lines", "access-log", "syslog", "csv", "empty"]

_OTLP_ROOT = re.compile(rb'"(?:resource(?:Spans|Logs|Metrics)|resource_(?:spans|logs|metrics))"\s*:')
_METADATA = re.compile(r"# (?:TYPE|HELP|UNIT) \S+|# EOF")
_SAMPLE = re.compile(
    r'(?:[a-zA-Z_:][\w:]*(?:\{[^}]*\})?|\{".*\}) +(?:[-+]?[\d.]\S*|[-+]?(?i:inf|nan))(?: +[\d.e+-]+)?(?: # .*)?'
)
_ACCESS = re.compile(access_log.LINE)
_SYSLOG = re.compile(f"(?:{re.sub(r'[(][?]P<[a-z]+>', '(?:', syslog.RFC5424)})|(?:{syslog.BSD})")
_CONTINUATION = re.compile(log_records.CONTINUATION)
_SUFFIXES: dict[str, Format] = {
    ".pb": "otlp-protobuf",
    ".binpb": "otlp-protobuf",
    ".prom": "openmetrics",
    ".om": "openmetrics",
    ".jsonl": "json-lines",
    ".ndjson": "json-lines",
    ".csv": "csv",
    ".tsv": "csv",
}
_SAMPLE_LINES = 100
_HEAD_BYTES = 256 << 10
_ENOUGH = 0.5


def detect(head: bytes, path: Path) -> Format | None:
    """The format of a file that begins with `head`; None if none fits.

    The first hundred lines are tried against each text format; the one that at least half of them
    fit is it. If none does, the name's extension decides.
    """
    if not head.strip():
        return "empty"
    if framing_of(head) is not None:
        return "otlp-protobuf"
    if b"\0" in head[:_HEAD_BYTES]:
        return None
    if head.lstrip()[:1] in b"{[" and _OTLP_ROOT.search(head):
        return "otlp-json"
    return _best_fit(head) or ("csv" if csv_files.sniff(head) else _by_name(path))


def _best_fit(head: bytes) -> Format | None:
    text = head[:_HEAD_BYTES].decode("utf-8", "replace")
    lines = text.split("\n")
    whole = lines[:-1] if len(head) > _HEAD_BYTES and len(lines) > 1 else lines  # the last one is cut in the middle
    tried = [line.rstrip("\r") for line in whole[:_SAMPLE_LINES] if line.strip() and not _CONTINUATION.match(line)]
    shares = {name: sum(map(fits, tried)) / max(len(tried), 1) for name, fits in _FITS.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= _ENOUGH else None


def _by_name(path: Path) -> Format | None:
    suffixes = [suffix for suffix in path.suffixes if suffix not in {".gz", ".zst"}]
    return _SUFFIXES.get(suffixes[-1]) if suffixes else None


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


_FITS: dict[Format, Callable[[str], bool]] = {
    "json-lines": _is_object,
    "openmetrics": lambda line: bool(_METADATA.match(line) or _SAMPLE.fullmatch(line.strip())),
    "access-log": lambda line: bool(_ACCESS.match(line)),
    "syslog": lambda line: bool(_SYSLOG.match(line)),
}
