"""From a real Prometheus to a DataFrame: ours against prometheus-api-client, in one run.

    python -m benchmarks.fetch_prometheus [--scale 1.0] [--rounds 3]

A range query of 1,000 series x 1,440 points (1.44M), asked of a server on loopback that was loaded
with blocks by promtool. Each path runs in a process of its own: wall and CPU seconds, and how far
its peak memory lies above what it had before the question. "ours" ends in the metric frame that a
workspace returns; "ours, tidy" goes on to one row per point, which is what the peer returns.

Needs `prometheus` and `promtool` (Debian: apt-get install prometheus; anywhere with Go: python -m
tests.live.servers get prometheus3) and `pip install 'obslib[bench]'`. Exits 1 below the goal.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pandas as pd

from obslib.core.frames import tidy
from obslib.core.window import Window
from obslib.sources.prometheus import prometheus_source
from tests.live.servers import SERVERS, running
from tests.live.servers.catalogue import PROMETHEUS3

QUERY = "http_request_seconds"
START = 1_767_225_600
STEP = 60
POINTS = 1_440
FASTER, SMALLER = 8.0, 10.0
GET_THEM = (
    "prometheus or promtool is absent. To get both: apt-get install prometheus, "
    "or with Go: python -m tests.live.servers get prometheus3"
)
NO_SCRAPES = {"prometheus.yml": "global: {}\n"}
Total = tuple[int, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 if the goal is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fetch_prometheus", description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 1,000 series (default 1.0)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of this many runs (default 3)")
    parser.add_argument("--path", choices=PATHS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.path:
        print(json.dumps(measure(PATHS[options.path], options.url)))
        return 0
    server, promtool = programs()
    series = max(1, round(1_000 * options.scale))
    with tempfile.TemporaryDirectory(prefix="fetch-") as name:
        folder = Path(name)
        load(promtool, folder, series)
        with running(server, folder=folder, files=NO_SCRAPES) as prometheus:
            rounds = [run_all(prometheus.url) for _ in range(options.rounds)]
    return report(series, rounds)


def programs() -> tuple[str, str]:
    """The server's name in the catalogue, and promtool's path."""
    promtool = shutil.which("promtool")
    if promtool and SERVERS["prometheus"].origin.present():
        return "prometheus", promtool
    if PROMETHEUS3.present():
        return "prometheus3", str(PROMETHEUS3.programs()[1])
    sys.exit(GET_THEM)


def load(promtool: str, folder: Path, series: int) -> None:
    """Write random walks as OpenMetrics text, and make a server's data directory of it."""
    random = np.random.default_rng(1)
    text = folder / "samples.txt"
    with text.open("w", encoding="utf-8") as out:
        out.write(f"# TYPE {QUERY} gauge\n")
        for row in range(series):
            labels = f'job="api",instance="10.0.{row // 250}.{row % 250}:8080",service="service-{row % 20:02d}"'
            walk = 100 + np.cumsum(random.normal(size=POINTS))
            lines = [
                f'{QUERY}{{{labels},pod="pod-{row:05d}"}} {value:.4f} {START + STEP * at}\n'
                for at, value in enumerate(walk)
            ]
            out.writelines(lines)
        out.write("# EOF\n")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        sys.exit(f"promtool failed:\n{done.stderr}")
    text.unlink()


def ours(url: str, points: int) -> Total:
    """The metric frame of a workspace."""
    frame = fetch(url, points)
    return frame.size, float(np.nansum(frame.to_numpy()))


def ours_tidy(url: str, points: int) -> Total:
    """The same in long form, one row per point, labels categorical."""
    frame = tidy(fetch(url, points))
    return len(frame), float(frame["value"].sum())


def fetch(url: str, points: int) -> pd.DataFrame:
    """Our range query of the first `points` steps."""
    return prometheus_source({"url": url}).query_metrics(
        QUERY, Window(START, START + STEP * points), step=pd.Timedelta(STEP, "s")
    )


def peer(url: str, points: int) -> Total:
    """prometheus-api-client as its documentation shows it."""
    from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect

    start, end = (pd.Timestamp(START + STEP * at, unit="s").to_pydatetime() for at in (0, points - 1))
    utc = pd.Timestamp(0, tz="UTC").tzinfo
    answer = PrometheusConnect(url=url).custom_query_range(
        QUERY, start_time=start.replace(tzinfo=utc), end_time=end.replace(tzinfo=utc), step=str(STEP)
    )
    frame = MetricRangeDataFrame(answer)
    return len(frame), float(frame["value"].sum())


def download(url: str, points: int) -> Total:
    """Only the bytes, uncompressed: what no client can be faster than."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    asked = {"query": QUERY, "start": START, "end": START + STEP * (points - 1), "step": STEP}
    connection.request("GET", f"/api/v1/query_range?{urlencode(asked)}")
    with connection.getresponse() as response:
        size = sum(len(chunk) for chunk in iter(lambda: response.read(1 << 18), b""))
    return size, 0.0


PATHS: dict[str, Callable[[str, int], Total]] = {
    "download only": download,
    "ours": ours,
    "ours, tidy": ours_tidy,
    "prometheus-api-client": peer,
}


def measure(path: Callable[[str, int], Total], url: str) -> dict[str, float]:
    """One path in this process, after a small question has loaded all that it needs."""
    path(url, 2)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = memory("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    count, total = path(url, POINTS)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "mb": (memory("VmHWM") - before) / 1e6, "count": count, "total": total}


def memory(name: str) -> int:
    """A figure of this process' memory in bytes, from the kernel."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))


def run_all(url: str) -> dict[str, dict[str, float]]:
    """Every path once, each in a child process."""
    found = {}
    for name in PATHS:
        command = [sys.executable, "-m", "benchmarks.fetch_prometheus", "--path", name, "--url", url]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own arguments
        found[name] = json.loads(done.stdout)
        one = found[name]
        print(f"  {name:22} {one['wall']:6.2f} s wall {one['cpu']:6.2f} s CPU {one['mb']:7.1f} MB", flush=True)
    return found


def report(series: int, rounds: Sequence[dict[str, dict[str, float]]]) -> int:
    """Print the best of each path and the ratios; 0 if the goal is met."""
    best = {name: {key: min(one[name][key] for one in rounds) for key in rounds[0][name]} for name in PATHS}
    same = {f"{one['prometheus-api-client']['total']:.3f}" for one in rounds}
    same |= {f"{one[name]['total']:.3f}" for one in rounds for name in ("ours", "ours, tidy")}
    if len(same) > 1 or best["ours, tidy"]["count"] != series * POINTS:
        print(f"the paths disagree: {sorted(same)}")
        return 1
    slow, fast = best["prometheus-api-client"], best["ours, tidy"]
    print(f"{series:,} series x {POINTS:,} points, best of {len(rounds)} rounds:")
    for name, one in best.items():
        print(f"  {name:22} {one['wall']:6.2f} s wall {one['cpu']:6.2f} s CPU {one['mb']:7.1f} MB")
    faster, smaller = slow["wall"] / fast["wall"], slow["mb"] / fast["mb"]
    print(
        f"goal: >= {FASTER:.0f}x faster (wall) and <= 1/{SMALLER:.0f} of the extra memory, both to a tidy frame; "
        f"{faster:.1f}x ({slow['cpu'] / fast['cpu']:.1f}x in CPU) and 1/{smaller:.1f}"
    )
    return 0 if faster >= FASTER and smaller >= SMALLER else 1


if __name__ == "__main__":
    sys.exit(main())
