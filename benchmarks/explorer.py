"""Each step of the metrics explorer on the demo: the query, the labels, the figure and its JSON.

    python -m benchmarks.explorer

Goal: the median of each step <= 0.5 s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

from obslib.widgets.metrics_explorer import MetricsExplorer
from obslib.workspace import connect

GOAL, ROUNDS = 0.5, 5
BUCKETS = "http_server_request_duration_seconds_bucket"


def main() -> int:
    """Measure and print; 1 if the goal is missed."""
    explorer = MetricsExplorer(connect("demo"))
    explorer.choose("up")  # what loads at first use is no interaction
    worst = 0.0
    for name, step in _steps(explorer).items():
        seconds = median(_seconds(step, round_) for round_ in range(ROUNDS))
        worst = max(worst, seconds)
        print(f"{name:<34} {seconds:.3f} s")
    print(f"slowest step {worst:.3f} s (goal <= {GOAL:g} s)")
    return 0 if worst <= GOAL else 1


def _steps(explorer: MetricsExplorer) -> dict[str, Callable[[int], None]]:
    """What a user does, in order; the number makes each round a change."""
    state = explorer.state
    do = explorer._step  # noqa: SLF001 - what every control calls
    words = ("request duration", "memory bytes")

    def search(round_: int) -> None:
        explorer._words.value = words[round_ % 2]  # noqa: SLF001 - the search box

    return {
        "search, five thumbnails": search,
        "choose a counter": lambda _: explorer.choose("http_requests_total"),
        "choose a gauge": lambda _: explorer.choose("node_memory_MemAvailable_bytes"),
        "choose a histogram": lambda _: explorer.choose(BUCKETS),
        "another quantile": lambda n: do(lambda: state.view(("p50", "p99")[n % 2])),
        "split by service": lambda n: do(lambda: state.split(["service", "route"][: 1 + n % 2])),
        "compare with last week": lambda _: do(lambda: state.compare(wanted=True)),
        "drill down": lambda n: do(lambda: state.drill("service", ("catalog", "auth")[n % 2])),
        "distribution": lambda _: do(lambda: state.view("distribution")),
        "last 24 hours": lambda _: do(lambda: state.look_back("24h")),
    }


def _seconds(step: Callable[[int], None], round_: int) -> float:
    begin = time.perf_counter()
    step(round_)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
