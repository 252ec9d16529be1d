"""The embedded store and the demo platform as sources of a profile."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from hashlib import blake2b
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import TypeVar

from obslib.core.config import data_folder, known_keys
from obslib.core.errors import InputError
from obslib.store.manifest import locked
from obslib.store.source import StoreSource
from obslib.store.store import Store

NOW = "now"
Progress = Callable[[str], None]
N = TypeVar("N", int, float)


def store_source(settings: Mapping[str, object]) -> StoreSource:
    """A store by its directory: `path`, and optionally `retention`, which appends then apply."""
    known_keys(settings, {"path", "retention"}, source="store")
    path = settings.get("path")
    if not isinstance(path, str):
        raise InputError(
            "a store needs its directory.", fix='add path = "telemetry" to the profile, or connect("store:telemetry").'
        )
    store = Store.open(path)
    if retention := settings.get("retention"):
        store.remember_retention(str(retention))
    return StoreSource(store)


def demo_source(settings: Mapping[str, object]) -> StoreSource:
    """The demo platform, made at first use; `scale`, `days` and `seed` make another one."""
    known_keys(settings, {"scale", "days", "seed"}, source="demo")
    path = demo_store_path(
        scale=_number(settings, "scale", 1.0),
        days=_number(settings, "days", 35),
        seed=_number(settings, "seed", 7),
        progress=_say,
    )
    return StoreSource(Store.open(path), kind="demo")


def _number(settings: Mapping[str, object], key: str, default: N) -> N:
    """A number of the same type as its default, also where the environment gave it as text."""
    value = settings.get(key, default)
    try:
        number = type(default)(str(value))
    except ValueError:
        number = None
    if number is None or not isfinite(number):
        kind = "whole number" if isinstance(default, int) else "number"
        raise InputError(f"{key} must be a {kind}, got {value!r}.", fix=f"for example {key} = {default}.")
    return number


def demo_store_path(*, scale: float = 1.0, days: int = 35, seed: int = 7, progress: Progress | None = None) -> Path:
    """Where the demo's store lies, built first if it is not there.

    It is built beside its place and moved there whole, so an interrupted build leaves nothing; a
    second process that wants it meanwhile waits.

    Parameters
    ----------
    scale, days, seed
        As for `obslib.demo.generate`.
    progress
        Called with a line of text when a build starts and ends.
    """
    path = data_folder() / f"demo-{_fingerprint()}-seed{seed}-scale{scale:g}-days{days}"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(f"{path.name}.lock")):  # of several notebooks started at once, one builds
        if not path.exists():
            _build(path, scale, days, seed, progress or (lambda _: None))
    return path


def _build(path: Path, scale: float, days: int, seed: int, say: Progress) -> None:
    from obslib import demo  # the generator is needed only here

    say(f"making the demo platform's telemetry ({days} days, about a minute) in {path} ...")
    building = path.with_name(f"{path.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    store = Store.create(building)
    for batch in demo.generate(seed=seed, scale=scale, days=days):
        store.append(batch)
    store.set_property(NOW, demo.NOW.isoformat())
    building.replace(path)
    held = ", ".join(f"{one.rows:,} {one.signal}" for one in Store.open(path).info() if one.rows)
    say(f"made {held}.")


def _fingerprint() -> str:
    """Changes with the generator's code, so that an old demo is never mistaken for the present one."""
    digest = blake2b(digest_size=4)
    generator = Path(str(files("obslib") / "demo"))
    for part in sorted(path for path in generator.rglob("*") if path.suffix in {".py", ".toml"}):
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(f"obslib: {text}\n")
