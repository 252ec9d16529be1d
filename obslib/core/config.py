"""Profiles: which source answers which signal. From `obslib.toml`, overridden by the environment.

Files: `obslib.toml` in the working directory or the nearest parent, then `obslib.toml` in the user's
configuration folder. A profile found in the first is not looked up in the second.

    default = "prod"                       # what connect() means; without it, the demo

    [profiles.laptop]                      # one source for every signal
    source = "store"
    path = "telemetry"
    retention = "metrics 90d, logs 14d, traces 7d"

    [profiles.prod.metrics]                # or one per signal
    source = "prometheus"
    url = "https://prometheus.example.com"
    token = {env = "PROM_TOKEN"}           # also {file = "path"}, {keyring = "service/user"}

`OBSLIB_<PROFILE>_<KEY>` sets or overrides a key, `OBSLIB_<PROFILE>_<SIGNAL>_<KEY>` one of a signal.
Relative paths in a file count from its folder, those in variables and addresses from the working directory.
A secret as plain text in a file is refused, and so is a password inside a URL.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from obslib.core.errors import InputError, nearest
from obslib.core.secrets import MisplacedSecret, Secret, read_secret

SIGNALS = ("metrics", "logs", "traces", "events")
SECRET_KEYS = frozenset({"token", "password", "api_key", "app_key", "secret_key"})
PATH_KEYS = frozenset({"path", "ca_file"})
PROFILE_KEYS = frozenset({"now", "scrape_interval"})
DEMO = "demo"
FILE_NAME = "obslib.toml"
_FILE_KEYS = ("default", "profiles")
_PASSWORD_IN_URL = re.compile(r"://[^/?#\s]*:[^/?#\s]*@")


@dataclass(frozen=True)
class Binding:
    """A source by its entry-point name, with its settings; secrets among them are `Secret`s."""

    source: str
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """A named set of bindings, one per signal at most. `now` fixes the clock of archived data."""

    name: str
    signals: Mapping[str, Binding]
    options: Mapping[str, object] = field(default_factory=dict)
    origin: str = ""


def load_profile(name: str | None = None, *, folder: Path | None = None) -> Profile:
    """Read one profile; without a name, the default one (the demo where nothing is configured).

    Raises
    ------
    InputError
        If no such profile exists, a file is not TOML, or a key is wrong: names file, key and fix.
    """
    files = _read_files(folder)
    wanted = name or os.environ.get("OBSLIB_PROFILE") or _default(files) or DEMO
    known = _names(files)
    for path, content in files:
        profiles = _table(content.get("profiles", {}), "profiles", path)
        if wanted in profiles:
            table = _anchored(_table(profiles[wanted], f"profiles.{wanted}", path), path.parent)
            return _profile(wanted, table, str(path), _environment(wanted, known))
    if wanted == DEMO:
        return _profile(DEMO, {"source": DEMO}, "built in", _environment(DEMO, known))
    from_environment = _environment(wanted, known)
    if from_environment.keys() & {"source", *(f"{signal}_source" for signal in SIGNALS)}:
        return _profile(wanted, {}, "environment", from_environment)
    raise InputError(
        f"there is no profile {wanted!r}.",
        fix=f"add [profiles.{wanted}] to {FILE_NAME}; {nearest(wanted, known)}",
    )


def profile_names(*, folder: Path | None = None) -> list[str]:
    """Every profile of both files, and the demo."""
    return _names(_read_files(folder))


def parse_address(address: str) -> Profile | None:
    """A profile from an address like `"prometheus+https://host"` or `"store:path"`; None if it is none.

    Raises
    ------
    InputError
        If it holds a password: addresses stand in notebooks, and those are shared.
    """
    if "://" in address:
        scheme, _, rest = address.partition("://")
        source, plus, transport = scheme.partition("+")
        settings = {"url": f"{transport}://{rest}"} if plus else {"path": rest}
    elif address.startswith("store:"):
        source, settings = "store", {"path": address.removeprefix("store:")}
    else:
        return None
    binding = _binding("the address", {"source": source, **_hide(settings, "address")}, "connect()")
    return Profile(source, MappingProxyType(dict.fromkeys(SIGNALS, binding)), origin="address")


def known_keys(settings: Mapping[str, object], known: Iterable[str], *, source: str) -> None:
    """Refuse settings that a source does not have, so that a mistyped one is not passed over.

    Raises
    ------
    InputError
        If a key of `settings` is none of `known`: offers the nearest of them and of the profile's own keys.
    """
    known = set(known)
    for key in settings:
        if key not in known:
            own = key in PROFILE_KEYS
            fix = "set it for the whole profile, not for one signal." if own else nearest(key, known | PROFILE_KEYS)
            raise InputError(f"the source {source} has no setting {key!r}.", fix=fix)


def user_folder() -> Path:
    """Where the user's `obslib.toml` lies."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "obslib"


def data_folder() -> Path:
    """Where obslib keeps what it can make again (the demo's store): `OBSLIB_HOME` or the user's cache."""
    if home := os.environ.get("OBSLIB_HOME"):
        return Path(home).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "obslib"


def _read_files(folder: Path | None) -> list[tuple[Path, Mapping[str, object]]]:
    start = (folder or Path.cwd()).absolute()
    project = next((up / FILE_NAME for up in (start, *start.parents) if (up / FILE_NAME).is_file()), None)
    paths = [path for path in (project, user_folder() / FILE_NAME) if path is not None and path.is_file()]
    return [(path, _read_toml(path)) for path in dict.fromkeys(paths)]


def _read_toml(path: Path) -> Mapping[str, object]:
    try:
        content = _hide(tomllib.loads(path.read_text("utf-8")), str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Without its traceback: the parser's frames hold the whole file, also what should not be in it.
        cause = error.with_traceback(None)
        raise InputError(f"{path} is not valid TOML: {_where(error)}.", fix="mend the line it names.") from cause
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions.") from error
    for key in content:
        if key not in _FILE_KEYS:
            raise InputError(f"{path}: there is no setting {key!r}.", fix=nearest(key, _FILE_KEYS))
    return content


def _where(error: tomllib.TOMLDecodeError | UnicodeDecodeError) -> str:
    """The fault and its place, without the text around it."""
    return f"no UTF-8 at byte {error.start}" if isinstance(error, UnicodeDecodeError) else error.args[0]


def _hide(table: Mapping[str, object], origin: str) -> dict[str, object]:
    """The same, with plain-text secrets out of sight from here on: no error or traceback can show them."""
    return {key: _hidden(key, value, origin) for key, value in table.items()}


def _hidden(key: str, value: object, origin: str) -> object:
    if isinstance(value, Mapping):
        return _hide(value, origin)
    if isinstance(value, list):
        return [_hidden(key, item, origin) for item in value]
    is_secret = key in SECRET_KEYS or (isinstance(value, str) and _PASSWORD_IN_URL.search(value))
    return MisplacedSecret(str(value), origin=origin) if is_secret else value


def _anchored(table: Mapping[str, object], folder: Path) -> dict[str, object]:
    """A profile's table, or one of a signal in it, with its relative paths counted from the file's folder."""
    return {key: _anchored_value(key, value, folder) for key, value in table.items()}


def _anchored_value(key: str, value: object, folder: Path) -> object:
    if isinstance(value, Mapping):
        if key in SIGNALS:
            return _anchored(value, folder)
        if key in SECRET_KEYS:
            return {kind: _anchored_path(where, folder) if kind == "file" else where for kind, where in value.items()}
    return _anchored_path(value, folder) if key in PATH_KEYS else value


def _anchored_path(value: object, folder: Path) -> object:
    return str(folder / Path(value).expanduser()) if isinstance(value, str) and value else value


def _names(files: list[tuple[Path, Mapping[str, object]]]) -> list[str]:
    found = [_table(content.get("profiles", {}), "profiles", path) for path, content in files]
    return sorted({DEMO}.union(*found))


def _default(files: list[tuple[Path, Mapping[str, object]]]) -> str | None:
    for path, content in files:
        if "default" in content:
            if not isinstance(content["default"], str):
                raise InputError(f"{path}: default must be a profile's name.", fix='for example default = "prod".')
            return content["default"]
    return None


def _profile(name: str, table: Mapping[str, object], origin: str, override: Mapping[str, object]) -> Profile:
    common: dict[str, object] = {key: value for key, value in table.items() if key not in SIGNALS}
    own = {signal: dict(_table(table.get(signal, {}), f"profiles.{name}.{signal}", origin)) for signal in SIGNALS}
    for key, value in override.items():
        signal, short = _split_key(key)
        (common if signal is None else own[signal])[short] = value
    options = {key: common.pop(key) for key in PROFILE_KEYS & common.keys()}
    signals = {
        signal: _binding(f"profiles.{name}.{signal}", {**common, **settings}, origin)
        for signal, settings in own.items()
        if settings or "source" in common
    }
    if not signals:
        raise InputError(
            f"{origin}: profile {name!r} names no source.",
            fix=f'add source = "..." to [profiles.{name}] or to [profiles.{name}.metrics].',
        )
    return Profile(name, MappingProxyType(signals), MappingProxyType(options), origin)


def _binding(key: str, settings: dict[str, object], origin: str) -> Binding:
    source = settings.pop("source", None)
    if not isinstance(source, str):
        raise InputError(f"{origin}: {key} has no source.", fix='add source = "prometheus", "store", ...')
    return Binding(source, MappingProxyType({name: _setting(key, name, value) for name, value in settings.items()}))


def _setting(key: str, name: str, value: object) -> object:
    """One setting of a source; references to secrets become the secrets they lead to."""
    if name in SECRET_KEYS:
        return value if type(value) is Secret else read_secret(value, key=f"{key}.{name}")
    if isinstance(value, MisplacedSecret):
        raise InputError(
            f"{key}: {name} (from {value.origin}) has a password in its URL.",
            fix='leave it out, and set user and password in a profile: password = {env = "NAME"}.',
        )
    return value


def _environment(profile: str, known: Sequence[str]) -> dict[str, object]:
    """Settings of a profile in the environment by key; secrets are hidden as soon as they are read.

    `OBSLIB_PROD_EU_URL` is the `url` of a profile `prod_eu` if there is one, else the `eu_url` of `prod`.
    """
    prefix = f"OBSLIB_{_upper(profile)}_"
    others = tuple(f"OBSLIB_{_upper(name)}_" for name in known if _upper(name).startswith(_upper(profile) + "_"))
    keys = [key for key in os.environ if key.startswith(prefix) and not (others and key.startswith(others))]
    return {key.removeprefix(prefix).lower(): _variable(key, key.removeprefix(prefix).lower()) for key in keys}


def _variable(name: str, key: str) -> object:
    origin = f"environment variable {name}"
    if _split_key(key)[1] in SECRET_KEYS:
        return Secret(os.environ[name], origin=origin)
    return _hidden(key, os.environ[name], origin)


def _split_key(key: str) -> tuple[str | None, str]:
    signal = next((signal for signal in SIGNALS if key.startswith(f"{signal}_")), None)
    return signal, key if signal is None else key.removeprefix(f"{signal}_")


def _upper(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()


def _table(value: object, key: str, origin: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InputError(f"{origin}: {key} must be a table.", fix=f"write [{key}] and its keys below it.")
    return value
