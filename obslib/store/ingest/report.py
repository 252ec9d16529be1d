"""What became of a file: rows per signal, and every piece that was skipped or read with a doubt, by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np

from obslib.core.layout import Batch, MetricBatch

EXAMPLES_PER_REASON = 5
_REPLACED = "sample that replaces an earlier one of the same series and time"


@dataclass(frozen=True)
class Skipped:
    """One piece that was left out or flagged: where it stands (`"line 7"`, `"byte 1024"`) and why."""

    where: str
    reason: str


@dataclass
class IngestReport:
    """Filled while a file is read; complete when the iterator of its batches is exhausted.

    `rows` counts rows per signal, `skipped` left-out pieces per reason (exact), `flagged` pieces that
    were kept though something about them was wrong or had to be assumed; `examples` and
    `flagged_examples` hold the first few of each reason, `notes` what a reader should know of the whole file.
    """

    origin: str = ""
    format: str = ""
    rows: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    examples: list[Skipped] = field(default_factory=list)
    flagged: Counter[str] = field(default_factory=Counter)
    flagged_examples: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def skip(self, reason: str, places: Iterable[int | str], *, unit: str = "line", count: int | None = None) -> None:
        """Count left-out pieces; `places` are their line numbers or offsets, in `unit`s.

        `count` is their number where `places` names only some of them.
        """
        _tally(self.skipped, self.examples, reason, _Places(places, unit, count))

    def flag(
        self, reason: str, places: Iterable[int | str] = (), *, unit: str = "line", count: int | None = None
    ) -> None:
        """Count pieces that were kept in spite of `reason`; the arguments are those of `skip`."""
        _tally(self.flagged, self.flagged_examples, reason, _Places(places, unit, count))

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def count(self, batch: Batch) -> Batch:
        """Count a batch's rows and hand it on; of samples, also those that replace one of the same batch."""
        if batch.metrics is not None:
            self.rows["metrics"] += len(batch.metrics.values)
            self.flag(_REPLACED, count=_repeated(batch.metrics))
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
        rows = (
            ", ".join(
                f"{count:,} {signal.removesuffix('s') if count == 1 else signal}"
                for signal, count in self.rows.items()
                if count
            )
            or "no rows"
        )
        lines = [f"{self.origin}: {self.format or 'unknown format'}: {rows}"]
        lines += [f"  note: {note}" for note in self.notes]
        lines += _counted("flagged", self.flagged, self.flagged_examples)
        lines += _counted("skipped", self.skipped, self.examples)
        return "\n".join(lines)


class _Places(NamedTuple):
    """Where pieces stand; `number` is how many they are where `named` names only some of them."""

    named: Iterable[int | str]
    unit: str
    number: int | None


def _tally(counter: Counter[str], examples: list[Skipped], reason: str, places: _Places) -> None:
    room = EXAMPLES_PER_REASON - min(counter[reason], EXAMPLES_PER_REASON)
    known = list(places.named) if places.number is None else list(islice(places.named, room))
    examples += [Skipped(f"{places.unit} {place}", reason) for place in known[:room]]
    counter[reason] += len(known) if places.number is None else places.number
    if not counter[reason]:
        del counter[reason]


def _counted(what: str, counter: Counter[str], examples: list[Skipped]) -> Iterator[str]:
    for reason, count in counter.most_common():
        places = [one.where for one in examples if one.reason == reason]
        where = f" ({', '.join(places)}{', ...' if count > len(places) else ''})" if places else ""
        yield f"  {what} {count:,}: {reason}{where}"


def _repeated(metrics: MetricBatch) -> int:
    """How many samples have the series and the time of another one before them."""
    order = np.lexsort((metrics.times, metrics.codes))
    codes, times = metrics.codes[order], metrics.times[order]
    return int(np.count_nonzero((np.diff(codes) == 0) & (np.diff(times) == 0)))
