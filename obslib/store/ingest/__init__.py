"""Reading telemetry: files and bodies of the field's formats in, batches for the store out."""

from obslib.store.ingest.openmetrics import parse_openmetrics
from obslib.store.ingest.otlp import decode_otlp_json, decode_otlp_protobuf
from obslib.store.ingest.read import FORMATS, read_file
from obslib.store.ingest.report import IngestReport, Skipped

__all__ = [
    "FORMATS",
    "IngestReport",
    "Skipped",
    "decode_otlp_json",
    "decode_otlp_protobuf",
    "parse_openmetrics",
    "read_file",
]
