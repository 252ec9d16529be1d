"""Get servers for the live tests, or list them.

python -m tests.live.servers get [NAME...]   make servers present (Debian packages need root); without names those of CI
python -m tests.live.servers list            which servers there are, and which are present
"""

from __future__ import annotations

import argparse
import sys

from tests.live.servers import SERVERS, UnavailableError


def main() -> int:
    """Run one command; 1 if a server could not be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.live.servers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    get = commands.add_parser("get", help="make servers present")
    get.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SERVERS)}; default: those of CI")
    commands.add_parser("list", help="which servers there are")
    given = parser.parse_args()
    if given.command == "list":
        return _list()
    if unknown := set(given.names) - SERVERS.keys():
        parser.error(f"unknown server {min(unknown)!r}; known: {', '.join(SERVERS)}")
    return _get(given.names or [name for name, server in SERVERS.items() if server.in_ci])


def _get(names: list[str]) -> int:
    missed = 0
    for name in names:
        origin = SERVERS[name].origin
        try:
            if not origin.present():
                origin.install()
            print(f"{name}: present")
        except UnavailableError as reason:
            print(f"{name}: not had: {reason}", file=sys.stderr)
            missed += 1
    return 1 if missed else 0


def _list() -> int:
    for name, server in SERVERS.items():
        print(f"{name:16} {'present' if server.origin.present() else 'absent'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
