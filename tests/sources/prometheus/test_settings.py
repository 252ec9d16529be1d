"""From a profile or an address to a source."""

from __future__ import annotations

import pytest

import obslib
from obslib.core.errors import InputError
from obslib.core.secrets import Secret
from obslib.sources.prometheus import Prometheus, prometheus_source
from obslib.testing.faults import faulty_server

from .support import matrix, success

TOKEN = Secret("hunter2", origin="a test")


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({}, "needs its url"),
        ({"url": 5}, "needs its url"),
        ({"url": "ftp://x"}, "not an http"),
        ({"url": "http://x", "tokn": TOKEN}, "no setting 'tokn'"),
        ({"url": "http://x", "token": "plain"}, "must be a secret"),
        ({"url": "http://x", "username": "ada", "password": "plain"}, "must be a secret"),
        ({"url": "http://x", "token": TOKEN, "username": "ada", "password": TOKEN}, "both a token and a user"),
        ({"url": "http://x", "username": "ada"}, "belong together"),
        ({"url": "http://x", "password": TOKEN}, "belong together"),
        ({"url": "http://x", "headers": "a: b"}, "must be a table"),
        ({"url": "http://x", "headers": {"Authorization": "Bearer x"}}, "holds a secret"),
        ({"url": "http://x", "timeout": "soon"}, "duration"),
        ({"url": "http://x", "timeout": 0}, "longer than zero"),
        ({"url": "http://x", "parallel": 0}, "whole number above zero"),
        ({"url": "http://x", "max_bytes": "1GB"}, "whole number above zero"),
    ],
)
def test_wrong_settings_are_named(settings, match):
    with pytest.raises(InputError, match=match) as caught:
        prometheus_source(settings)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"token": TOKEN}, "authorization", "Bearer hunter2"),
        ({"username": "ada", "password": TOKEN}, "authorization", "Basic YWRhOmh1bnRlcjI="),
        ({"headers": {"X-Scope-OrgID": "shop"}}, "x-scope-orgid", "shop"),
        ({}, "accept-encoding", "identity"),
        ({"headers": {"Accept-Encoding": "gzip"}}, "accept-encoding", "gzip"),
    ],
)
def test_settings_arrive_as_headers(settings, header, value):
    with faulty_server(lambda _: success({})) as server:
        source = prometheus_source({"url": server.url, **settings})
        source.metadata()
        source.close()
        assert server.served[0][0].headers[header] == value
    assert "hunter2" not in repr(source)


def test_a_backend_below_a_path_is_asked_there():
    """As for Mimir, VictoriaMetrics' cluster and Google's managed service."""
    with faulty_server(lambda _: matrix([])) as server:
        source = prometheus_source({"url": f"{server.url}/v1/projects/p/prometheus/", "timeout": "30", "parallel": "2"})
        source.query_metrics("up", obslib.Window.last("5m"), step=obslib.Window.last("1m").duration)
        source.close()
        assert server.served[0][0].path.startswith("/v1/projects/p/prometheus/api/v1/query_range?")


def test_connect_by_address_gives_a_workspace():
    with faulty_server(lambda _: matrix([{"metric": {"job": "a"}, "values": []}])) as server:
        ws = obslib.connect(f"prometheus+{server.url}")
        frame = ws.metrics("up", last="10m")
        assert frame.attrs["obslib"]["profile"] == "prometheus"
        assert ws.events(last="1h").empty
        ws._sources["metrics"].close()


def test_a_profile_gives_a_source(tmp_path, monkeypatch):
    monkeypatch.setenv("PROM_TOKEN", "hunter2")
    (tmp_path / "obslib.toml").write_text(
        '[profiles.prod.metrics]\nsource = "prometheus"\nurl = "https://prom.example.com"\ntimeout = "2m"\n'
        'token = {env = "PROM_TOKEN"}\nheaders = {X-Scope-OrgID = "shop"}\n'
    )
    monkeypatch.chdir(tmp_path)
    ws = obslib.connect("prod")
    source = ws._sources["metrics"]
    assert isinstance(source, Prometheus)
    assert "hunter2" not in repr(source) + repr(ws.profile)
