"""Call trees: what one request does, as spans that call spans."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
NETWORK = "network"
SPREAD = 0.40
"""Sigma of the log of a call's own time."""
PASS_ON = frozenset({"web", "api-gateway"})
"""Services that answer 502 when something behind them fails; the others answer 500."""
FIRST_REFUSES = frozenset({400, 401, 404})
STATEMENTS = {
    "INSERT": "INSERT INTO ? (id, data, created_at) VALUES ($1, $2, $3)",
    "SELECT": "SELECT * FROM ? WHERE key = $1 ORDER BY id LIMIT $2",
}
REPEATS_MEAN = 4.0
"""Mean of the Poisson number of further rounds of an N+1 query."""


@dataclass(frozen=True)
class Call:
    """One span of a call tree and what may become of it.

    Parameters
    ----------
    part
        What makes it slow or fail: a service, a database, a third party, the network.
    ms
        Median time it takes itself, without its children, in milliseconds.
    on
        `"always"`, `"miss"` (only when the cache misses), or `"retry"` (only when the sibling
        before it failed).
    rank
        For N+1 queries: it runs in requests with at least this many further rounds.
    chance
        Probability that it runs at all.
    parallel
        Its children run side by side, not one after the other.
    """

    service: str
    name: str
    kind: int
    part: str
    ms: float
    attributes: Mapping[str, object] = field(default_factory=dict)
    children: tuple[Call, ...] = ()
    on: str = "always"
    rank: int = 0
    chance: float = 1.0
    parallel: bool = False

    @property
    def route(self) -> str:
        """The `http.route` of a server span, else `""`."""
        return str(self.attributes.get("http.route", "")) if self.kind == SERVER else ""

    @property
    def detached(self) -> bool:
        """Whether the parent does not wait for it (a consumer works off a queue)."""
        return self.kind == CONSUMER


def server(service: str, method: str, route: str, ms: float, *children: Call, parallel: bool = False) -> Call:
    """A service answering an HTTP request."""
    attributes = {"http.request.method": method, "http.route": route, "url.scheme": "http"}
    return Call(service, f"{method} {route}", SERVER, service, ms, attributes, children, parallel=parallel)


def http(caller: str, callee: Call, *, chance: float = 1.0, on: str = "always", attempt: int = 0) -> Call:
    """A service calling another over HTTP: the client's span around the server's."""
    attributes: dict[str, object] = {
        "http.request.method": callee.attributes["http.request.method"],
        "server.address": callee.service,
    }
    if attempt:
        attributes["http.request.resend_count"] = attempt
    name = str(callee.attributes["http.request.method"])
    return Call(caller, name, CLIENT, NETWORK, 0.8, attributes, (callee,), on=on, chance=chance)


def with_retries(caller: str, callee: Call, retries: int, *, chance: float = 1.0) -> tuple[Call, ...]:
    """The same call, tried again up to `retries` times when it fails."""
    first = http(caller, callee, chance=chance)
    return (first, *(http(caller, callee, on="retry", attempt=n) for n in range(1, retries + 1)))


def sql(service: str, summary: str, ms: float, *, on: str = "always", chance: float = 1.0, rank: int = 0) -> Call:
    """A query; `summary` is `SELECT products` and the like."""
    verb = summary.partition(" ")[0]
    attributes: dict[str, object] = {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "db.operation.name": verb,
        "db.query.summary": summary,
        "db.query.text": _statement(verb, summary.removeprefix(f"{verb} ")),
        "server.address": "postgresql",
        "server.port": 5432,
    }
    return Call(service, summary, CLIENT, "postgresql", ms, attributes, on=on, chance=chance, rank=rank)


def n_plus_one(service: str, summary: str, ms: float, most: int) -> tuple[Call, ...]:
    """The same query again and again, as often as the request has rounds."""
    return tuple(sql(service, summary, ms, rank=rank) for rank in range(1, most + 1))


def cache(service: str, command: str, ms: float = 0.35, *, on: str = "always", chance: float = 1.0) -> Call:
    """A Redis command."""
    attributes = {"db.system.name": "redis", "db.operation.name": command, "server.address": "redis"}
    return Call(service, command, CLIENT, "redis", ms, attributes, on=on, chance=chance)


def third_party(service: str, part: str, method: str, host: str, ms: float) -> Call:
    """A call to a service that somebody else runs."""
    attributes = {"http.request.method": method, "server.address": host}
    return Call(service, method, CLIENT, part, ms, attributes)


def internal(service: str, name: str, ms: float, *children: Call) -> Call:
    """Work inside a service that has a span of its own."""
    return Call(service, name, INTERNAL, service, ms, {}, children)


def enqueue(service: str, queue: str, consumer: Call, *, chance: float = 1.0) -> Call:
    """A task sent to a queue, with what its worker does as the (detached) child."""
    attributes = {"messaging.system": "redis", "messaging.destination.name": queue, "messaging.operation.type": "send"}
    return Call(service, f"send {queue}", PRODUCER, "redis", 0.6, attributes, (consumer,), chance=chance)


def task(service: str, queue: str, name: str, ms: float, *children: Call) -> Call:
    """A worker processing one task of a queue."""
    attributes = {
        "messaging.system": "redis",
        "messaging.destination.name": queue,
        "messaging.operation.type": "process",
        "celery.task_name": name,
    }
    return Call(service, f"process {queue}", CONSUMER, service, ms, attributes, children)


@dataclass(frozen=True)
class Route:
    """One kind of request: its share of the traffic and its call tree.

    Parameters
    ----------
    share
        Fraction of the platform's requests; background flows have a `steady` rate instead, in 1/s.
    refused
        Usual fraction answered with `refused_code` (the client's fault).
    miss
        Usual probability that the cache misses.
    """

    name: str
    root: Call
    share: float = 0.0
    steady: float = 0.0
    success_code: int = 200
    refused: float = 0.0
    refused_code: int = 404
    miss: float = 0.0

    @cached_property
    def nodes(self) -> list[Call]:
        """All calls, each before its children."""
        return [call for call, _ in _walk(self.root, -1, [])]

    @cached_property
    def parents(self) -> list[int]:
        """Position of each call's parent in `nodes`, -1 for the root."""
        return [parent for _, parent in _walk(self.root, -1, [])]

    @cached_property
    def children(self) -> list[list[int]]:
        """Positions of each call's children in `nodes`, in order."""
        return [[i for i, parent in enumerate(self.parents) if parent == me] for me in range(len(self.parents))]

    @cached_property
    def refuser(self) -> int:
        """Which call answers with the client's fault: the first service behind the gateway, or the last; 0 if none."""
        servers = [me for me, call in enumerate(self.nodes) if call.kind == SERVER]
        behind = [me for me in servers if me > 1 and self.parents[self.parents[me]] == 1]
        if not self.refused or not behind:
            return 0
        return behind[0] if self.refused_code in FIRST_REFUSES else behind[-1]

    @cached_property
    def refusing_path(self) -> frozenset[int]:
        """The refusing call and every caller above it."""
        return frozenset(self.lineage(self.refuser)) if self.refuser else frozenset()

    def code(self, me: int, *, failed: bool) -> int:
        """HTTP status with which the server at `me` answers when not refusing."""
        if failed:
            return 502 if self.nodes[me].service in PASS_ON else 500
        return self.success_code if me < 2 else 200

    def lineage(self, me: int) -> list[int]:
        """`me` and its callers, the outermost first."""
        line = [me]
        while self.parents[line[0]] >= 0:
            line.insert(0, self.parents[line[0]])
        return line

    def elder(self, me: int) -> int:
        """The sibling just before `me`: the attempt that it repeats."""
        return max(child for child in self.children[self.parents[me]] if child < me)


def rank_probability(rank: int) -> float:
    """Probability that a request has at least `rank` further rounds (Poisson with mean REPEATS_MEAN)."""
    below = sum(REPEATS_MEAN**k / math.factorial(k) for k in range(rank))
    return 1.0 - math.exp(-REPEATS_MEAN) * below


def _statement(verb: str, table: str) -> str:
    """A parametrised statement such as an ORM writes."""
    return STATEMENTS[verb].replace("?", table)


def _walk(call: Call, parent: int, seen: list[tuple[Call, int]]) -> list[tuple[Call, int]]:
    me = len(seen)
    seen.append((call, parent))
    for child in call.children:
        _walk(child, me, seen)
    return seen
