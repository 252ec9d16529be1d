"""Secrets: where they are read from, and a type that never shows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from obslib.core.errors import InputError, MissingDependencyError

MASK = "********"


class Secret:
    """A token or password. Only `reveal()` gives it; repr, str, format, pickle and copies never do.

    Examples
    --------
    >>> secret = Secret("hunter2", origin="environment variable PROM_TOKEN")
    >>> print(secret, repr(secret), f"{secret}")
    ******** Secret(from environment variable PROM_TOKEN) ********
    """

    __slots__ = ("__read", "origin")

    def __init__(self, value: str, *, origin: str) -> None:
        self.origin = origin
        # A closure, so that walking attributes or the locals of a traceback shows no text.
        self.__read: Callable[[], str] = lambda: value

    def reveal(self) -> str:
        """The text itself; call it only where it goes on the wire."""
        return self.__read()

    def __repr__(self) -> str:
        return f"Secret(from {self.origin})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.__read())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(Secret)  # equal secrets may differ in origin, and a hash of the text could be tried out

    def __reduce__(self) -> NoReturn:
        raise InputError(
            f"a secret (from {self.origin}) cannot be pickled or copied.",
            fix="pass the profile's name instead; the other process reads the secret itself.",
        )


class MisplacedSecret(Secret):
    """A secret found as plain text in a file: hidden at once, so that refusing it does not show it."""

    __slots__ = ()


def read_secret(reference: object, *, key: str) -> Secret:
    """Resolve a secret's reference as it stands in `obslib.toml`.

    Parameters
    ----------
    reference
        `{env = "NAME"}`, `{keyring = "service/user"}` or `{file = "path"}`.
    key
        Which setting it is for, for error texts.

    Raises
    ------
    InputError
        If the reference is plain text, or leads to nothing.
    """
    if not isinstance(reference, Mapping) or len(reference) != 1:
        raise InputError(
            f"{key} must be a reference to a secret, not the secret itself.",
            fix=f'write {key} = {{env = "NAME"}}, {{file = "path"}} or {{keyring = "service/user"}}.',
        )
    kind, where = next(iter(reference.items()))
    readers = {"env": _from_environment, "file": _from_file, "keyring": _from_keyring}
    if kind not in readers:
        raise InputError(
            f"{key} refers to {kind!r}, which is not a place for secrets.", fix="use env, file or keyring."
        )
    return readers[kind](str(where), key)


def _from_environment(name: str, key: str) -> Secret:
    if name not in os.environ:
        raise InputError(
            f"{key} is to be read from the environment variable {name}, which is not set.",
            fix=f"export {name}=... before starting.",
        )
    return Secret(os.environ[name], origin=f"environment variable {name}")


def _from_file(name: str, key: str) -> Secret:
    path = Path(name).expanduser()
    try:
        return Secret(path.read_text("utf-8").rstrip("\r\n"), origin=f"file {name}")
    except OSError as error:
        raise InputError(
            f"{key} is to be read from the file {name}: {error.strerror}.",
            fix="create the file, readable by you alone.",
        ) from error
    except UnicodeDecodeError:  # holds the file's bytes, so it is not kept as the cause
        problem = f"{key} is to be read from the file {name}, which is not text."
    raise InputError(problem, fix="store the secret as UTF-8.")


def _from_keyring(name: str, key: str) -> Secret:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise MissingDependencyError("keyring", extra="keyring") from error
    service, _, user = name.partition("/")
    try:
        value = keyring.get_password(service, user)
    except KeyringError as error:
        raise InputError(
            f"{key} is to be read from the keyring, which cannot be used here: {error}",
            fix='unlock it, or use {env = "NAME"} or {file = "path"} on machines without one.',
        ) from error
    if value is None:
        raise InputError(
            f"{key} is to be read from the keyring, which has no entry {name!r}.", fix=f"keyring set {service} {user}"
        )
    return Secret(value, origin=f"keyring {name}")
