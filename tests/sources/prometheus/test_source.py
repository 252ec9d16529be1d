"""The source against servers that answer canned or modelled replies, well and badly."""

from __future__ import annotations

import gc
import logging
import math
import random
import traceback

import numpy as np
import pandas as pd
import pytest

from obslib.core.errors import (
    AuthError,
    InputError,
    QueryError,
    SourceError,
    TimeoutError,  # noqa: A004
    UnsupportedError,
)
from obslib.core.frames import EVENTS, labels_of
from obslib.core.protocols import EventSource, MetricSource
from obslib.core.provenance import provenance_of
from obslib.core.secrets import Secret
from obslib.core.window import Window
from obslib.sources._credentials import Credentials
from obslib.sources._http import HttpClient
from obslib.sources._request import Limits, Timing
from obslib.sources.prometheus import Prometheus
from obslib.testing.faults import Fault, Reply, at_random, faulty_server, in_order

from .support import LIMIT, Model, matrix, parameters, refusal, success

HOUR = Window("2026-03-01T00:00Z", "2026-03-01T01:00Z")
MINUTE = pd.Timedelta("1min")
SECRET = "hunter2-s3cr3t/+="  # noqa: S105
BEGIN = HOUR.start.value // 10**6


@pytest.fixture
def source_of():
    """Makes sources that do not wait between attempts; their clients are closed at the end."""
    clients = []

    def make(url, *, limits=None, credentials=None, **settings):
        more = {"credentials": credentials} if credentials else {}
        client = HttpClient(
            url, backend="prom", limits=limits or Limits(stall=0.3), timing=Timing(sleep=lambda _: None), **more
        )
        clients.append(client)
        return Prometheus(client, **settings)

    yield make
    for client in clients:
        client.close()


def expected(model, window, step):
    """What the model says at every step, straight from its definition."""
    grid = window.grid(step)
    columns = {}
    for number in range(model.series):
        values = [model.value(number, moment.value // 10**6) for moment in grid]
        if any(value is not None for value in values):
            columns[number] = [math.nan if value is None else value for value in values]
    return grid, columns


def assert_is(frame, model, window, step):
    grid, columns = expected(model, window, step)
    assert frame.index.equals(grid)
    assert labels_of(frame) == [model.labels(number) for number in columns]
    np.testing.assert_array_equal(frame.to_numpy().T, np.array(list(columns.values())).reshape(len(columns), len(grid)))


def test_it_keeps_its_protocols(source_of):
    source = source_of("http://127.0.0.1:1")
    assert isinstance(source, MetricSource)
    assert isinstance(source, EventSource)


def test_200_random_ranges_are_joined_exactly(source_of, monkeypatch):
    """With a lower limit on both sides, so that most ranges need several requests."""
    monkeypatch.setattr("obslib.sources.prometheus.source.MAX_POINTS", 23)
    chance = random.Random(5)  # noqa: S311
    model = Model(4, BEGIN, 600_000)
    asked = 0
    with faulty_server(model.answer) as server:
        source = source_of(server.url)
        for _ in range(200):
            step = pd.Timedelta(chance.choice([1, 7, 250, 1_000, 1_500, 15_000, 60_000]), "ms")
            start = HOUR.start + pd.Timedelta(chance.randrange(1_000_000_000_000), "ns")
            window = Window(start, start + step * chance.randint(1, 150) + pd.Timedelta(chance.randrange(10**6), "ns"))
            assert_is(source.query_metrics("x", window, step=step), model, window, step)
            asked += -(-len(window.grid(step)) // 23)
        assert len(server.served) == asked
        assert asked > 400


def test_a_range_of_more_points_than_the_server_returns_is_asked_in_stretches(source_of):
    model = Model(1, BEGIN, 3_600_000)
    window = Window(HOUR.start, HOUR.start + pd.Timedelta("25000s"))
    with faulty_server(model.answer) as server:
        frame = source_of(server.url).query_metrics("x", window, step=pd.Timedelta("1s"))
        assert len(server.served) == 3
    assert_is(frame, model, window, pd.Timedelta("1s"))


def test_what_a_server_finds_too_much_is_asked_in_halves(source_of):
    model = Model(2, BEGIN, 600_000)

    def stingy(call):
        asked = parameters(call)
        if float(asked["end"]) - float(asked["start"]) > 420:
            return refusal("query processing would load too many samples into memory", "execution", 422)
        return model.answer(call)

    with faulty_server(stingy) as server:
        frame = source_of(server.url).query_metrics("x", HOUR, step=MINUTE)
        assert len(server.served) == 15
    assert_is(frame, model, HOUR, MINUTE)


def test_what_is_too_much_even_for_one_step_is_an_error(source_of):
    with faulty_server(lambda _: refusal("too many samples", "execution", 422)) as server:
        with pytest.raises(QueryError, match="too many samples"):
            source_of(server.url).query_metrics("x", HOUR, step=pd.Timedelta("20min"))


def test_faults_in_30_percent_of_requests_lose_no_row_and_pass_no_partial_result(source_of, monkeypatch):
    """300 ranges of three requests each: whole and right, or an error that says why."""
    monkeypatch.setattr("obslib.sources.prometheus.source.MAX_POINTS", 20)
    model = Model(3, BEGIN, 1_800_000)
    limits = Limits(stall=0.2, body_bytes=4 << 20)
    plan = at_random(0.3, seed=11)
    final = {Fault.RETRY_AFTER_HOUR, Fault.LOGIN_PAGE, Fault.GZIP_BOMB}
    failures = []
    with faulty_server(model.answer, plan, drip_seconds=0.02, bomb_bytes=16 << 20) as server:
        source = source_of(server.url, limits=limits, credentials=Credentials.bearer(Secret(SECRET, origin="a test")))
        for number in range(300):
            window = HOUR.shift(pd.Timedelta(number, "s"))
            seen = len(server.served)
            try:
                frame = source.query_metrics("x", window, step=MINUTE)
            except SourceError as error:
                failures.append((error, {fault for _, fault in server.served[seen:]}))
            else:
                assert_is(frame, model, window, MINUTE)
        assert len(server.faults()) > 250
        assert set(server.faults()) == set(Fault)
    assert 0 < len(failures) < 150
    for error, faults in failures:
        assert error.problem.startswith("prom: ")
        assert "(attempt " in error.problem
        assert SECRET not in "".join(traceback.format_exception(error))
        assert final & faults, "what asking again mends was mended"


def test_one_stretch_that_cannot_be_had_fails_the_whole(source_of, monkeypatch):
    monkeypatch.setattr("obslib.sources.prometheus.source.MAX_POINTS", 20)
    model = Model(1, BEGIN, 3_600_000)

    def broken(call):
        late = float(parameters(call)["start"]) >= BEGIN / 1000 + 2_400
        return refusal("disk is gone", "internal", 500) if late else model.answer(call)

    with faulty_server(broken) as server, pytest.raises(SourceError, match="disk is gone"):
        source_of(server.url).query_metrics("x", HOUR, step=MINUTE)


def test_the_deadline_is_for_all_requests_together(source_of, monkeypatch):
    monkeypatch.setattr("obslib.sources.prometheus.source.MAX_POINTS", 1)
    model = Model(1, BEGIN, 600_000)
    with faulty_server(model.answer, lambda _: Fault.SLOW_DRIP, drip_seconds=0.2) as server:
        with pytest.raises(TimeoutError):
            source_of(server.url, parallel=1, timeout=0.5).query_metrics("x", HOUR, step=MINUTE)
        assert len(server.served) < 10


def test_a_long_query_goes_by_post_and_is_retried(source_of):
    model = Model(1, BEGIN, 600_000)
    query = f'x{{pod=~"{"|".join(f"pod-{number}" for number in range(400))}"}}'
    with faulty_server(model.answer, in_order(Fault.UNAVAILABLE)) as server:
        frame = source_of(server.url).query_metrics(query, HOUR, step=MINUTE)
        calls = [call for call, _ in server.served]
    assert [call.method for call in calls] == ["POST", "POST"]
    assert parameters(calls[0])["query"] == query
    assert_is(frame, model, HOUR, MINUTE)


def test_an_answer_says_where_it_came_from_and_what_the_server_warned_of(source_of, monkeypatch):
    monkeypatch.setattr("obslib.sources.prometheus.source.MAX_POINTS", 30)
    with faulty_server(lambda _: matrix([], warnings=["store-2 is down"], infos=["no counter"])) as server:
        origin = provenance_of(source_of(server.url).query_metrics("rate(x[5m])", HOUR, step=MINUTE))
    assert (origin.source, origin.language, origin.query, origin.step) == ("prometheus", "promql", "rate(x[5m])", "1m")
    assert (origin.start, origin.end, origin.rows) == (HOUR.start.isoformat(), HOUR.end.isoformat(), 60)
    assert origin.warnings == ("store-2 is down", "no counter")


@pytest.mark.parametrize(("step", "match"), [("2h", "no multiple"), ("1500us", "milliseconds")])
def test_steps_that_cannot_be_asked_for_are_refused(source_of, step, match):
    window = Window("2026-03-01T00:10Z", "2026-03-01T01:00Z")
    with pytest.raises(InputError, match=match):
        source_of("http://127.0.0.1:1").query_metrics("x", window, step=pd.Timedelta(step))


@pytest.mark.parametrize("status", [400, 200])
def test_a_wrong_query_is_pointed_at(source_of, status):
    reply = refusal('invalid parameter "query": 1:8: parse error: unexpected "]"', "bad_data", status)
    with faulty_server(lambda _: reply) as server, pytest.raises(QueryError) as caught:
        source_of(server.url).query_metrics("sum(up{]", HOUR, step=MINUTE)
    assert caught.value.position == 7
    assert str(caught.value).startswith("prom: ")
    assert "\n    sum(up{]\n           ^\n" in str(caught.value)


def test_a_refusal_without_a_place_shows_the_query_without_a_caret(source_of):
    with faulty_server(lambda _: refusal("cannot do that", "bad_data", 400)) as server:
        with pytest.raises(QueryError) as caught:
            source_of(server.url).query_metrics("sum(up)", HOUR, step=MINUTE)
    assert caught.value.position is None
    assert "^" not in str(caught.value)


def test_other_errors_carry_the_query_as_a_note(source_of):
    with faulty_server(lambda _: Reply(b"<html>Sign in", content_type="text/html")) as server:
        with pytest.raises(AuthError) as caught:
            source_of(server.url).query_metrics("sum(up)", HOUR, step=MINUTE)
    assert caught.value.__notes__ == ["the query was: sum(up)"]


@pytest.mark.parametrize("kind", ["bad_data", "internal", "timeout", "weird"])
def test_no_credential_is_shown_anywhere(source_of, kind, caplog):
    """Also not where the server sends it back to us."""
    caplog.set_level(logging.DEBUG)
    reply = refusal(f"token {SECRET} is no good", kind, 200)
    with faulty_server(lambda _: reply) as server:
        source = source_of(server.url, credentials=Credentials.bearer(Secret(SECRET, origin="a test")))
        with pytest.raises(SourceError) as caught:
            source.query_metrics("up", HOUR, step=MINUTE)
        assert server.served[0][0].headers["authorization"] == f"Bearer {SECRET}"
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # without this test's own variables
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for text in (shown, repr(source), str(vars(source)), repr(vars(source._http)), caplog.text):
        assert SECRET not in text
    assert "********" in str(caught.value)


def test_warnings_are_shown_without_credentials_too(source_of, caplog):
    with faulty_server(lambda _: success(["a"], warnings=[f"cannot log in with {SECRET}"])) as server:
        source = source_of(server.url, credentials=Credentials.bearer(Secret(SECRET, origin="a test")))
        assert source.label_names(HOUR) == ["a"]
    assert "cannot log in with ********" in caplog.text


def test_labels_are_asked_for_the_half_open_window(source_of):
    with faulty_server(lambda _: success(["b", "a"])) as server:
        source = source_of(server.url)
        assert source.label_names(HOUR) == ["a", "b"]
        assert source.label_values("http.route", HOUR, matchers=['x{a="b&c"}', "y"]) == ["a", "b"]
        first, second = (call for call, _ in server.served)
    assert parameters(first) == {"start": "1772323200.000", "end": "1772326799.999"}
    assert second.path.startswith("/api/v1/label/U__http_2e_route/values?")
    assert "match%5B%5D=x%7Ba%3D%22b%26c%22%7D&match%5B%5D=y" in second.path


def test_series_are_a_table_with_a_column_per_label(source_of):
    with faulty_server(lambda _: success([{"__name__": "up", "b": "2"}, {"__name__": "up", "a": "1"}])) as server:
        table = source_of(server.url).series(["up"], HOUR)
    assert table.to_dict("list") == {"__name__": ["up", "up"], "a": ["", "1"], "b": ["2", ""]}


def test_an_instant_vector_is_a_row(source_of):
    samples = [{"metric": {"a": "2"}, "value": [0, "+Inf"]}, {"metric": {"a": "1"}, "value": [0, "NaN"]}]
    with faulty_server(lambda _: success({"resultType": "vector", "result": samples}, infos=["hm"])) as server:
        frame = source_of(server.url).query_instant("x", HOUR.start)
        assert parameters(server.served[0][0]) == {"query": "x", "time": "1772323200.000"}
    assert frame.index.tolist() == [HOUR.start]
    assert labels_of(frame) == [{"a": "2"}, {"a": "1"}]
    np.testing.assert_array_equal(frame.to_numpy(), [[np.inf, np.nan]])
    assert provenance_of(frame).warnings == ("hm",)


@pytest.mark.parametrize("result", [[], None])
def test_nothing_at_a_moment_is_an_empty_row_and_a_scalar_a_number(source_of, result):
    data = {"resultType": "vector", "result": []} if result == [] else {"resultType": "scalar", "result": [0, "4.5"]}
    with faulty_server(lambda _: success(data)) as server:
        frame = source_of(server.url).query_instant("x", HOUR.start)
    assert frame.to_numpy().tolist() == [[]] if result == [] else frame.to_numpy().tolist() == [[4.5]]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"resultType": "matrix", "result": []}, QueryError),
        ({"resultType": "string", "result": [0, "x"]}, QueryError),
        ({"resultType": "vector", "result": [{"metric": {}, "histogram": [0, {}]}]}, UnsupportedError),
    ],
)
def test_results_that_are_no_numbers_of_a_moment_are_refused(source_of, data, kind):
    with faulty_server(lambda _: success(data)) as server, pytest.raises(kind):
        source_of(server.url).query_instant("x")


def test_alerts_that_fired_are_events(source_of):
    minutes = [[(BEGIN + 60_000 * at) / 1000, "1"] for at in (3, 4, 5, 58, 59)]
    labels = {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing", "severity": "page", "service": "web"}
    seen = {}

    def answer(call):
        seen.update(parameters(call))
        return matrix([{"metric": {**labels, "zone": "a"}, "values": minutes}])

    window = Window(HOUR.start, HOUR.start + pd.Timedelta("1000min"))
    with faulty_server(answer) as server:
        source = source_of(server.url)
        events = EVENTS.check(source.query_events(window))
        assert source.query_events(window, kind="deploy").empty
        assert len(server.served) == 1
    assert seen["query"] == 'ALERTS{alertstate="firing"}'
    assert events["name"].tolist() == ["Slow", "Slow"]
    assert (events["start"] - HOUR.start).tolist() == [pd.Timedelta("3min"), pd.Timedelta("58min")]
    assert (events["end"] - HOUR.start).tolist() == [pd.Timedelta("6min"), pd.Timedelta("60min")]
    assert events[["severity", "service", "zone"]].iloc[0].tolist() == ["page", "web", "a"]
    assert provenance_of(events).rows == 2


def test_health_tells_version_and_clock(source_of):
    def answer(call):
        if "buildinfo" in call.path:
            return success({"version": "3.16.0"})
        return success({"resultType": "scalar", "result": [0, "1"]})

    with faulty_server(answer) as server:
        health = source_of(server.url).health()
    assert health.ok
    assert "3.16.0" in health.detail
    skew = pd.Timestamp("2026-03-02T10:00:00Z") - pd.Timestamp.now("UTC")
    assert abs(health.clock_skew_seconds - skew.total_seconds()) < 60


def test_a_server_without_a_version_page_is_healthy(source_of):
    def answer(call):
        scalar = Reply(b'{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}')
        return Reply(b"404 page not found", 404) if "buildinfo" in call.path else scalar

    with faulty_server(answer) as server:
        health = source_of(server.url).health()
    assert health.ok
    assert math.isnan(health.clock_skew_seconds)


@pytest.mark.parametrize("reply", [Reply(b'{"message": "no"}', 401), Reply(b"not json"), Reply(b"<html>Sign in")])
def test_ill_health_says_how_to_mend_it(source_of, reply):
    with faulty_server(lambda _: reply) as server:
        health = source_of(server.url).health()
    assert not health.ok
    assert health.fix
    assert health.detail.startswith("prom: ")


def test_ranges_hold_no_object_per_sample(source_of):
    """60,000 points, and not as many objects."""
    steps = LIMIT - 1_000
    values = [[(BEGIN + 1_000 * at) / 1000, "1.5"] for at in range(steps)]
    reply = matrix([{"metric": {"n": str(n)}, "values": values} for n in range(6)])
    window = Window(HOUR.start, HOUR.start + pd.Timedelta(steps, "s"))
    with faulty_server(lambda _: reply) as server:
        source = source_of(server.url)
        gc.collect()
        gc.disable()
        try:
            before = len(gc.get_objects())
            frame = source.query_metrics("x", window, step=pd.Timedelta("1s"))
            made = len(gc.get_objects()) - before
        finally:
            gc.enable()
    assert frame.shape == (steps, 6)
    assert made < 5_000
