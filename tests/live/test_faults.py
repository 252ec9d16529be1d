"""The HTTP client and a real Prometheus, with a server in between that breaks a third of all answers."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from obslib.core.errors import SourceError
from obslib.sources._http import HttpClient
from obslib.sources._request import Limits, Request, Timing
from obslib.testing.faults import Fault, at_random, faulty_server, forward_to
from tests.live.support import live_server

CALLS = 400
START, STEPS = 1_700_000_000, 200
FINAL = {Fault.RETRY_AFTER_HOUR, Fault.LOGIN_PAGE, Fault.ERROR_IN_OK, Fault.GZIP_BOMB}


class Series(msgspec.Struct):
    values: list[tuple[float, str]]


class Data(msgspec.Struct):
    result: list[Series]


class Range(msgspec.Struct):
    data: Data


def ask(client, number):
    """A range query whose every value is known: `time() + number` at each step."""
    params = {"query": f"time() + {number}", "start": START, "end": START + STEPS - 1, "step": 1}
    answer = client.json(Request("/api/v1/query_range", params, query=params["query"]), Range)
    [series] = answer.data.result
    return [(moment, float(value)) for moment, value in series.values]


@pytest.mark.live
def test_no_answer_is_wrong_and_every_failure_says_why():
    """Without patience between attempts, because the pauses are not what is tried here."""
    limits = Limits(stall=0.2, body_bytes=4 << 20)
    kinds, failures = Counter(), []
    with live_server("prometheus") as prometheus:
        plan = at_random(0.3, seed=3)
        with faulty_server(forward_to(prometheus.url), plan, drip_seconds=0.02, bomb_bytes=16 << 20) as front:
            client = HttpClient(front.url, backend="prometheus", limits=limits, timing=Timing(sleep=lambda _: None))
            for number in range(CALLS):
                before = len(front.served)
                try:
                    got = ask(client, number)
                except SourceError as error:
                    kinds[front.served[-1][1]] += 1
                    failures.append((error.problem, len(front.served) - before))
                else:
                    assert got == [(START + step, float(START + step + number)) for step in range(STEPS)]
            client.close()
            assert len(front.faults()) > CALLS * 0.25
    for problem, attempts in failures:
        assert problem.startswith("prometheus: GET http://127.0.0.1")
        assert f"(attempt {attempts})" in problem or "answered with an error: shard 3 is gone" in problem
    assert kinds.total() < CALLS * 0.15
    assert set(kinds) <= FINAL, "what asking again mends was mended"
