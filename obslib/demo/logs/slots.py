"""What fills the slots of log templates: column-wise, from what the lines are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.demo.clock import Floats, Ints
from obslib.demo.ids import hex_ids, zipf
from obslib.demo.people import PRODUCTS, USERS, WORDS, addresses, agents, product_ids, text, user_ids

NUMBERS: dict[str, tuple[float, float]] = {
    "few": (1, 9),
    "count": (1, 120),
    "many": (150, 9_000),
    "pid": (2_000, 2_060),
    "percent": (1, 99),
    "mib": (12, 900),
    "attempt": (1, 4),
    "port": (32_768, 60_999),
    "line": (20, 480),
    "worker": (1, 8),
}
"""Whole numbers: lowest and highest, drawn evenly on a log scale."""


@dataclass
class Subjects:
    """What a set of lines of one template is about; one entry per line.

    `time` is epoch ns. `product`, `user`, `millis` and `code` come from the request for lines of
    requests and are drawn otherwise; `pod` names the writer (a node, for lines of nodes).
    """

    time: Ints
    pod: pa.Array
    rng: np.random.Generator
    target: tuple[str, str] = ("", "/")
    code: Ints | None = None
    millis: Floats | None = None
    product: Ints | None = None
    user: Ints | None = None
    client: Ints | None = None
    _made: dict[str, pa.Array] = field(default_factory=dict)

    def slot(self, name: str) -> pa.Array:
        """The strings of one slot, the same each time it is asked for."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> pa.Array:
        size = len(self.time)
        if name in WORDS:
            return pa.array(WORDS[name]).take(pa.array(zipf(self.rng, size, len(WORDS[name]), 0.8)))
        if name in NUMBERS:
            low, high = NUMBERS[name]
            drawn = np.exp(self.rng.uniform(np.log(low), np.log(high + 1), size)).astype(np.int64)
            return text(np.minimum(drawn, int(high)))
        return _MAKERS[name](self)


def _product(about: Subjects) -> pa.Array:
    return product_ids(about.product if about.product is not None else zipf(about.rng, len(about.time), PRODUCTS))


def _users(about: Subjects) -> Ints:
    return about.user if about.user is not None else zipf(about.rng, len(about.time), USERS, 0.6)


def _clients(about: Subjects) -> Ints:
    """Who sent the requests; lines that are about no request get somebody."""
    if about.client is None:
        about.client = zipf(about.rng, len(about.time), USERS, 0.6)
    return about.client


def _millis(about: Subjects) -> pa.Array:
    """Whole milliseconds, at least one."""
    millis = about.millis if about.millis is not None else np.exp(about.rng.normal(3.2, 0.9, len(about.time)))
    return text(np.maximum(np.rint(millis), 1).astype(np.int64))


def _code(about: Subjects) -> pa.Array:
    return text(about.code if about.code is not None else np.full(len(about.time), 200))


def _referer(about: Subjects) -> pa.Array:
    """Where the request came from: nowhere known, the shop itself, or a search engine."""
    return pa.array(WORDS["referer"]).take(pa.array(zipf(about.rng, len(about.time), len(WORDS["referer"]), 0.8)))


def _path(about: Subjects) -> pa.Array:
    """The request target: the method and the route with its `{id}` and query filled in."""
    _, route = about.target
    if "{id}" in route:
        before, after = route.split("{id}")
        return pc.binary_join_element_wise(pa.scalar(before), about.slot("product"), pa.scalar(after), "")
    if route.endswith("/search"):
        asked = pc.if_else(pa.array(_clients(about) < 0), about.slot("probe"), about.slot("term"))
        return pc.binary_join_element_wise(pa.scalar(f"{route}?q="), asked, "")
    return pa.repeat(route, len(about.time))


def _size(about: Subjects) -> pa.Array:
    """Bytes of an answer: errors are short, each product's page has its size."""
    product = about.product if about.product is not None else zipf(about.rng, len(about.time), PRODUCTS)
    code = about.code if about.code is not None else np.full(len(about.time), 200)
    return text(np.where(code >= 400, 142, 1_800 + product * 37 % 9_000))


def _price(about: Subjects) -> pa.Array:
    whole = np.exp(about.rng.normal(3.7, 0.6, len(about.time))).astype(np.int64)
    return pc.binary_join_element_wise(text(whole), pa.scalar(".99"), "")


def _clock(pattern: str) -> Callable[[Subjects], pa.Array]:
    def made(about: Subjects) -> pa.Array:
        return pc.strftime(pa.array(about.time // 10**6 * 10**6).cast(pa.timestamp("ms", "UTC")), pattern)

    return made


def _short_clock(about: Subjects) -> pa.Array:
    seconds = pa.array(about.time // 10**9 * 10**9).cast(pa.timestamp("ns", "UTC")).cast(pa.timestamp("s", "UTC"))
    return pc.strftime(seconds, "%d/%b/%Y:%H:%M:%S +0000")


_MAKERS: dict[str, Callable[[Subjects], pa.Array]] = {
    "product": _product,
    "user": lambda about: user_ids(_users(about)),
    "ms": _millis,
    "code": _code,
    "ip": lambda about: addresses(_clients(about)),
    "ua": lambda about: agents(_clients(about)),
    "referer": _referer,
    "route": lambda about: pa.repeat(about.target[1], len(about.time)),
    "path": _path,
    "bytes": _size,
    "price": _price,
    "method": lambda about: pa.repeat(about.target[0] or "GET", len(about.time)),
    "pod": lambda about: about.pod,
    "hex": lambda about: hex_ids(about.rng, len(about.time), 4),
    "clf": _short_clock,
    "pgtime": _clock("%Y-%m-%d %H:%M:%S"),
    "redistime": _clock("%d %b %Y %H:%M:%S"),
}
