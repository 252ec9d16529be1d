"""One model of load and latency that metrics, logs and spans are all drawn from.

Per minute and in the mean: how often every call runs, how long it takes and how often it fails,
given the traffic, the incidents and how busy the services are. Callers feel their callees.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from obslib.demo.calls import NETWORK, SERVER, Call, Route, rank_probability
from obslib.demo.clock import Floats, Grid
from obslib.demo.knobs import Knobs
from obslib.demo.load import route_rates
from obslib.demo.routes import ROUTES
from obslib.demo.topology import BY_NAME, NODES, SERVICES

Level = Floats | float

USUAL_FAILURES = {"shop": 0.012, "mail": 0.004, "postgresql": 8e-5, "redis": 3e-5, NETWORK: 5e-5}
SERVICE_FAILURES = 1.5e-4


@dataclass
class Model:
    """The platform over a grid. Build it once with `Model.of(grid, knobs, seed)`."""

    grid: Grid
    knobs: Knobs
    rates: dict[str, Floats]
    cpu: dict[str, Floats] = field(default_factory=dict)
    busy: dict[str, Level] = field(default_factory=dict)
    calls: dict[str, Floats] = field(default_factory=dict)
    queries: dict[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, grid: Grid, knobs: Knobs, seed: int) -> Model:
        """Work out the load, then how busy it makes every service."""
        model = cls(grid, knobs, route_rates(grid, knobs, seed))
        model._count_calls()
        model._load_services()
        return model

    def miss(self, route: Route) -> Level:
        """Probability that a request of this route misses the cache."""
        if not route.miss:
            return 0.0
        return np.clip(route.miss + self.knobs.amount("miss", "cache"), 0.0, 0.98)

    def refused(self, route: Route) -> Level:
        """Probability that a request of this route is the client's fault."""
        return np.clip(route.refused + self.knobs.amount("refused", route.name), 0.0, 0.995)

    def failing(self, part: str) -> Level:
        """Probability that a call fails by itself (not because a callee does)."""
        usual = USUAL_FAILURES.get(part, SERVICE_FAILURES)
        return np.clip(usual + self.knobs.amount("fail", part), 0.0, 0.97)

    def slowness(self, call: Call) -> Level:
        """Factor on the call's own time, from its part's load and from incidents (nodes aside)."""
        factor = self.busy.get(call.part, 1.0) * self.knobs.factor("slow", call.part)
        return factor * self.knobs.factor("slow", f"{call.service} {call.route}") if call.route else factor

    def chance(self, call: Call) -> Level:
        """Probability that a call runs, given that its parent does and the cache aside."""
        usual = call.chance * (rank_probability(call.rank) if call.rank else 1.0)
        return usual * self.knobs.factor("chance", f"{call.service} {call.name}")

    def waiting(self, call: Call) -> Level:
        """Seconds a server waits for a database connection before it can work."""
        return self.knobs.amount("wait", f"pool:{call.service}") if call.kind == SERVER else 0.0

    def node_slowness(self, service: str) -> Level:
        """Mean over the service's homes of how much their node slows them."""
        homes = BY_NAME[service].homes
        return sum((self.knobs.factor("slow", f"node:{NODES[home].name}") for home in homes), 0.0) / len(homes)

    def reach(self, route: Route, *, missed: bool) -> list[Level]:
        """Probability that each call of the route runs at all, given the cache's answer."""
        alive: list[Level] = [1.0] * len(route.nodes)
        stays = 1.0 - self.refused(route)
        refuser = route.refuser
        for me, call in enumerate(route.nodes[1:], start=1):
            parent = route.parents[me]
            if call.on == "retry":
                first_try = route.elder(me)
                alive[me] = alive[first_try] * self.first_failure(route, first_try)
                continue
            here = alive[parent] * self.chance(call)
            if call.on == "miss":
                here = here if missed else 0.0
            if refuser and me > refuser and parent < refuser:
                here = here * stays
            alive[me] = here
        return alive

    def rate_of(self, route: Route, me: int, share: Level) -> Floats:
        """Calls per second at position `me`, `share` of the route's requests; later where a queue holds them."""
        rate = self.rates[route.name] * share
        for above in route.lineage(me):
            if route.nodes[above].detached:
                rate = dequeued(rate, self.knobs.amount("wait", queue_key(route.nodes[above])))
        return rate

    def first_failure(self, route: Route, me: int) -> Level:
        """Probability that a call fails through itself or anything it waits for (retries aside)."""
        works: Level = 1.0 - self.failing(route.nodes[me].part)
        for child in route.children[me]:
            call = route.nodes[child]
            if not call.detached and call.on == "always":
                works = works * (1.0 - self.chance(call) * self.first_failure(route, child))
        return 1.0 - works

    def _count_calls(self) -> None:
        zero = np.zeros(self.grid.size)
        self.calls = {service.name: zero.copy() for service in SERVICES}
        for route in ROUTES:
            miss = self.miss(route)
            hit, missed = self.reach(route, missed=False), self.reach(route, missed=True)
            for me, call in enumerate(route.nodes):
                rate = self.rate_of(route, me, hit[me] * (1.0 - miss) + missed[me] * miss)
                if call.part in BY_NAME:
                    self.calls[call.part] += rate
                summary = call.attributes.get("db.query.summary")
                if summary:
                    self.queries[str(summary)] = self.queries.get(str(summary), zero) + rate

    def _load_services(self) -> None:
        for service in SERVICES:
            cpu = self.calls[service.name] * service.cpu_ms / 1e3 + service.idle_cpu * service.replicas
            cpu = cpu * self.knobs.factor("cpu", service.name) + self.knobs.amount("level", f"cpu:{service.name}")
            used = np.clip(cpu / (service.cpu_limit * service.replicas), 0.0, 0.97)
            self.cpu[service.name] = used * service.cpu_limit * service.replicas
            self.busy[service.name] = 1.0 + used**3 / (1.0 - used)


def queue_key(call: Call) -> str:
    """The `wait` knob of the queue that a consumer span works off."""
    return f"queue:{call.attributes['messaging.destination.name']}"


def dequeued(rate: Floats, wait: Level) -> Floats:
    """The rate at which a queue's tasks are begun, given the rate they arrive and the seconds each waits."""
    if isinstance(wait, float):
        return rate
    begun = np.arange(len(rate)) + np.rint(wait / 60.0).astype(np.int64)
    return np.bincount(begun, weights=rate, minlength=len(rate))[: len(rate)].astype(np.float64)
