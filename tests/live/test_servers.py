"""The launcher itself: servers start on loopback, answer, and are gone afterwards."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.live.servers import HOST, SERVERS, catalogue, free_port, install, process, running
from tests.live.support import get, live_server


@pytest.mark.live
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if SERVERS[name].in_ci else pytest.mark.slow) for name in sorted(SERVERS)]
)
def test_server_starts_answers_and_is_gone_afterwards(name):
    with live_server(name) as server:
        assert get(server.url + SERVERS[name].ready)
        assert server.log.is_file()
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, server.port)) != 0


def shell(monkeypatch, script, **options):
    """A pretend server: a shell script."""
    made = catalogue.Server("pretend", install.Debian("sh", "sh"), lambda _place: ["sh", "-c", script], "/", **options)
    monkeypatch.setitem(SERVERS, "pretend", made)


def test_a_server_that_ends_at_once_is_reported_with_its_log(monkeypatch):
    shell(monkeypatch, "echo cannot open the database; exit 3")
    with pytest.raises(RuntimeError, match="exit code 3") as caught, running("pretend"):
        pass
    assert "cannot open the database" in "\n".join(caught.value.__notes__)


def test_a_server_that_never_answers_is_given_up_and_ended(monkeypatch, tmp_path):
    shell(monkeypatch, "echo $$ > pid; exec sleep 60", start_seconds=0.3)
    with pytest.raises(RuntimeError, match="did not answer"), running("pretend", folder=tmp_path):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_server_that_ignores_the_polite_signal_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    shell(monkeypatch, "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done", start_seconds=0.5)
    with pytest.raises(RuntimeError, match="did not answer"), running("pretend", folder=tmp_path):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_failed_installation_says_what_failed_and_the_end_of_its_output():
    with pytest.raises(install.UnavailableError, match=r"(?s)exit code 4.*no such package"):
        install.run(["sh", "-c", "echo no such package >&2; exit 4"])


def test_debian_packages_need_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(install.UnavailableError, match="as root: apt-get install nothing-such"):
        install.Debian("nothing-such", "nothing-such").install()


def test_built_servers_lie_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("OBSLIB_SERVERS", str(tmp_path))
    build = install.GoBuild("v1.0.0", ("example.org/thing/cmd/thing",))
    assert build.programs() == [tmp_path / "bin" / "thing"]
    assert not build.present()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "thing").touch()
    assert build.present()


def test_free_ports_in_a_row_are_free():
    first = free_port(4)
    for port in range(first, first + 4):
        with socket.socket() as probe:
            probe.bind((HOST, port))


def test_a_tests_own_configuration_wins(tmp_path: Path):
    place = catalogue.Place(1, tmp_path)
    place.write("a.yml", "mine")
    assert place.write("a.yml", "default").read_text() == "mine"


def kit(folder, version):
    """A pretend Java development kit."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "javac").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return folder


def test_the_oldest_development_kit_that_is_new_enough_is_chosen(monkeypatch, tmp_path):
    old, new, newest = (kit(tmp_path / v, v) for v in ("17.0.15", "21.0.1", "25"))
    (tmp_path / "no-kit").mkdir()
    monkeypatch.setattr("shutil.which", lambda _name: str(old / "bin" / "javac"))
    assert [install.development_kit(least) for least in (11, 17, 18, 25, 26)] == [old, old, new, newest, None]


def test_without_java_there_is_no_development_kit(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert install.development_kit(17) is None
    program = install.MavenProgram("x", Path("pom.xml"), profile="x", java=17)
    assert not program.present()
    with pytest.raises(install.UnavailableError, match="version 17 or later"):
        program.install()
