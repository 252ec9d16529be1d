"""What Freedom Fashion runs on: six machines, eleven services, and where their pods live."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30
MIB = 1 << 20
NAMESPACE = "shop"


@dataclass(frozen=True)
class Machine:
    """One node of the cluster. `skew` is how far its clock runs ahead, in seconds."""

    name: str
    address: str
    zone: str
    kind: str
    hourly_usd: float
    cores: int = 2
    memory: int = 8 * GIB
    disk: int = 100 * GIB
    skew: float = 0.0

    @property
    def instance(self) -> str:
        """Where its node_exporter listens."""
        return f"{self.address}:9100"


NODES = (
    Machine("ff-node-1", "10.20.0.11", "eu-central-1a", "t3.large", 0.0960),
    Machine("ff-node-2", "10.20.0.12", "eu-central-1a", "t3.large", 0.0960),
    Machine("ff-node-3", "10.20.0.13", "eu-central-1b", "t3.large", 0.0960),
    Machine("ff-node-4", "10.20.0.14", "eu-central-1b", "t3.large", 0.0960),
    Machine("ff-node-5", "10.20.0.15", "eu-central-1c", "m6i.large", 0.1150, disk=200 * GIB),
    Machine("ff-node-6", "10.20.0.16", "eu-central-1c", "t3.large", 0.0960, skew=0.042),
)


@dataclass(frozen=True)
class Service:
    """One deployable.

    `homes` are the nodes (by number, from 0) of its replicas; `cpu_ms` the processor time of one
    call; limits are per pod. `stateful` pods keep name and node.
    """

    name: str
    language: str
    homes: tuple[int, ...]
    cpu_ms: float
    cpu_limit: float
    memory_limit: int
    memory_base: int
    port: int
    major: str = "2"
    stateful: bool = False
    idle_cpu: float = 0.01

    @property
    def replicas(self) -> int:
        """How many pods run at once."""
        return len(self.homes)


SERVICES = (
    Service("web", "nginx", (0, 3), 1.2, 0.5, 256 * MIB, 64 * MIB, 8080, major="1"),
    Service("api-gateway", "go", (0, 2), 6.0, 1.0, 512 * MIB, 150 * MIB, 8081, major="4"),
    Service("catalog", "java", (1, 2), 9.0, 1.0, 1536 * MIB, 820 * MIB, 8082, major="7"),
    Service("price-tracker", "python", (1, 5), 14.0, 1.0, 768 * MIB, 310 * MIB, 8083, major="3"),
    Service("price-alerts", "python", (2,), 16.0, 1.0, 640 * MIB, 260 * MIB, 8084),
    Service("users", "go", (0,), 9.0, 0.5, 384 * MIB, 120 * MIB, 8085),
    Service("auth", "go", (3, 5), 16.0, 0.5, 256 * MIB, 90 * MIB, 8086),
    Service("notifications", "nodejs", (5,), 30.0, 0.5, 512 * MIB, 210 * MIB, 8087, major="1"),
    Service("scraper", "python", (1, 3, 5), 60.0, 1.0, 768 * MIB, 340 * MIB, 8088, major="5"),
    Service("postgresql", "c", (4,), 4.5, 1.5, 6 * GIB, 3 * GIB, 5432, major="16", stateful=True, idle_cpu=0.05),
    Service("redis", "c", (3,), 0.45, 0.5, GIB, 420 * MIB, 6379, major="7", stateful=True),
)
BY_NAME = {service.name: service for service in SERVICES}
NODE_NAMES = tuple(node.name for node in NODES)
