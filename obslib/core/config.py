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
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from obslib.core.errors import InputError, nearest
from obslib.core.secrets import Secret, read_secret

SIGNALS = ("metrics", "logs", "traces", "events")
SECRET_KEYS = frozenset({"token", "password", "api_key", "app_key", "secret_key"})
PROFILE_KEYS = frozenset({"now", "retention"})
DEMO = "demo"
FILE_NAME = "obslib.toml"


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
    for path, content in files:
        profiles = _table(content.get("profiles", {}), "profiles", path)
        if wanted in profiles:
            return _profile(wanted, _table(profiles[wanted], f"profiles.{wanted}", path), str(path))
    from_environment = _environment(wanted)
    if from_environment.get("source") or any(f"{signal}_source" in from_environment for signal in SIGNALS):
        return _profile(wanted, {}, "environment")
    if wanted == DEMO:
        return Profile(DEMO, MappingProxyType({signal: Binding(DEMO) for signal in SIGNALS}), origin="built in")
    raise InputError(
        f"there is no profile {wanted!r}.",
        fix=f"add [profiles.{wanted}] to {FILE_NAME}; {nearest(wanted, profile_names(folder=folder))}",
    )


def profile_names(*, folder: Path | None = None) -> list[str]:
    """Every profile of both files, and the demo."""
    names = {DEMO}
    for path, content in _read_files(folder):
        names |= set(_table(content.get("profiles", {}), "profiles", path))
    return sorted(names)


def parse_address(address: str) -> Profile | None:
    """A profile from an address like `"prometheus+https://host"` or `"store:path"`; None if it is none."""
    if "://" in address:
        scheme, _, rest = address.partition("://")
        source, plus, transport = scheme.partition("+")
        settings = {"url": f"{transport}://{rest}"} if plus else {"path": rest}
    elif address.startswith("store:"):
        source, settings = "store", {"path": address.removeprefix("store:")}
    else:
        return None
    binding = Binding(source, MappingProxyType(settings))
    return Profile(source, MappingProxyType(dict.fromkeys(SIGNALS, binding)), origin="address")


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
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not valid TOML: {error}.", fix="mend the line it names.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", fix="check its permissions.") from error


def _default(files: list[tuple[Path, Mapping[str, object]]]) -> str | None:
    for path, content in files:
        if "default" in content:
            if not isinstance(content["default"], str):
                raise InputError(f"{path}: default must be a profile's name.", fix='for example default = "prod".')
            return content["default"]
    return None


def _profile(name: str, table: Mapping[str, object], origin: str) -> Profile:
    override = _environment(name)
    common: dict[str, object] = {key: value for key, value in table.items() if key not in SIGNALS}
    own = {signal: dict(_table(table.get(signal, {}), f"profiles.{name}.{signal}", origin)) for signal in SIGNALS}
    for key, value in override.items():
        signal = next((s for s in SIGNALS if key.startswith(f"{s}_")), None)
        target, short = (common, key) if signal is None else (own[signal], key.removeprefix(f"{signal}_"))
        target[short] = (
            Secret(value, origin=f"environment variable OBSLIB_{_upper(name)}_{key.upper()}")
            if short in SECRET_KEYS
            else value
        )
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
    for name in SECRET_KEYS & settings.keys():
        if not isinstance(settings[name], Secret):
            settings[name] = read_secret(settings[name], key=f"{key}.{name}")
    return Binding(source, MappingProxyType(settings))


def _environment(profile: str) -> dict[str, str]:
    prefix = f"OBSLIB_{_upper(profile)}_"
    return {key.removeprefix(prefix).lower(): value for key, value in os.environ.items() if key.startswith(prefix)}


def _upper(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()


def _table(value: object, key: str, origin: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise InputError(f"{origin}: {key} must be a table.", fix=f"write [{key}] and its keys below it.")
    return value
