"""Which calls of drawn traces write a template's line, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from obslib.demo.calls import SERVER
from obslib.demo.clock import Flags, Ints
from obslib.demo.logs.template import Template
from obslib.demo.traces import RouteTraces

SLOW_NS = 10**9


@dataclass(frozen=True)
class Moments:
    """Calls of one route, at column `me`, that write a line: `which` are the rows of the traces."""

    me: int
    which: Ints


def moments(traces: RouteTraces, template: Template, rng: np.random.Generator) -> list[Moments]:
    """Every call of the route that writes the template's line."""
    if template.on is None:
        return []
    name, moment = template.on
    found = []
    for me, call in enumerate(traces.route.nodes):
        matches = call.name == name or (name == "*" and call.kind == SERVER)
        if call.service != template.service or not matches:
            continue
        writes = traces.alive[:, me] & _writes(traces, me, moment)
        if template.share < 1.0:
            writes &= rng.random(traces.size) < template.share
        which = np.flatnonzero(writes)
        if len(which):
            found.append(Moments(me, which))
    return found


def _writes(traces: RouteTraces, me: int, moment: str) -> Flags:
    failed, broken, code = traces.failed[:, me], traces.broken[:, me], traces.code[:, me]
    refused = (code >= 400) & (code < 500)
    good: Flags = ~failed & ~refused
    if moment in {"hit", "miss"}:
        missed = _missed(traces, me)
        return good & (missed if moment == "miss" else ~missed)
    cases = {
        "any": np.ones(traces.size, dtype=bool),
        "good": good,
        "refused": refused,
        "failed": failed,
        "broken": broken,
        "downstream": failed & ~broken,
        "slow": traces.duration[:, me] > SLOW_NS,
    }
    return np.asarray(cases[moment])


def _missed(traces: RouteTraces, me: int) -> Flags:
    below = [child for child in traces.route.children[me] if traces.route.nodes[child].on == "miss"]
    return np.asarray(traces.alive[:, below].any(axis=1))
