"""A secret is given by `reveal()` and by nothing else, and is read from the places that are meant for it."""

from __future__ import annotations

import builtins
import copy
import dataclasses
import inspect
import io
import json
import logging
import multiprocessing.reduction
import pickle
import pprint
import reprlib
import string
import sys
import traceback
import types

import msgspec
import pytest

from obslib.core.errors import InputError, MissingDependencyError
from obslib.core.secrets import MASK, MisplacedSecret, Secret, read_secret

TEXT = "swordfish-9Qz"


@dataclasses.dataclass
class Holder:
    token: Secret


def in_a_log(secret):
    stream = io.StringIO()
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(stream))
    logger.error("token is %s, %r", secret, {"token": secret})
    return stream.getvalue()


def in_a_traceback(secret):
    def call_backend(token):
        session = {"token": token}
        raise ValueError(f"refused: {token} {session}")

    try:
        call_backend(secret)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def in_a_traceback_of_its_own(secret):
    try:
        pickle.dumps(secret)
    except InputError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def in_an_assertion(secret):
    try:
        assert secret == Secret("other", origin="test"), f"{secret} differs"
    except AssertionError as error:
        return str(error)


LEAKS = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "format": lambda secret: f"{secret} {secret!r} {secret!s} {secret:>30}",
    "str.format": "{} {0!r}".replace("{}", "{0}").format,
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
    "template": lambda secret: string.Template("$token").substitute(token=secret),
    "in a list": lambda secret: str([secret, {secret: secret}, (secret,)]),
    "print": lambda secret: print(secret, file=(stream := io.StringIO())) or stream.getvalue(),
    "pprint": lambda secret: pprint.pformat({"token": secret}),
    "reprlib": reprlib.repr,
    "dataclass": lambda secret: repr(Holder(secret)),
    "dataclasses.asdict": lambda secret: dataclasses.asdict(Holder(secret)),
    "vars": vars,
    "getattr of every name": lambda secret: [repr(getattr(secret, name)) for name in dir(secret)],
    "inspect.getmembers": lambda secret: repr(inspect.getmembers(secret)),
    "slots": lambda secret: [repr(getattr(secret, name, "")) for name in ("_Secret__read", "origin", "__dict__")],
    "getstate": lambda secret: repr(secret.__getstate__()),
    "pickle": lambda secret: [pickle.dumps(secret, protocol) for protocol in range(6)],
    "pickle in a list": lambda secret: pickle.dumps([secret]),
    "multiprocessing": multiprocessing.reduction.ForkingPickler.dumps,
    "copy": copy.copy,
    "deepcopy": lambda secret: copy.deepcopy({"token": secret}),
    "json": lambda secret: json.dumps({"token": secret}),
    "json with str": lambda secret: json.dumps({"token": secret}, default=str),
    "json with vars": lambda secret: json.dumps({"token": secret}, default=vars),
    "msgspec": lambda secret: msgspec.json.encode({"token": secret}),
    "logging": in_a_log,
    "traceback with locals": in_a_traceback,
    "traceback of a refusal": in_a_traceback_of_its_own,
    "assertion": in_an_assertion,
    "hash": lambda secret: str(hash(secret)),
    "bytes": bytes,
    "iteration": "".join,
    "length": len,
    "sum of texts": lambda secret: "Bearer " + secret,
    "join": lambda secret: ":".join(["user", secret]),
    "exception": lambda secret: str(KeyError(secret)) + repr(ValueError(secret)),
    "simple namespace": lambda secret: repr(types.SimpleNamespace(token=secret)),
    "sort error": lambda secret: sorted([secret, secret]),
    "displayhook": lambda secret: sys.displayhook(secret) or "",
}


def test_there_are_enough_ways_to_try():
    assert len(LEAKS) >= 25


@pytest.mark.parametrize("kind", [Secret, MisplacedSecret])
@pytest.mark.parametrize("way", LEAKS)
def test_nothing_shows_the_text(way, kind, capsys, monkeypatch):
    monkeypatch.setattr(builtins, "_", None, raising=False)
    secret = kind(TEXT, origin="environment variable PROM_TOKEN")
    try:
        shown = repr(LEAKS[way](secret))
    except (TypeError, ValueError, InputError, NotImplementedError) as refusal:
        shown = "".join(traceback.TracebackException.from_exception(refusal, capture_locals=True).format())
    shown += "".join(capsys.readouterr())
    assert TEXT not in shown
    assert TEXT[:9] not in shown


@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy", "multiprocessing", "dataclasses.asdict"])
def test_copies_are_refused_with_a_way_out(way):
    with pytest.raises(InputError, match="cannot be pickled or copied") as caught:
        LEAKS[way](Secret(TEXT, origin="keyring prom/ada"))
    assert "keyring prom/ada" in str(caught.value)
    assert "profile's name" in caught.value.fix


def test_only_reveal_gives_it():
    assert Secret(TEXT, origin="test").reveal() == TEXT


def test_text_for_people_says_where_it_is_from():
    secret = Secret(TEXT, origin="file token.txt")
    assert repr(secret) == "Secret(from file token.txt)"
    assert f"{secret}" == MASK
    assert f"{secret:>10}" == f"  {MASK}"


def test_equal_texts_are_equal_secrets_with_an_equal_hash():
    one, other = Secret(TEXT, origin="a"), Secret(TEXT, origin="b")
    assert one == other
    assert len({one, other}) == 1
    assert one != Secret("other", origin="a")
    assert one != TEXT


def test_hash_tells_nothing_about_the_text():
    assert hash(Secret(TEXT, origin="a")) == hash(Secret("other", origin="a"))


def test_empty_secret_is_falsy():
    assert not Secret("", origin="a")
    assert Secret("x", origin="a")


# ---- references


def test_reference_to_the_environment(monkeypatch):
    monkeypatch.setenv("PROM_TOKEN", TEXT)
    secret = read_secret({"env": "PROM_TOKEN"}, key="token")
    assert secret.reveal() == TEXT
    assert secret.origin == "environment variable PROM_TOKEN"


def test_absent_variable_is_named(monkeypatch):
    monkeypatch.delenv("PROM_TOKEN", raising=False)
    with pytest.raises(InputError, match="environment variable PROM_TOKEN, which is not set") as caught:
        read_secret({"env": "PROM_TOKEN"}, key="profiles.prod.token")
    assert caught.value.problem.startswith("profiles.prod.token ")
    assert caught.value.fix.startswith("export PROM_TOKEN=")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_reference_to_a_file_ignores_its_last_line_end(tmp_path, ending):
    path = tmp_path / "token"
    path.write_text(f" {TEXT} {ending}", newline="")
    assert read_secret({"file": str(path)}, key="token").reveal() == f" {TEXT} "


def test_file_of_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text(TEXT)
    assert read_secret({"file": "~/token"}, key="token").reveal() == TEXT


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_file_that_cannot_be_read_is_named(tmp_path, make):
    path = tmp_path / "token"
    make(path)
    with pytest.raises(InputError, match="is to be read from the file") as caught:
        read_secret({"file": str(path)}, key="token")
    assert isinstance(caught.value.__cause__, OSError)


def test_file_that_is_no_text_is_refused_without_its_bytes(tmp_path):
    (tmp_path / "token").write_bytes(TEXT.encode() + b"\xff")
    with pytest.raises(InputError, match="is not text") as caught:
        read_secret({"file": str(tmp_path / "token")}, key="token")
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert TEXT not in shown


class KeyringError(Exception):
    """Base of all that the keyring package raises."""


class Keyring(types.ModuleType):
    """A keyring with one entry, which is locked for one service."""

    def get_password(self, service, user):
        if service == "locked":
            raise KeyringError("No recommended backend was available.")
        return TEXT if (service, user) == ("prom", "ada") else None


@pytest.fixture
def keyring(monkeypatch):
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = KeyringError
    monkeypatch.setitem(sys.modules, "keyring", Keyring("keyring"))
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


@pytest.mark.usefixtures("keyring")
def test_reference_to_the_keyring():
    assert read_secret({"keyring": "prom/ada"}, key="token").reveal() == TEXT


@pytest.mark.usefixtures("keyring")
def test_keyring_that_cannot_be_used_is_an_error_with_a_way_out():
    with pytest.raises(InputError, match="cannot be used here: No recommended backend") as caught:
        read_secret({"keyring": "locked/ada"}, key="token")
    assert '{env = "NAME"}' in caught.value.fix


@pytest.mark.usefixtures("keyring")
def test_absent_entry_of_the_keyring_comes_with_the_command_that_adds_it():
    with pytest.raises(InputError, match="no entry 'prom/bob'") as caught:
        read_secret({"keyring": "prom/bob"}, key="token")
    assert caught.value.fix == "keyring set prom bob"


def test_absent_keyring_package_comes_with_its_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingDependencyError) as caught:
        read_secret({"keyring": "prom/ada"}, key="token")
    assert caught.value.fix == "pip install 'obslib[keyring]'"


@pytest.mark.parametrize("reference", [TEXT, MisplacedSecret(TEXT, origin="x"), 7, None, {}, {"env": "A", "file": "b"}])
def test_plain_text_is_refused_and_not_shown(reference):
    with pytest.raises(InputError, match="must be a reference to a secret") as caught:
        read_secret(reference, key="profiles.prod.token")
    assert TEXT not in str(caught.value)
    assert 'profiles.prod.token = {env = "NAME"}' in caught.value.fix


def test_unknown_place_is_refused():
    with pytest.raises(InputError, match="refers to 'vault'"):
        read_secret({"vault": "x"}, key="token")
