"""Random PromQL queries and random series for them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from obslib.core.series import STALE_NAN


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


STEP = 15_000
SAMPLES = 160
JOBS = ("api", "web", "db")
INSTANCES = ("a", "b")
BOUNDS = ("0.1", "0.5", "1", "+Inf")

_DURATIONS = ("30s", "1m", "2m", "5m", "7m30s")
_OFFSETS = ("", "", "", "", " offset 1m", " offset -45s", " @ start()", " @ end() offset 2m")
_RANGE_FUNCTIONS = words(
    "rate increase delta irate idelta deriv changes resets avg_over_time min_over_time max_over_time sum_over_time "
    "count_over_time last_over_time first_over_time stddev_over_time stdvar_over_time present_over_time"
)
# None that blows up a last digit, such as sin() of something large.
_MATHS = words("abs ceil floor ln log2 log10 sqrt sgn atan deg rad")
_DATES = words("year month day_of_month day_of_year day_of_week days_in_month hour minute")
_REDUCERS = words("sum avg min max count group stddev stdvar")
_GROUPINGS = ("", " by (job)", " by (job, instance)", " without (instance)", " by ()", " without (job, le)")
_ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
_COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
_MATCHINGS = (
    "",
    "",
    " on (job, instance)",
    " ignoring (le)",
    " on (job) group_left ()",
    " ignoring (instance) group_left ()",
)


def random_series(seed: int, start: int) -> list[tuple[dict[str, str], np.ndarray, np.ndarray]]:
    """Counters with resets, gauges with NaN and infinities, histograms; gaps, jitter and stale markers."""
    random = np.random.default_rng(seed)
    found = []
    for job in JOBS:
        for instance in INSTANCES:
            labels = {"job": job, "instance": instance}
            found.append(({"__name__": "hits_total", **labels}, *_samples(random, start, _counter(random))))
            found.append(({"__name__": "load", **labels}, *_samples(random, start, _gauge(random))))
        found.append(({"__name__": "limit", "job": job, "tier": job[0]}, *_samples(random, start, _gauge(random))))
        counts = np.cumsum([_counter(random) for _ in BOUNDS], axis=0)
        found.extend(
            ({"__name__": "took_bucket", "job": job, "le": bound}, *_samples(random, start, counts[place], gaps=False))
            for place, bound in enumerate(BOUNDS)
        )
    # No two values are equal, so that which of equals topk keeps does not matter.
    return [(labels, times, _apart(values, place)) for place, (labels, times, values) in enumerate(found)]


def _apart(values: np.ndarray, place: int) -> np.ndarray:
    return np.where(np.isfinite(values), np.nan_to_num(values) + 0.001 * (place + 1), values)


def _counter(random: np.random.Generator) -> np.ndarray:
    values = np.cumsum(random.poisson(4.0, SAMPLES)).astype(float)
    for reset in random.integers(1, SAMPLES, random.integers(0, 4)):
        values[reset:] -= values[reset]
        values = np.maximum(values, 0.0)
    return values


def _gauge(random: np.random.Generator) -> np.ndarray:
    values = np.round(random.normal(0.0, 20.0, SAMPLES), 2)
    values[random.random(SAMPLES) < 0.2] = random.integers(-3, 3)
    odd = random.random(SAMPLES)
    values[odd < 0.01] = np.nan
    values[(odd > 0.01) & (odd < 0.015)] = np.inf
    return values


def _samples(
    random: np.random.Generator, start: int, values: np.ndarray, *, gaps: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    jitter = random.integers(0, 900) if gaps else 0
    times = start + jitter + STEP * np.arange(SAMPLES, dtype=np.int64)
    values = values.copy()
    keep = np.ones(SAMPLES, dtype=bool)
    if gaps:
        keep &= random.random(SAMPLES) > 0.03
        for _ in range(random.integers(0, 3)):
            gap = random.integers(0, SAMPLES)
            keep[gap : gap + random.integers(5, 40)] = False
        stale = np.flatnonzero(keep[:-1] & ~keep[1:])
        values[stale[random.random(len(stale)) < 0.5]] = STALE_NAN
    return times[keep], values[keep]


@st.composite
def selectors(draw: st.DrawFn) -> str:
    """An instant selector, perhaps with matchers, offset and @."""
    name = draw(st.sampled_from(("hits_total", "hits_total", "load", "load", "limit", "took_bucket", "nothing")))
    matchers = draw(
        st.sampled_from(("", "", '{job="api"}', '{job=~"api|web"}', '{instance!="a"}', '{job!~"d.*",x=""}'))
    )
    return name + matchers + draw(st.sampled_from(_OFFSETS))


@st.composite
def ranges(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    """A range selector or a subquery."""
    if draw(st.integers(0, 3)) == 0:
        step = draw(st.sampled_from(("", "15s", "40s", "1m")))
        return f"({draw(vectors)})[{draw(st.sampled_from(_DURATIONS))}:{step}]"
    plain = draw(selectors())
    cut = min((plain.find(mark) for mark in (" offset", " @") if mark in plain), default=len(plain))
    return f"{plain[:cut]}[{draw(st.sampled_from(_DURATIONS))}]{plain[cut:]}"


def scalars(vectors: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A scalar expression."""
    return st.one_of(
        st.sampled_from(("2", "0.5", "-1.5", "0", "NaN", "time()", "pi()", "3 > bool 2")),
        vectors.map(lambda inner: f"scalar({inner})"),
    )


@st.composite
def larger(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    """An expression over smaller ones."""
    form = draw(st.sampled_from(_FORMS))
    return form(draw, vectors)


def _over_range(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    return f"{draw(st.sampled_from(_RANGE_FUNCTIONS))}({draw(ranges(vectors))})"


def _with_parameter(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    q, range_vector = draw(scalars(vectors)), draw(ranges(vectors))
    forms = (f"quantile_over_time({q}, {range_vector})", f"predict_linear({range_vector}, {q})")
    return draw(st.sampled_from(forms))


def _math(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    if draw(st.integers(0, 5)) == 0:
        # Dates only of counters: what Go makes of the date of NaN and infinities is an accident.
        return f"{draw(st.sampled_from(_DATES))}(hits_total)"
    return f"{draw(st.sampled_from(_MATHS))}({draw(vectors)})"


def _bounded(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    inner, low, high = draw(vectors), draw(scalars(vectors)), draw(scalars(vectors))
    forms = (f"clamp({inner}, {low}, {high})", f"clamp_min({inner}, {low})", f"round({inner}, {high})")
    return draw(st.sampled_from(forms))


# Without start() and end() of @, which Prometheus 3.16 overlooks in parameters of aggregations.
_PARAMETERS = st.sampled_from(
    ("0.5", "-1.5", "0", "NaN", "time() % 2", 'scalar(load{job="api",instance="a"} offset 1m)')
)


def _labelled(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    inner = draw(vectors)
    forms = (
        f'label_replace({inner}, "zone", "z-$1", "job", "(.).*")',
        f'label_replace({inner}, "instance", "", "", "")',
        f'label_join({inner}, "id", "/", "job", "instance")',
        f"absent({inner})",
        f"timestamp({inner})",
        f"sort_desc({inner})",
        f"-({inner})",
        f"vector(scalar({inner}))",
        f"histogram_quantile(0.9, {inner})",
        f"histogram_fraction(0.2, 0.7, {inner})",
    )
    return draw(st.sampled_from(forms))


def _aggregated(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    grouping, inner = draw(st.sampled_from(_GROUPINGS)), draw(vectors)
    if draw(st.booleans()):
        return f"{draw(st.sampled_from(_REDUCERS))}{grouping} ({inner})"
    forms = (
        f"topk{grouping} (2, {draw(selectors())})",
        f"bottomk{grouping} (1, {draw(selectors())})",
        f"quantile{grouping} ({draw(_PARAMETERS)}, {inner})",
        f'count_values{grouping} ("value", {draw(selectors())})',
    )
    return draw(st.sampled_from(forms))


def _combined(draw: st.DrawFn, vectors: st.SearchStrategy[str]) -> str:
    left, right = draw(vectors), draw(vectors)
    kind = draw(st.integers(0, 3))
    if kind == 0:
        matching = draw(st.sampled_from(("", " on (job)", " ignoring (instance, le)")))
        return f"({left}) {draw(st.sampled_from(('and', 'or', 'unless')))}{matching} ({right})"
    if kind == 1:
        right = draw(scalars(vectors))
        left, right = (left, right) if draw(st.booleans()) else (right, left)
        matching = ""
    else:
        matching = draw(st.sampled_from(_MATCHINGS))
    if draw(st.booleans()):
        return f"({left}) {draw(st.sampled_from(_ARITHMETIC))}{matching} ({right})"
    return f"({left}) {draw(st.sampled_from(_COMPARISONS))}{draw(st.sampled_from((' bool', '')))}{matching} ({right})"


_FORMS = (
    _over_range,
    _over_range,
    _with_parameter,
    _math,
    _bounded,
    _labelled,
    _aggregated,
    _aggregated,
    _combined,
    _combined,
)


def queries() -> st.SearchStrategy[str]:
    """Queries whose result is an instant vector."""
    return st.recursive(selectors(), larger, max_leaves=5)
