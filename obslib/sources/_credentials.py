"""Credentials of a backend: revealed on the wire and nowhere else, and taken out of every text."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from obslib.core.errors import InputError
from obslib.core.secrets import MASK, Secret

_USERINFO = re.compile(r"(?<=://)[^/\s@]+(?=@)")


@dataclass(frozen=True)
class _Part:
    header: str
    scheme: Literal["", "Bearer", "Basic"]
    user: str
    secret: Secret

    def value(self) -> str:
        if self.scheme == "Basic":
            return f"Basic {base64.b64encode(f'{self.user}:{self.secret.reveal()}'.encode()).decode()}"
        return f"{self.scheme} {self.secret.reveal()}".strip()


class Credentials:
    """Header values that prove who asks; combine with `|`. Empty ones are `ANONYMOUS`.

    Examples
    --------
    >>> token = Secret("hunter2", origin="environment variable PROM_TOKEN")
    >>> Credentials.bearer(token)
    Credentials(Authorization from environment variable PROM_TOKEN)
    >>> Credentials.bearer(token).redact("token hunter2 is not valid")
    'token ******** is not valid'
    """

    def __init__(self, *parts: _Part) -> None:
        self._parts = parts

    @classmethod
    def bearer(cls, token: Secret) -> Credentials:
        """`Authorization: Bearer ...`."""
        return cls(_Part("Authorization", "Bearer", "", _checked(token)))

    @classmethod
    def basic(cls, user: str, password: Secret) -> Credentials:
        """`Authorization: Basic ...` from a user name and a password."""
        return cls(_Part("Authorization", "Basic", user, password))

    @classmethod
    def header(cls, name: str, key: Secret) -> Credentials:
        """A vendor's own header, for example `X-API-Key`."""
        return cls(_Part(name, "", "", _checked(key)))

    def __or__(self, other: Credentials) -> Credentials:
        return Credentials(*self._parts, *other._parts)

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{part.header} from {part.secret.origin}' for part in self._parts)})"

    def reveal(self) -> Iterator[tuple[str, str]]:
        """Header names and values in clear, for the one place that writes them to a socket."""
        for part in self._parts:
            yield part.header, part.value()

    def for_proxy(self) -> Credentials:
        """The same, for the proxy on the way instead of the server behind it."""
        return Credentials(*(_Part("Proxy-Authorization", part.scheme, part.user, part.secret) for part in self._parts))

    def redact(self, text: str) -> str:
        """`text` without these credentials in any spelling, and without user info in its URLs."""
        for part in self._parts:
            for spelling in _spellings(part):
                text = text.replace(spelling, MASK)
        return redact_urls(text)


ANONYMOUS = Credentials()


def redact_urls(text: str) -> str:
    """Mask the user info of every URL in a text.

    >>> redact_urls("cannot reach https://ada:pw@example.com/api")
    'cannot reach https://********@example.com/api'
    """
    return _USERINFO.sub(MASK, text)


def without_query(url: str) -> str:
    """A URL for people: without its query, where some vendors want a key."""
    return redact_urls(url.partition("?")[0])


def split_userinfo(url: str) -> tuple[str, Credentials]:
    """A URL without its user info, and that as credentials."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    userinfo, at, host = authority.rpartition("@")
    if not at:
        return url, ANONYMOUS
    user, _, password = userinfo.partition(":")
    credentials = Credentials.basic(unquote(user), Secret(unquote(password), origin="the URL"))
    return f"{scheme}{separator}{host}{slash}{path}", credentials


def _spellings(part: _Part) -> list[str]:
    """Longest first, so that no half of one remains."""
    text = part.secret.reveal()
    forms = {text, quote(text, safe=""), quote(text), part.value().removeprefix(f"{part.scheme} ")}
    return sorted((form for form in forms if form), key=len, reverse=True)


def _checked(secret: Secret) -> Secret:
    """Refuse here what `http.client` would refuse later with the value in its message."""
    text = secret.reveal()
    if not text.isascii() or not text.isprintable() or not text.strip():
        raise InputError(
            f"the secret from {secret.origin} cannot be a header: it is empty or has characters that a header may not.",
            fix="look for a line break or a stray character in it.",
        )
    return secret
