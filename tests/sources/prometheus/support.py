"""A server that answers range queries by an independent model of what its series are."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from obslib.testing.faults import Call, Reply

LIMIT = 11_000


@dataclass(frozen=True)
class Model:
    """Series whose value at each millisecond is known; each lives for a part of the time only."""

    series: int
    begin: int
    life: int

    def labels(self, number):
        return {"__name__": "x", "pod": f"pod-{number}", "path": '/a "b"\\c\n}],"values":[[1,"2"]]'}

    def value(self, number, at):
        """The value of a series at epoch ms `at`, or None where it has no sample."""
        born = self.begin + number * self.life // 3
        if not born <= at < born + self.life or (at // 1000) % 7 == number % 7:
            return None
        return [float(at % 1_000_003), math.inf, -math.inf, math.nan][(at // 1000 % 50 == 0) * (1 + number % 3)]

    def answer(self, call: Call) -> Reply:
        asked = parameters(call)
        start, end, step = (round(float(asked[key]) * 1000) for key in ("start", "end", "step"))
        if (end - start) // step > LIMIT:
            return refusal("exceeded maximum resolution of 11,000 points per timeseries", "bad_data", 400)
        result = []
        for number in range(self.series):
            points = [(at, self.value(number, at)) for at in range(start, end + 1, step)]
            values = [[at / 1000, text(value)] for at, value in points if value is not None]
            if values:
                result.append({"metric": self.labels(number), "values": values})
        return matrix(result)


def text(value):
    """A number as Go writes it."""
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN" if math.isnan(value) else repr(value))


def matrix(result, **more) -> Reply:
    body = {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}
    return Reply(json.dumps(body, separators=(",", ":")).encode())


def success(data, **more) -> Reply:
    return Reply(
        json.dumps({"status": "success", "data": data, **more}).encode(),
        headers={"Date": "Mon, 02 Mar 2026 10:00:00 GMT"},
    )


def refusal(message, kind, status) -> Reply:
    return Reply(json.dumps({"status": "error", "errorType": kind, "error": message}).encode(), status)


def parameters(call: Call) -> dict[str, str]:
    """The first value of each parameter, wherever it stands."""
    query = call.body.decode() if call.method == "POST" else urlsplit(call.path).query
    return {key: values[0] for key, values in parse_qs(query).items()}
