"""What live tests share: a server, or the reason why the test cannot run here."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.servers import SERVERS, Running, running
from tests.support import not_run


@contextmanager
def live_server(name: str, *, files: Mapping[str, str] | None = None, folder: Path | None = None) -> Iterator[Running]:
    """`running(name)`, or the test reported as not run where the server is absent."""
    if not SERVERS[name].origin.present():
        reason = f"{name} is absent. To get it: python -m tests.live.servers get {name}"
        not_run(reason) if SERVERS[name].in_ci else pytest.skip(reason)
    with running(name, files=files, folder=folder) as server:
        yield server


def get(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The body of a server's answer, by the standard library: an observer independent of ours."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
    return body


def get_json(url: str) -> object:
    """The decoded JSON body of a server's answer."""
    return json.loads(get(url))
