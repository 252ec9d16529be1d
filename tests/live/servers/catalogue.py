"""The servers that live tests run against: where each comes from and how it starts, on loopback only."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.servers.install import HERE, Debian, GoBuild, MavenJar, MavenProgram, Origin

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where one run of a server lives: its first port, and a folder of its own."""

    port: int
    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Write a configuration file, unless the test has put its own there."""
        path = self.folder / name
        if not path.exists():
            path.write_text(text, "utf-8")
        return path


@dataclass(frozen=True)
class Server:
    """One kind of server. It uses `ports` ports in a row; `ready` answers 200 once it can be used.

    CI gets those that are `in_ci` and fails without them; tests of the others run where they are present.
    """

    name: str
    origin: Origin
    command: Callable[[Place], list[str]]
    ready: str
    ports: int = 1
    in_ci: bool = False
    start_seconds: float = 30.0
    environment: Callable[[Place], Mapping[str, str]] = field(default=lambda _place: {})


PROMETHEUS3 = GoBuild(
    version="v0.316.0",
    packages=("github.com/prometheus/prometheus/cmd/prometheus", "github.com/prometheus/prometheus/cmd/promtool"),
    link_flags="-X github.com/prometheus/common/version.Version=3.16.0",
)

JAEGER = GoBuild(version="v1.76.0", packages=("github.com/jaegertracing/jaeger/cmd/jaeger",))
ZIPKIN = MavenJar("io.zipkin:zipkin-server:3.6.1:jar:exec", "zipkin-server-3.6.1-exec.jar")
ELASTICSEARCH8 = MavenProgram("elasticsearch8", HERE / "elasticsearch" / "pom.xml", profile="8", java=17)
ELASTICSEARCH9 = MavenProgram("elasticsearch9", HERE / "elasticsearch" / "pom.xml", profile="9", java=21)
_NETTY = "org.elasticsearch.transport.netty4.Netty4Plugin"
_XPACK = "org.elasticsearch.xpack.core.XPackPlugin"
_ESQL_CORE = "org.elasticsearch.xpack.esql.core.plugin.EsqlCorePlugin"
_ESQL = "org.elasticsearch.xpack.esql.plugin.EsqlPlugin"


def _prometheus(program: Callable[[], str]) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        config = place.write(
            "prometheus.yml",
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            "  - job_name: prometheus\n"
            f'    static_configs: [{{targets: ["{HOST}:{place.port}"]}}]\n',
        )
        return [
            program(),
            f"--config.file={config}",
            f"--storage.tsdb.path={place.folder / 'data'}",
            f"--web.listen-address={HOST}:{place.port}",
            "--web.enable-lifecycle",
            "--web.enable-admin-api",
            "--web.enable-remote-write-receiver",
        ]

    return command


def _victoria_metrics(place: Place) -> list[str]:
    """It keeps what is older than a month only if told to."""
    return [
        "victoria-metrics",
        f"-httpListenAddr={HOST}:{place.port}",
        f"-storageDataPath={place.folder / 'data'}",
        "-retentionPeriod=100y",
    ]


def _alertmanager(place: Place) -> list[str]:
    config = place.write("alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    return [
        "prometheus-alertmanager",
        f"--config.file={config}",
        f"--storage.path={place.folder / 'data'}",
        f"--web.listen-address={HOST}:{place.port}",
        "--cluster.listen-address=",  # no gossip, no second port
    ]


def _node_exporter(place: Place) -> list[str]:
    return ["prometheus-node-exporter", f"--web.listen-address={HOST}:{place.port}"]


def _jaeger(place: Place) -> list[str]:
    """Query API on the first port, then OTLP over HTTP, OTLP over gRPC, and the query API over gRPC.

    The default configuration would listen on every interface.
    """
    query, otlp_http, otlp_grpc, query_grpc = (f"{HOST}:{place.port + offset}" for offset in range(4))
    config = place.write(
        "jaeger.yaml",
        f"""
extensions:
  jaeger_storage: {{backends: {{main: {{memory: {{max_traces: 100000}}}}}}}}
  jaeger_query:
    storage: {{traces: main}}
    http: {{endpoint: "{query}"}}
    grpc: {{endpoint: "{query_grpc}"}}
receivers:
  otlp:
    protocols:
      http: {{endpoint: "{otlp_http}"}}
      grpc: {{endpoint: "{otlp_grpc}"}}
exporters:
  jaeger_storage_exporter: {{trace_storage: main}}
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
""",
    )
    return [str(JAEGER.programs()[0]), "--config", str(config)]


def _zipkin(_place: Place) -> list[str]:
    return ["java", "-Xmx512m", "-jar", str(ZIPKIN.path())]


def _zipkin_environment(place: Place) -> dict[str, str]:
    return {
        "ARMERIA_PORTS_0_IP": HOST,
        "ARMERIA_PORTS_0_PORT": str(place.port),
        "ARMERIA_PORTS_0_PROTOCOLS_0": "http",
    }


def _elasticsearch(program: MavenProgram, *plugins: str) -> Callable[[Place], list[str]]:
    """Search, aggregations, points in time and mappings; 8 has ES|QL too. No security, no scripts, no ingest."""

    def command(place: Place) -> list[str]:
        return [
            *program.command(),
            "-Xms512m",
            "-Xmx1g",
            f"-Des.path.home={place.folder}",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",  # answers in Arrow need it
            "--enable-native-access=ALL-UNNAMED",
            "org.elasticsearch.node.LoopbackNode",
            str(place.folder),
            str(place.port),
            *plugins,
        ]

    return command


_ALL = [
    Server(
        "prometheus",  # Debian's 2.42: window edges are those of Prometheus 2
        Debian("prometheus", "prometheus"),
        _prometheus(lambda: shutil.which("prometheus") or "prometheus"),
        ready="/-/ready",
        in_ci=True,
    ),
    Server(
        "prometheus3",
        PROMETHEUS3,
        _prometheus(lambda: str(PROMETHEUS3.programs()[0])),
        ready="/-/ready",
    ),
    Server(
        "victoria_metrics",
        Debian("victoria-metrics", "victoria-metrics"),
        _victoria_metrics,
        "/health",
        in_ci=True,
    ),
    Server("alertmanager", Debian("prometheus-alertmanager", "prometheus-alertmanager"), _alertmanager, "/-/ready"),
    Server(
        "node_exporter",
        Debian("prometheus-node-exporter", "prometheus-node-exporter"),
        _node_exporter,
        "/metrics",
        in_ci=True,
    ),
    Server(
        "elasticsearch8",
        ELASTICSEARCH8,
        _elasticsearch(ELASTICSEARCH8, _NETTY, _XPACK, _ESQL_CORE, _ESQL),
        "/_cluster/health",
        ports=2,
        start_seconds=180.0,
    ),
    Server(
        "elasticsearch9",
        ELASTICSEARCH9,
        _elasticsearch(ELASTICSEARCH9, _NETTY, _XPACK),
        "/_cluster/health",
        ports=2,
        start_seconds=180.0,
    ),
    Server("jaeger", JAEGER, _jaeger, "/api/services", ports=4),
    Server("zipkin", ZIPKIN, _zipkin, "/health", start_seconds=180.0, environment=_zipkin_environment),
]
SERVERS = {server.name: server for server in _ALL}
