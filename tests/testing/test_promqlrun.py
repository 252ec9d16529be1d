import pytest

from obslib.testing.promqlrun import run_script

ORDERED = "eval instant at 1m sort{}(loaves_total)\n  expect ordered\n{}"
LARGE_FIRST = '  loaves_total{oven="2"} 20\n  loaves_total{oven="1"} 10'
BREAD = """
load 1m
  loaves_total{oven="1"}  0+10x5
  loaves_total{oven="2"}  0+20x5
  heat{oven="1"}          200 _ 210
  crumbs{size="1"}        {{sum:1 count:2}}x5
  slow{oven="1"}@st       -1m
  slow{oven="1"}          1 2
  typed{__type__="gauge"} 1
"""


def outcome(case: str):
    (found,) = run_script(f"{BREAD}\n{case}")
    return found


@pytest.mark.parametrize(
    "case",
    [
        'eval instant at 1m loaves_total{oven="1"}\n  loaves_total{oven="1"} 10',
        "eval instant at 1m 1 + 1\n  2",
        'eval instant at 0 "a b"\n  expect string "a b"',
        'eval range from 0 to 2m step 1m heat\n  heat{oven="1"} 200 200 210',
        'eval range from 0 to 2m step 1m last_over_time(heat[1m])\n  heat{oven="1"} 200 _ 210',
        'eval instant at 2m heat[3m]\n  expect range vector from 0 to 2m step 1m\n  heat{oven="1"} 200 _ 210',
        "eval instant at 1m sum(\n  expect fail msg: unexpected end of input",
        "eval instant at 2m count(rate(heat[5m]))\n  expect info regex: might not be a counter\n  {} 1",
        ORDERED.format("_desc", LARGE_FIRST),
        "eval instant at 1m nothing",
    ],
)
def test_a_right_expectation_passes(case):
    assert outcome(case).status == "passed", outcome(case).reason


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ('eval instant at 1m loaves_total{oven="1"}\n  loaves_total{oven="1"} 11', "expected [11.0], got [10.0]"),
        ("eval instant at 1m loaves_total", "unexpected series"),
        ("eval instant at 1m nothing\n  {} 1", "missing"),
        ("eval instant at 1m 1 + 1\n  3", "expected scalar 3.0"),
        ("eval instant at 1m nothing\n  expect fail", "should have failed"),
        ("eval instant at 1m sum(", "unexpected error"),
        ("eval instant at 1m sum(\n  expect fail msg: other words", "not 'other words'"),
        ("eval instant at 1m nothing\n  expect warn", "missing warn"),
        ("eval instant at 2m count(rate(heat[5m]))\n  expect no_info\n  {} 1", "unexpected info"),
        (ORDERED.format("", LARGE_FIRST), "wrong order"),
    ],
)
def test_a_wrong_expectation_fails_with_the_reason(case, reason):
    found = outcome(case)
    assert found.status == "failed"
    assert reason in found.reason


@pytest.mark.parametrize("query", ["crumbs", "start_timestamp(heat)", "rate(slow[5m])"])
def test_what_the_evaluator_does_not_do_is_not_a_failure(query):
    found = outcome(f"eval instant at 1m {query}")
    assert found.status == "not supported"
    assert "not supported" in found.reason


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("sum(loaves_total)", "core"),
        ("limitk(1, loaves_total)", "experimental"),
        ("mad_over_time(heat[5m])", "experimental"),
        ("heat + fill(0) heat", "experimental"),
        ("rate(loaves_total[1m + 1m])", "experimental"),
        ("rate(loaves_total[1m] anchored)", "experimental"),
        ("typed", "experimental"),
        ("rate(slow[5m])", "experimental"),
        ("crumbs", "histograms"),
        ("histogram_avg(heat)", "histograms"),
        ("sum(", "core"),
    ],
)
def test_cases_are_told_apart_by_what_they_need(query, part):
    assert outcome(f"eval instant at 1m {query}").slice == part


def test_classic_buckets_are_also_loaded_as_native_histograms():
    script = 'load_with_nhcb 1m\n  took_bucket{le="1"} 1\n  took_bucket{le="+Inf"} 2\n\n'
    classic, native = run_script(f"{script}eval instant at 0 count(took_bucket)\n  {{}} 2\n\neval instant at 0 took")
    assert classic.status == "passed"
    assert native.status == "not supported"


def test_loads_add_up_until_they_are_cleared():
    before, after = run_script(
        f"{BREAD}\nload 1m\n  more 1\n\neval instant at 0 more\n  more 1\n\nclear\neval instant at 0 more"
    )
    assert (before.status, after.status) == ("passed", "passed")
