"""Read telemetry files into a store, and say for each what was read and what was left out.

obslib ingest traces.json metrics.pb app.log access.log.gz
obslib ingest node.prom --store telemetry --service node
obslib ingest odd.txt --format syslog

Formats: OTLP JSON and protobuf, OpenMetrics and Prometheus text, JSON lines, access logs, syslog, CSV.
They are told apart by content; gzip and zstd are unpacked. A file that was read before, in the same
format and for the same service, is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from itertools import chain, islice
from pathlib import Path

from obslib.core.errors import InputError
from obslib.core.layout import Batch
from obslib.store.ingest import FORMATS, IngestReport, read_file
from obslib.store.store import Store

DEFAULT_STORE = "telemetry"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a telemetry file")
    parser.add_argument("--store", metavar="DIR", default=DEFAULT_STORE, help="made if absent (default: %(default)s)")
    parser.add_argument("--format", choices=sorted(FORMATS), help="the files' format, if it is not recognised")
    parser.add_argument("--service", metavar="NAME", default="", help="the service of records that name none")
    parser.add_argument("--again", action="store_true", help="read files again that were read before")


def run(arguments: argparse.Namespace) -> int:
    """Ingest every file; 1 if any of them could not be read at all."""
    store = Store.create(arguments.store)
    failed = 0
    for path in arguments.files:
        try:
            print(ingest(store, path, format=arguments.format, service=arguments.service, again=arguments.again))
        except InputError as error:
            failed += 1
            print(f"obslib: {type(error).__name__}: {error}", file=sys.stderr)
    if failed:
        print(f"obslib: {failed} of {len(arguments.files)} files could not be read.", file=sys.stderr)
    return 1 if failed else 0


def ingest(
    store: Store,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the field's own word
    service: str = "",
    again: bool = False,
) -> str:
    """Read one file into a store; returns the report as text.

    Every batch is committed with the file's digest, how it was read (format and service) and its own
    number, so that an ingest that was interrupted goes on where it stopped, and the same content is
    never stored twice in the same way unless `again`.
    """
    report = IngestReport(origin=str(path))
    batches = read_file(path, format=format, service=service, report=report)
    first = list(islice(batches, 1))  # also finds out the format
    way = f"as {report.format}" + (f" of service {service!r}" if service else "")
    origin = f"file {_digest(path)} {way}"
    if not again and store.has_origin(origin):
        return f"{path}: was read before {way}, nothing to do (--again reads it once more)"
    for number, batch in enumerate(chain(first, batches)):
        part = f"{origin} part {number}"
        if again or not store.has_origin(part):
            store.append(batch, origin=part)
    store.append(Batch(), origin=origin)
    return report.summary()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.", fix="check the path and permissions.") from error
