"""One run of a server: started on a free port, waited for, and ended by its own process id."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live.servers.catalogue import HOST, SERVERS, Place, Server

GRACE_SECONDS = 10.0
LOG_TAIL_LINES = 40


@dataclass(frozen=True)
class Running:
    """A server that answers: its address, first port, process id, log file and folder."""

    url: str
    port: int
    pid: int
    log: Path
    folder: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it now and wait until it is gone; for tests of what happens then."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(name: str, *, folder: Path | None = None, files: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run a server of the catalogue while the block lasts.

    Parameters
    ----------
    name
        Which server; it must be installed (`python -m tests.live.servers get NAME`).
    folder
        Where it keeps configuration, data and log; a temporary folder by default.
    files
        Configuration files by name, instead of the catalogue's own. `{port}` in them becomes the port.

    Raises
    ------
    RuntimeError
        If the server ends or does not answer in time. Its log's tail is part of the text; so it is
        in a note on any error of the block.
    """
    server = SERVERS[name]
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-")))
        place = Place(free_port(server.ports), home)
        for file_name, text in (files or {}).items():
            place.write(file_name, text.replace("{port}", str(place.port)))
        log = home / "server.log"
        process = _start(server, place, log)
        stack.callback(end, process)
        try:
            _wait_until_ready(server, place, process)
            yield Running(f"http://{HOST}:{place.port}", place.port, process.pid, log, home, process)
        except BaseException as error:
            error.add_note(f"the end of {name}'s log:\n{tail(log)}")
            raise


def free_port(count: int = 1) -> int:
    """The first of `count` ports in a row that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            first: int = probe.getsockname()[1]
        if first + count <= 65_536 and all(_is_free(first + offset) for offset in range(count)):
            return first


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and kill it after a grace period."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:])


def _start(server: Server, place: Place, log: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **server.environment(place)}
    with log.open("wb") as output:
        return subprocess.Popen(
            server.command(place),
            cwd=place.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the test run is ours to handle, in order
        )


def _wait_until_ready(server: Server, place: Place, process: subprocess.Popen[bytes]) -> None:
    url = f"http://{HOST}:{place.port}{server.ready}"
    give_up = time.monotonic() + server.start_seconds
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"{server.name} ended at once with exit code {process.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # not listening yet, or answering 503 while it starts
        time.sleep(0.1)
    raise RuntimeError(f"{server.name} did not answer {url} within {server.start_seconds:g} s.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
