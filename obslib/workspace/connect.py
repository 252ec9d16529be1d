"""`connect()`: from a profile's name or an address to a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

import pandas as pd

from obslib.core.config import Binding, Profile, load_profile, parse_address
from obslib.core.errors import InputError, MissingDependencyError, nearest
from obslib.core.window import parse_time
from obslib.workspace.workspace import Workspace

GROUP = "obslib.sources"
Settings = Mapping[str, object]


def connect(target: str | None = None) -> Workspace:
    """Open a profile, an address, or (with neither configured) the demo platform.

    Parameters
    ----------
    target
        A profile of `obslib.toml`; an address such as `"prometheus+https://host"` or
        `"store:telemetry"`; or nothing: `OBSLIB_PROFILE`, then `default` of `obslib.toml`, then
        `"demo"`. The demo's data is made at first use, which takes about a minute.

    Raises
    ------
    InputError
        If there is no such profile or source, or its settings are wrong.
    MissingDependencyError
        If the source needs a package that is not installed; says which extra brings it.

    Examples
    --------
    >>> ws = connect("demo")  # doctest: +SKIP
    >>> ws.metrics("up", last="1h")  # doctest: +SKIP
    """
    profile = (parse_address(target) if target else None) or load_profile(target)
    opened: dict[int, object] = {}
    sources: dict[str, object] = {}
    for signal, binding in profile.signals.items():
        if id(binding) not in opened:
            same = next((sources[s] for s in sources if profile.signals[s] == binding), None)
            opened[id(binding)] = same if same is not None else open_source(binding)
        sources[signal] = opened[id(binding)]
    return Workspace(profile, sources, _clock(profile, sources))


def open_source(binding: Binding) -> object:
    """Make the source a binding names; its class is imported now, not before."""
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if binding.source not in known:
        raise InputError(f"there is no source {binding.source!r}.", fix=nearest(binding.source, known))
    return _factory(known[binding.source])(binding.settings)


def available_sources() -> list[str]:
    """Names of every source that is registered, whether or not its package is installed."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def _factory(entry: EntryPoint) -> Callable[[Settings], object]:
    try:
        factory: Callable[[Settings], object] = entry.load()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("obslib"):
            raise
        raise MissingDependencyError(error.name, extra=entry.name) from error
    return factory


def _clock(profile: Profile, sources: Mapping[str, object]) -> Callable[[], pd.Timestamp]:
    """The profile's `now`, else the one that an archived store carries, else the real clock."""
    fixed = profile.options.get("now") or next(
        (source.fixed_now() for source in sources.values() if hasattr(source, "fixed_now") and source.fixed_now()), None
    )
    if fixed is None:
        return lambda: pd.Timestamp.now("UTC").as_unit("ns")
    moment = parse_time(str(fixed))
    return lambda: moment
