"""A clock that only sleeping moves, and a client on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from obslib.sources._http import HttpClient
from obslib.sources._request import Limits, Timing


@dataclass
class FakeTime:
    """Seconds that pass only while somebody sleeps; `pauses` are all sleeps so far."""

    now: float = 1_000.0
    pauses: list[float] = field(default_factory=list)
    chance: float = 1.0

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def timing(self) -> Timing:
        return Timing(clock=lambda: self.now, wall=lambda: self.now, sleep=self.sleep, chance=lambda: self.chance)


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client_of(fake_time):
    """Makes clients with fake pauses and short socket timeouts; they are closed at the end."""
    made = []

    def make(url, *, limits=None, **settings):
        client = HttpClient(url, timing=fake_time.timing(), limits=limits or Limits(stall=0.3), **settings)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
