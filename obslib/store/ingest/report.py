"""What became of a file: rows per signal, and every skipped piece counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from obslib.core.layout import Batch

EXAMPLES_PER_REASON = 5


@dataclass(frozen=True)
class Skipped:
    """One piece that was left out: where it stands (`"line 7"`, `"byte 1024"`) and why."""

    where: str
    reason: str


@dataclass
class IngestReport:
    """Filled while a file is read; complete when the iterator of its batches is exhausted.

    `rows` counts rows per signal, `skipped` counts left-out pieces per reason (exact), `examples`
    holds the first few of each reason, `notes` what a reader should know (assumed times, ...).
    """

    origin: str = ""
    format: str = ""
    rows: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    examples: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def skip(self, reason: str, places: Iterable[int | str], *, unit: str = "line", count: int | None = None) -> None:
        """Count left-out pieces; `places` are their line numbers or offsets, in `unit`s.

        `count` is their number where `places` names only some of them.
        """
        room = EXAMPLES_PER_REASON - min(self.skipped[reason], EXAMPLES_PER_REASON)
        known = list(places) if count is None else list(islice(places, room))
        self.examples += [Skipped(f"{unit} {place}", reason) for place in known[:room]]
        self.skipped[reason] += len(known) if count is None else count
        if not self.skipped[reason]:
            del self.skipped[reason]

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def count(self, batch: Batch) -> Batch:
        """Count a batch's rows and hand it on."""
        if batch.metrics is not None:
            self.rows["metrics"] += len(batch.metrics.values)
        for signal in ("logs", "spans", "events", "exemplars"):
            table = getattr(batch, signal)
            if table is not None and table.num_rows:
                self.rows[signal] += table.num_rows
        return batch

    @property
    def skipped_total(self) -> int:
        """How many pieces were left out."""
        return self.skipped.total()

    def summary(self) -> str:
        """The report as a few lines of text."""
        rows = ", ".join(f"{count:,} {signal}" for signal, count in self.rows.items() if count) or "no rows"
        lines = [f"{self.origin}: {self.format or 'unknown format'}: {rows}"]
        lines += [f"  note: {note}" for note in self.notes]
        for reason, count in self.skipped.most_common():
            places = [one.where for one in self.examples if one.reason == reason]
            more = ", ..." if count > len(places) else ""
            lines.append(f"  skipped {count:,}: {reason} ({', '.join(places)}{more})")
        return "\n".join(lines)
