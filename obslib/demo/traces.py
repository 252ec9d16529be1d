"""Traces drawn from the model, a whole route's requests at a time: requests x calls matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from obslib.demo.calls import REPEATS_MEAN, SERVER, SPREAD, Route
from obslib.demo.clock import NOW, Flags, Floats, Ints
from obslib.demo.endpoints import WAIT_SHAPE
from obslib.demo.ids import zipf
from obslib.demo.model import Level, queue_key
from obslib.demo.people import PRODUCTS, USERS, intruders
from obslib.demo.platform import Platform
from obslib.demo.routes import ROUTES
from obslib.demo.topology import BY_NAME, NODES

SAMPLING = 0.0168
"""Share of the requests that are traced (decided at the head, so errors are not favoured)."""
ATTACKED = {"log in": "attacker", "search": "scanner"}
"""Routes that intruders use, and which of `obslib.demo.people.HOSTILE` they are."""
QUEUE_SECONDS = {"scrape": 0.9, "notify": 0.5}
BACK_OFF = 0.05


@dataclass(frozen=True)
class RouteTraces:
    """Traced requests of one route: `n` of them, each with up to `k` calls (columns as `route.nodes`).

    `start` and `duration` are true nanoseconds (no clock's skew in them); `code` is the HTTP status
    of server spans; `broken` marks calls that failed by themselves, `failed` also through a callee.
    `client` is who sent the request (see `obslib.demo.people`), `user` whom it is about.
    """

    route: Route
    minute: Floats
    alive: Flags
    start: Ints
    duration: Ints
    broken: Flags
    failed: Flags
    code: npt.NDArray[np.int16]
    pod: Ints
    product: Ints
    user: Ints
    client: Ints

    @property
    def size(self) -> int:
        """Number of traces."""
        return len(self.minute)


def draw_traces(platform: Platform, lo: int, hi: int, *, purpose: str, share: float) -> list[RouteTraces]:
    """A `share` of the requests that arrive in minutes `lo` to `hi`, by route; routes without any are left out.

    Draws of different `purpose` are different requests.
    """
    found = []
    for route in ROUTES:
        rng = platform.rng(purpose, route.name, lo)
        expected = platform.model.rates[route.name][lo:hi] * 60.0 * share * platform.scale
        counts = rng.poisson(expected)
        minute = np.repeat(np.arange(lo, hi), counts) + rng.random(counts.sum())
        if len(minute):
            found.append(_Sampler(platform, route, np.sort(minute), rng).draw())
    return found


class _Sampler:
    """Draws one route's requests: first what runs and how long it takes, then when."""

    def __init__(self, platform: Platform, route: Route, minute: Floats, rng: np.random.Generator) -> None:
        self.platform, self.model, self.route, self.minute, self.rng = platform, platform.model, route, minute, rng
        self.whole = minute.astype(np.int64)
        shape = (len(minute), len(route.nodes))
        self.alive, self.broken, self.failed = (np.zeros(shape, dtype=bool) for _ in range(3))
        self.own, self.took, self.start = (np.zeros(shape) for _ in range(3))
        self.missed = rng.random(shape[0]) < self._at(self.model.miss(route))
        self.refused = rng.random(shape[0]) < self._at(self.model.refused(route))
        self.rounds = rng.poisson(REPEATS_MEAN, shape[0])
        self.refuser, self.path = route.refuser, route.refusing_path
        involved = {call.service for call in route.nodes} | {call.part for call in route.nodes} & set(BY_NAME)
        self.pods = {service: self._choose_pods(service) for service in sorted(involved)}

    def draw(self) -> RouteTraces:
        """All matrices of the route."""
        self._run(0, np.ones(len(self.minute), dtype=bool))
        self._place(0, np.zeros(len(self.minute)))
        arrival = self.platform.grid.nanoseconds(self.minute)
        start = arrival[:, None] + np.rint(self.start * 1e6).astype(np.int64) * 1_000
        user = zipf(self.rng, len(self.minute), USERS, 0.6)
        pods = np.stack([self.pods[call.service] for call in self.route.nodes], axis=1)
        return RouteTraces(
            self.route, self.minute, self.alive & (start < NOW.value), start,
            np.maximum(np.rint(self.took * 1e6).astype(np.int64), 20) * 1_000,
            self.broken, self.failed, self._codes(), pods,
            zipf(self.rng, len(self.minute), PRODUCTS), user, self._clients(user),
        )  # fmt: skip

    def _clients(self, user: Ints) -> Ints:
        """Who sends each request: the user, or in attacks an intruder."""
        excess = self.platform.knobs.amount("refused", self.route.name)
        if isinstance(excess, float) or self.route.name not in ATTACKED:
            return user
        hostile = excess / (excess + self.route.refused)
        attack = self.refused & (self.rng.random(len(user)) < self._at(hostile))
        draws = self.rng.integers(0, 1 << 30, len(user))
        return np.where(attack, intruders(ATTACKED[self.route.name], draws), user)

    def _at(self, level: Level) -> Floats | float:
        return level[self.whole] if isinstance(level, np.ndarray) else level

    def _choose_pods(self, service: str) -> Ints:
        slot = self.rng.integers(0, BY_NAME[service].replicas, len(self.minute))
        return self.platform.fleet.running(service, slot, self.minute)

    def _node_slowness(self, service: str) -> Floats:
        """How much the node of the chosen pod slows it, per request."""
        home = np.array([NODES.index(pod.node) for pod in self.platform.fleet.pods])[self.pods[service]]
        factor = np.ones(len(self.minute))
        for number, node in enumerate(NODES):
            level = self._at(self.platform.knobs.factor("slow", f"node:{node.name}"))
            factor = np.where(home == number, level, factor)
        return factor

    def _own_time(self, me: int) -> Floats:
        call, size = self.route.nodes[me], len(self.minute)
        own = call.ms / 1e3 * self._at(self.model.slowness(call)) * np.exp(self.rng.normal(0.0, SPREAD, size))
        if call.part in BY_NAME:
            own = own * self._node_slowness(call.part)
        wait = self._at(self.model.waiting(call))
        return own if np.ndim(wait) == 0 else own + wait * self.rng.gamma(WAIT_SHAPE, 1.0 / WAIT_SHAPE, size)

    def _run(self, me: int, alive: Flags) -> None:
        """Decide what runs below `me`, what fails and how long each takes."""
        call = self.route.nodes[me]
        own = self._own_time(me)
        broken = alive & (self.rng.random(len(alive)) < self._at(self.model.failing(call.part)))
        running, failed, total, longest = alive & ~broken, broken.copy(), own, np.zeros(len(own))
        children = self.route.children[me]
        for place, child in enumerate(children):
            below = self.route.nodes[child]
            if below.on == "retry":
                runs = self.alive[:, children[place - 1]] & self.failed[:, children[place - 1]]
            else:
                runs = running & self._wanted(child)
            self._run(child, runs)
            took = np.where(runs, self.took[:, child] + (_back_off(place) if below.on == "retry" else 0.0), 0.0)
            if not below.detached:
                longest = np.maximum(longest, took)
                total = total + (0.0 if call.parallel else took)
                more = place + 1 < len(children) and self.route.nodes[children[place + 1]].on == "retry"
                if not more:
                    failed |= runs & self.failed[:, child]
                    running = running if call.parallel else running & ~failed
            if child in self.path:
                running = running & ~(self.refused & runs)
        self.alive[:, me], self.broken[:, me], self.failed[:, me] = alive, broken, failed
        self.own[:, me], self.took[:, me] = own, np.where(alive, total + (longest if call.parallel else 0.0), 0.0)

    def _wanted(self, me: int) -> Flags:
        """Whether a call is part of each request, given that its parent runs."""
        call = self.route.nodes[me]
        wanted = np.ones(len(self.minute), dtype=bool)
        if call.rank:
            return self.rounds >= call.rank
        if call.on == "miss":
            wanted = wanted & self.missed
        chance = self._at(self.model.chance(call))
        return wanted & (self.rng.random(len(wanted)) < chance) if np.min(chance) < 1.0 else wanted

    def _place(self, me: int, start: Floats) -> None:
        """Decide when `me` and all below it start, in seconds after the request's arrival."""
        call = self.route.nodes[me]
        self.start[:, me] = start
        cursor = start + self.own[:, me] * 0.5
        for place, child in enumerate(self.route.children[me]):
            below = self.route.nodes[child]
            if below.detached:
                self._place(child, start + self.took[:, me] + self._queued(child))
                continue
            if below.on == "retry":
                cursor = cursor + _back_off(place)
            self._place(child, cursor)
            if not call.parallel:
                cursor = cursor + self.took[:, child]

    def _queued(self, me: int) -> Floats:
        """Seconds that tasks wait in the queue before the consumer `me` begins them."""
        key = queue_key(self.route.nodes[me])
        usual = self.rng.exponential(QUEUE_SECONDS[key.removeprefix("queue:")], len(self.minute))
        return usual + self._at(self.platform.knobs.amount("wait", key))

    def _codes(self) -> npt.NDArray[np.int16]:
        """HTTP status of every server span, 0 for other kinds."""
        codes = np.zeros(self.alive.shape, dtype=np.int16)
        for me, call in enumerate(self.route.nodes):
            if call.kind == SERVER:
                answers = self.route.code(me, failed=True), self.route.code(me, failed=False)
                codes[:, me] = np.where(self.failed[:, me], *answers)
                if me in self.path:
                    answered = self.refused & self.alive[:, self.refuser] & ~self.failed[:, me]
                    codes[answered, me] = self.route.refused_code
        return codes


def _back_off(place: int) -> float:
    return BACK_OFF * 2.0 ** (place - 1)
