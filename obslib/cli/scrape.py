"""Scrape Prometheus/OpenMetrics endpoints into a store, on a fixed grid of times.

  obslib scrape localhost:9100                          a node_exporter, every 15 s, until Ctrl-C
  obslib scrape http://a:9100/metrics http://b:9100/metrics --every 5s --for 2m --store telemetry --job node

Each round is stored durably before the next; start again with the same store to continue. A target
that cannot be scraped is recorded as up = 0. Look at the result with
  obslib store info telemetry
  obslib run 00_start_here --profile store:telemetry
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from types import FrameType

import pandas as pd

from obslib.core.errors import InputError
from obslib.core.secrets import read_secret
from obslib.core.window import format_duration, parse_duration, positive_duration
from obslib.sources._credentials import Credentials
from obslib.store.store import Store
from obslib.workspace.scrape import LONGEST_SCRAPE_SECONDS, Target, TargetScraper, Tick, parse_target, scrape_on_grid


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("targets", nargs="+", metavar="URL", help="an endpoint; localhost:9100 means .../metrics there")
    parser.add_argument("--every", default="15s", metavar="TIME", help="distance of the scrapes (default: 15s)")
    parser.add_argument("--for", dest="duration", metavar="TIME", help="how long to go on (default: until Ctrl-C)")
    parser.add_argument(
        "--store", default="telemetry", metavar="DIR", help="the store, made if absent (default: telemetry)"
    )
    parser.add_argument("--job", default="scrape", metavar="NAME", help="the targets' job label (default: scrape)")
    parser.add_argument(
        "--label", action="append", default=[], metavar="NAME=VALUE", help="a label for every series; may be repeated"
    )
    parser.add_argument("--token-env", metavar="NAME", help="an environment variable with the targets' bearer token")
    parser.add_argument("--ca-file", default="", metavar="FILE", help="certificates to trust instead of the system's")


def run(arguments: argparse.Namespace) -> int:
    """Scrape until the time is over or Ctrl-C, then say what was stored; 1 if no scrape succeeded."""
    every = positive_duration(arguments.every, "--every")
    duration = None if arguments.duration is None else parse_duration(arguments.duration)
    timeout = min(every.total_seconds(), LONGEST_SCRAPE_SECONDS)
    targets = read_targets(arguments)
    scrapers = [TargetScraper(target, timeout=timeout, ca_file=arguments.ca_file) for target in targets]
    store = Store.create(arguments.store)
    store.set_property("scrape_interval", format_duration(every))
    journal = Journal(live=sys.stderr.isatty())
    with ExitStack() as stack:
        for scraper in scrapers:
            stack.callback(scraper.close)
        stop = stack.enter_context(stop_on_signals())
        for tick in scrape_on_grid(scrapers, store.append, every=every, duration=duration, stop=stop):
            journal.note(tick)
        journal.interrupted = stop.is_set()
    journal.close()
    print(f"{journal.summary()} in {arguments.store}.")
    return 0 if journal.good or not journal.failed else 1


def read_targets(arguments: argparse.Namespace) -> list[Target]:
    """The targets that the arguments name, with their labels and credentials; no two of the same name."""
    labels = parse_labels(arguments.label)
    targets = [parse_target(address, job=arguments.job, labels=labels) for address in dict.fromkeys(arguments.targets)]
    names = [target.instance for target in targets]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(
            f"two targets are both called {min(twice)}, so their series could not be told apart.",
            fix="scrape them with two commands and a --job each.",
        )
    if arguments.token_env is None:
        return targets
    token = Credentials.bearer(read_secret({"env": arguments.token_env}, key="--token-env"))
    return [replace(target, credentials=target.credentials or token) for target in targets]


def parse_labels(texts: Iterable[str]) -> dict[str, str]:
    """Read `name=value` texts.

    >>> parse_labels(["env=prod", "team=shop=web"])
    {'env': 'prod', 'team': 'shop=web'}
    """
    labels = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise InputError(f"--label {text!r} has no '='.", fix="write it like --label env=prod.")
        labels[name] = value
    return labels


@contextmanager
def stop_on_signals() -> Iterator[Event]:
    """An event that Ctrl-C or a polite signal sets, so that nothing is torn; a second Ctrl-C means at once."""
    stop = Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Journal:
    """Tells a person how the scraping goes: a line that is rewritten on a terminal, and each new problem once."""

    live: bool
    good: int = 0
    failed: int = 0
    samples: int = 0
    skipped: int = 0
    interrupted: bool = False
    _said: dict[str, str] = field(default_factory=dict)

    def note(self, tick: Tick) -> None:
        """Count a stored tick and show it."""
        self.good += len(tick.scrapes) - len(tick.failed)
        self.failed += len(tick.failed)
        self.samples += tick.samples
        self.skipped += tick.skipped
        for scrape in tick.scrapes:
            notes = [f"{scrape.target.instance}: {note}" for note in scrape.notes]
            self._say_once(scrape.target, scrape.problem or "; ".join(notes))
        if self.live:
            at = pd.Timestamp(tick.time_ms, unit="ms")
            slowest = max(one.seconds for one in tick.scrapes)
            up = f"{len(tick.scrapes) - len(tick.failed)} of {len(tick.scrapes)} up"
            self._write(f"\r\x1b[K{at:%H:%M:%S} {up}, {slowest * 1_000:.0f} ms; {self.summary()}")

    def summary(self) -> str:
        """What was stored so far."""
        parts = [f"stored {self.samples:,} samples of {self.good:,} scrapes"]
        parts += [f"{self.failed:,} failed scrapes as up = 0"] if self.failed else []
        parts += [f"{self.skipped:,} moments skipped"] if self.skipped else []
        return ("interrupted; " if self.interrupted else "") + ", ".join(parts)

    def close(self) -> None:
        """End the line that was rewritten."""
        if self.live:
            self._write("\n")

    def _say_once(self, target: Target, trouble: str) -> None:
        before = self._said.get(target.url, "")
        self._said[target.url] = trouble
        if trouble != before:
            end_of_line = "\r\x1b[K" if self.live else ""
            self._write(f"{end_of_line}{trouble or f'{target.instance}: fine again'}\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
