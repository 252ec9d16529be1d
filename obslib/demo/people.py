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
FIRST_NUMBER = 10_000
_NETWORKS = ("84.136.", "91.42.", "79.201.", "188.98.", "2.203.", "178.24.")


def product_ids(products: Ints) -> pa.Array:
    """`p-10017` and the like."""
    return pc.binary_join_element_wise(pa.scalar("p-"), text(products + FIRST_NUMBER), "")


def user_ids(users: Ints) -> pa.Array:
    """`u-10017` and the like."""
    return pc.binary_join_element_wise(pa.scalar("u-"), text(users + FIRST_NUMBER), "")


def addresses(users: Ints) -> pa.Array:
    """The users' IPv4 addresses."""
    network = pa.array(_NETWORKS).take(pa.array(users * 7 % len(_NETWORKS)))
    octets = pa.array([str(number) for number in range(256)])
    third, fourth = octets.take(pa.array(users * 31 % 256)), octets.take(pa.array(users * 17 % 254 + 1))
    return pc.binary_join_element_wise(network, third, pa.scalar("."), fourth, "")


def agents(users: Ints) -> pa.Array:
    """The users' browsers or apps."""
    known = WORDS["agent"]
    return pa.array(known).take(pa.array(users * 11 % 23 % len(known)))


def text(numbers: Ints) -> pa.Array:
    """Whole numbers as text."""
    return pc.cast(pa.array(np.asarray(numbers, dtype=np.int64)), pa.string())
