"""The settings of a profile as a Prometheus source."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from obslib.core.config import known_keys
from obslib.core.errors import InputError
from obslib.core.secrets import Secret
from obslib.core.window import positive_duration
from obslib.sources._credentials import ANONYMOUS, Credentials
from obslib.sources._http import HttpClient
from obslib.sources._request import Limits
from obslib.sources.prometheus.source import PARALLEL, Prometheus

KEYS = ("url", "token", "username", "password", "headers", "ca_file", "timeout", "max_bytes", "parallel")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})


def prometheus_source(settings: Mapping[str, object]) -> Prometheus:
    """A Prometheus, or whatever speaks its HTTP API, from a profile's settings.

    Parameters
    ----------
    settings
        `url` (where `/api/v1/...` begins, for example `https://mimir.example.com/prometheus`);
        `token`, or `username` and `password`, as secrets; `headers` (a table, nothing secret:
        a tenant, for example); `ca_file`; `timeout` of a question (`"1m"`); `max_bytes` of one
        answer; `parallel` requests at most.

    Raises
    ------
    InputError
        If `url` is absent, or a setting is unknown or wrong.
    """
    known_keys(settings, KEYS, source="prometheus")
    url = settings.get("url")
    if not isinstance(url, str):
        raise InputError(
            "a Prometheus source needs its url.",
            fix='add url = "https://prometheus.example.com", or connect("prometheus+https://prometheus.example.com").',
        )
    limits = Limits(
        timeout=positive_duration(_duration(settings.get("timeout", Limits.timeout)), "timeout").total_seconds(),
        body_bytes=_count(settings, "max_bytes", Limits.body_bytes),
    )
    http = HttpClient(
        url,
        credentials=_credentials(settings),
        headers={**_encoding(url), **_headers(settings.get("headers", {}))},
        ca_file=str(settings.get("ca_file", "")),
        limits=limits,
    )
    return Prometheus(http, parallel=_count(settings, "parallel", PARALLEL), timeout=limits.timeout)


def _credentials(settings: Mapping[str, object]) -> Credentials:
    token, user, password = settings.get("token"), settings.get("username"), settings.get("password")
    if token is not None and (user is not None or password is not None):
        raise InputError("both a token and a user are set.", fix="keep the one that the server asks for.")
    if (user is None) != (password is None):
        raise InputError("username and password belong together.", fix="set both, or neither.")
    for key, value in (("token", token), ("password", password)):
        if value is not None and not isinstance(value, Secret):
            raise InputError(f"{key} must be a secret.", fix='write it as {env = "NAME"} in the profile.')
    if isinstance(token, Secret):
        return Credentials.bearer(token)
    return Credentials.basic(str(user), password) if isinstance(password, Secret) else ANONYMOUS


def _headers(headers: object) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise InputError("headers must be a table.", fix='write headers = {X-Scope-OrgID = "tenant"}.')
    for name in headers:
        if str(name).lower() in _SECRET_HEADERS:
            raise InputError(
                f"the header {name} holds a secret, which would be shown with the other headers.",
                fix='use token = {env = "NAME"}, or username and password.',
            )
    return {str(name): str(value) for name, value in headers.items()}


def _encoding(url: str) -> dict[str, str]:
    """No compression from a server on this machine: it costs more time than the bytes."""
    return {"Accept-Encoding": "identity"} if urlsplit(url).hostname in _LOOPBACK else {}


def _duration(value: object) -> str | float:
    """Seconds as a number, also where the environment gave it as text, or a duration."""
    text = str(value)
    return float(text) if text.replace(".", "", 1).isdecimal() else text


def _count(settings: Mapping[str, object], key: str, default: int) -> int:
    text = str(settings.get(key, default))
    if not text.isdecimal() or int(text) < 1:
        raise InputError(
            f"{key} must be a whole number above zero, got {text!r}.", fix=f"for example {key} = {default}."
        )
    return int(text)
