"""Identifiers, random streams and people."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from obslib.demo.ids import fixed_text, hex_ids, pod_suffix, stream, words, zipf
from obslib.demo.people import WORDS, addresses, agents, intruders, product_ids, user_ids


def test_streams_of_different_purpose_are_independent_and_repeat():
    one, same, other, seed = (stream(*key).random(4).tolist() for key in ((7, "a"), (7, "a"), (7, "b"), (8, "a")))
    assert one == same
    assert one != other
    assert one != seed


def test_hex_ids_have_two_letters_a_byte():
    ids = hex_ids(stream(1, "x"), 100, 8)
    assert ids.to_pylist() == hex_ids(stream(1, "x"), 100, 8).to_pylist()
    assert set(pc.utf8_length(ids).to_pylist()) == {16}
    assert int(ids[0].as_py(), 16) >= 0


def test_no_ids_are_an_empty_column():
    assert len(hex_ids(stream(1, "x"), 0, 16)) == 0


def test_fixed_text_cuts_where_the_width_says():
    assert fixed_text(b"abcdef", 3, 2).to_pylist() == ["ab", "cd", "ef"]


def test_pod_suffixes_have_no_vowels():
    assert not set(pod_suffix(stream(1, "x"), 200)) & set("aeiou")


def test_popular_things_are_drawn_more_often():
    drawn = np.bincount(zipf(stream(1, "x"), 50_000, 100), minlength=100)
    assert drawn[0] > 2 * drawn[3] > 4 * drawn[30]
    assert len(drawn) == 100


def test_dictionary_columns_decode_to_their_words():
    assert words(["a", "b"], np.array([1, 0, 1])).to_pylist() == ["b", "a", "b"]


def test_a_user_keeps_address_and_browser():
    users = np.array([5, 9, 5])
    for column in (addresses(users), agents(users), user_ids(users)):
        told = column.to_pylist()
        assert told[0] == told[2]
    assert len(set(addresses(np.arange(3_000)).to_pylist())) > 2_000


def test_addresses_are_well_formed():
    for address in addresses(np.arange(2_000)).to_pylist():
        parts = [int(part) for part in address.split(".")]
        assert len(parts) == 4
        assert all(0 <= part <= 255 for part in parts)


def test_products_have_five_digits():
    assert product_ids(np.array([0, 19_999])).to_pylist() == ["p-10000", "p-29999"]


def test_intruders_have_few_addresses_and_use_tools():
    for kind in ("attacker", "scanner"):
        clients = intruders(kind, np.arange(100))
        assert (clients < 0).all()
        assert set(addresses(clients).to_pylist()) == set(WORDS[kind])
        assert set(agents(clients).to_pylist()) <= set(WORDS["tool"])
