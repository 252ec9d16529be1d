"""Who and what requests are about, as text columns: the same user has the same address in every signal."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.demo.clock import Ints

WORDS: dict[str, list[str]] = tomllib.loads(files("obslib.demo").joinpath("words.toml").read_text("utf-8"))
"""Words by kind (search terms, shops, user agents ...), the most popular first."""
PRODUCTS, USERS = 20_000, 60_000
HOSTILE = ("attacker", "scanner")
"""Kinds of WORDS with the addresses of those who break passwords and of those who probe for injections."""
FIRST_NUMBER = 10_000
_NETWORKS = ("84.136.", "91.42.", "79.201.", "188.98.", "2.203.", "178.24.")


def product_ids(products: Ints) -> pa.Array:
    """`p-10017` and the like."""
    return pc.binary_join_element_wise(pa.scalar("p-"), text(products + FIRST_NUMBER), "")


def user_ids(users: Ints) -> pa.Array:
    """`u-10017` and the like."""
    return pc.binary_join_element_wise(pa.scalar("u-"), text(users + FIRST_NUMBER), "")


def intruders(kind: str, draws: Ints) -> Ints:
    """Client numbers of those who attack: `kind` is a kind of WORDS that holds addresses."""
    first = sum(len(WORDS[other]) for other in HOSTILE[: HOSTILE.index(kind)])
    return -1 - first - draws % len(WORDS[kind])


def addresses(clients: Ints) -> pa.Array:
    """IPv4 addresses of clients: a user by its number, an intruder by a negative one (see `intruders`)."""
    network = pa.array(_NETWORKS).take(pa.array(clients * 7 % len(_NETWORKS)))
    octets = pa.array([str(number) for number in range(256)])
    third, fourth = octets.take(pa.array(clients * 31 % 256)), octets.take(pa.array(clients * 17 % 254 + 1))
    usual = pc.binary_join_element_wise(network, third, pa.scalar("."), fourth, "")
    known = pa.array([address for kind in HOSTILE for address in WORDS[kind]])
    return pc.if_else(pa.array(clients < 0), known.take(pa.array(np.maximum(-1 - clients, 0))), usual)


def agents(clients: Ints) -> pa.Array:
    """Browsers or apps of clients; intruders use tools."""
    known, tools = WORDS["agent"], WORDS["tool"]
    place = np.where(clients < 0, len(known) + clients % len(tools), clients * 11 % 23 % len(known))
    return pa.array([*known, *tools]).take(pa.array(place))


def text(numbers: Ints) -> pa.Array:
    """Whole numbers as text."""
    return pc.cast(pa.array(np.asarray(numbers, dtype=np.int64)), pa.string())
