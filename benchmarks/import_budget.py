"""What `import obslib` costs: CPU seconds beyond the bare interpreter, and packages of a core install.

    python -m benchmarks.import_budget

Each figure is the least of several fresh interpreters: other load on the machine only adds. Exits 1
when a goal is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import distribution, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RUNS = 15
GOAL_SECONDS = 0.10
GOAL_PACKAGES = 30


def cpu_seconds(statement: str) -> float:
    """CPU time of a fresh interpreter that runs one statement (user and system)."""
    before = os.times()
    subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603 - our own interpreter
    after = os.times()
    return (after.children_user + after.children_system) - (before.children_user + before.children_system)


def import_cost(runs: int = RUNS) -> float:
    """CPU seconds of `import obslib` beyond the interpreter's own start."""
    statements = ("pass", "import obslib")
    least = [min(cpu_seconds(statement) for _ in range(runs)) for statement in statements]
    return least[1] - least[0]


def core_packages() -> list[str]:
    """Names of every package that `pip install obslib` brings here, obslib itself included."""
    found: set[str] = set()
    waiting = ["obslib"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        wanted = (Requirement(text) for text in requires(name) or ())
        waiting += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return sorted(distribution(name).metadata["Name"] for name in found)


def main() -> int:
    """Measure both, print goals and figures, and return the exit code."""
    packages = core_packages()
    print("core install:", ", ".join(packages))
    cost = import_cost()
    met = cost <= GOAL_SECONDS and len(packages) <= GOAL_PACKAGES
    print(
        f"{'ok' if met else 'MISSED'}: import obslib {cost:.3f} CPU s (goal <= {GOAL_SECONDS:.2f}), "
        f"core install {len(packages)} packages (goal <= {GOAL_PACKAGES})"
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
