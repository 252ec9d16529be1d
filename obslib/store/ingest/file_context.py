"""What a format's reader is told about the file besides its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from obslib.core.errors import InputError
from obslib.store.ingest.report import IngestReport


@dataclass(frozen=True)
class FileContext:
    """The file, where to report, and what the caller knows better than the content.

    `service` names the service of records that name none; `now` is the latest moment that a time
    without a year can mean (default: the file's modification time); `modified` is that time.
    """

    path: Path
    report: IngestReport
    service: str
    now: pd.Timestamp
    modified: pd.Timestamp

    def error(self, where: str, reason: str, fix: str) -> InputError:
        """An error about this file."""
        return InputError(f"{self.path}, {where}: {reason}.", fix=fix)
