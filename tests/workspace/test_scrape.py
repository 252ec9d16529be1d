"""The scrape loop, with a fake clock and canned endpoints: grid, `up`, stale markers, commits."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice
from threading import Event, Timer

import numpy as np
import pandas as pd
import pytest

from obslib.core.errors import InputError, StoreError
from obslib.core.series import Matcher, is_stale
from obslib.sources._request import Timing
from obslib.store.store import Store
from obslib.testing.faults import Fault, Reply, faulty_server, in_order
from obslib.workspace.scrape import Target, TargetScraper, parse_target, scrape_on_grid

START = 1_700_000_000.0  # a multiple of 5 s
SECOND = pd.Timedelta(seconds=1)
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
TWO_SERIES = b'# TYPE temp gauge\ntemp{room="a"} 1.5\ntemp{room="b"} 2.5\n# EOF\n'


class Clock:
    """A wall clock that only sleeping moves."""

    def __init__(self, now=START):
        self.now = now

    def sleep(self, seconds):
        self.now += seconds

    def timing(self):
        return Timing(clock=lambda: self.now, wall=lambda: self.now, sleep=self.sleep)


def page(body, content_type=OPENMETRICS):
    return lambda _call: Reply(body, content_type=content_type)


def pages(*bodies):
    """Each body once, then the last for ever."""
    left = list(bodies)
    return lambda _call: Reply(left.pop(0) if len(left) > 1 else left[0], content_type=OPENMETRICS)


def scraper(url, clock, **labels):
    return TargetScraper(parse_target(url, job="test", labels=labels), timeout=2.0, timing=clock.timing())


@pytest.fixture
def scrape(tmp_path):
    """Scrape the servers of some answers for a number of ticks; returns (store, ticks, clock)."""

    def run(*answers, ticks, plan=in_order(), every=SECOND):  # noqa: B008 - a pure function
        store, clock = Store.create(tmp_path / "store"), Clock()
        with ExitStack() as stack:
            urls = [stack.enter_context(faulty_server(answer, plan)).url for answer in answers]
            scrapers = [scraper(url, clock) for url in urls]
            for one in scrapers:
                stack.callback(one.close)
            loop = scrape_on_grid(scrapers, store.append, every=every, timing=clock.timing())
            seen = list(islice(loop, ticks))
            loop.close()
        return store, seen, clock

    return run


def samples(store, name, **labels):
    """`[(seconds after START, value), ...]` of the one series that matches; stale markers are "stale"."""
    matchers = [Matcher("__name__", "=", name), *(Matcher(key, "=", value) for key, value in labels.items())]
    block = store.read_series(matchers, 0, 2**53)
    assert len(block.labels) == 1, block.labels
    values = [
        "stale" if stale else value for value, stale in zip(block.values.tolist(), is_stale(block.values), strict=True)
    ]
    return list(zip((block.times / 1_000 - START).tolist(), values, strict=True))


@pytest.mark.parametrize(
    ("address", "url", "instance"),
    [
        ("localhost:9100", "http://localhost:9100/metrics", "localhost:9100"),
        ("http://node:9100/", "http://node:9100/metrics", "node:9100"),
        ("https://node/custom", "https://node/custom", "node"),
        ("http://node/?collect=cpu", "http://node/?collect=cpu", "node"),
    ],
)
def test_a_target_is_read_as_people_write_it(address, url, instance):
    assert parse_target(address, job="j") == Target(url, {"job": "j", "instance": instance})


def test_user_info_of_a_target_opens_it_and_is_never_shown():
    target = parse_target("http://ada:s3cr3t@node:1/metrics?key=s3cr3t", job="j")
    assert (target.url, target.instance) == ("http://node:1/metrics?key=s3cr3t", "node:1")
    assert [name for name, _ in target.credentials.reveal()] == ["Authorization"]
    assert "s3cr3t" not in repr(target)


@pytest.mark.parametrize("name", ["job", "instance", "__name__", "1st", "a-b", ""])
def test_labels_that_cannot_be_are_refused(name):
    with pytest.raises(InputError, match="cannot be a target's label"):
        parse_target("x:1", labels={name: "v"})


def test_every_scrape_stores_its_samples_and_three_series_about_itself(scrape):
    store, ticks, _clock = scrape(page(TWO_SERIES), ticks=3)
    assert samples(store, "temp", room="a") == [(0, 1.5), (1, 1.5), (2, 1.5)]
    assert samples(store, "up", job="test") == [(0, 1), (1, 1), (2, 1)]
    assert samples(store, "scrape_samples_scraped") == [(0, 2), (1, 2), (2, 2)]
    assert [at for at, _ in samples(store, "scrape_duration_seconds")] == [0, 1, 2]
    assert [(tick.samples, tick.failed, tick.skipped) for tick in ticks] == [(2, [], 0)] * 3


def test_series_carry_job_instance_and_own_labels_and_keep_their_metadata(tmp_path):
    store, clock = Store.create(tmp_path / "s"), Clock()
    with faulty_server(page(TWO_SERIES)) as server:
        one = scraper(server.url, clock, env="prod")
        store.append(one.scrape(5_000).batch)
        one.close()
    labels = store.find_series([Matcher("__name__", "=", "temp"), Matcher("room", "=", "a")])
    instance = server.url.removeprefix("http://")
    assert labels == [{"__name__": "temp", "env": "prod", "instance": instance, "job": "test", "room": "a"}]
    types = store.sql("select distinct metric_name, metric_type from series order by 1")
    assert set(types["metric_type"]) == {"gauge"}


def test_openmetrics_is_asked_for_and_text_is_taken(scrape):
    asked = []

    def answer(call):
        asked.append(call.headers["accept"])
        return Reply(b"temp 3\n", content_type="text/plain; version=0.0.4")

    store, _ticks, _clock = scrape(answer, ticks=1)
    assert asked[0].startswith("application/openmetrics-text;version=1.0.0")
    assert samples(store, "temp") == [(0, 3)]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.INTERNAL, "status 500"),
        (Fault.RESET, "Connection reset"),
        (Fault.CUT_SHORT, "cut short"),
        (Fault.LOGIN_PAGE, "web page instead of data"),
        (Fault.BROKEN_JSON, "ends without '# EOF'"),
        (Fault.ERROR_IN_OK, "not metrics text"),
    ],
)
def test_a_failed_scrape_is_up_0_with_stale_markers_and_a_reason(fault, reason, scrape):
    store, ticks, _clock = scrape(page(TWO_SERIES), ticks=3, plan=in_order(None, fault))
    assert samples(store, "up") == [(0, 1), (1, 0), (2, 1)]
    assert samples(store, "temp", room="a") == [(0, 1.5), (1, "stale"), (2, 1.5)]
    assert samples(store, "scrape_samples_scraped") == [(0, 2), (1, 0), (2, 2)]
    assert reason in ticks[1].scrapes[0].problem


def test_a_second_failure_writes_no_second_stale_marker(scrape):
    store, _ticks, _clock = scrape(page(TWO_SERIES), ticks=3, plan=in_order(None, Fault.RESET, Fault.RESET))
    assert samples(store, "temp", room="a") == [(0, 1.5), (1, "stale")]


def test_a_series_that_vanishes_gets_one_stale_marker_and_may_come_back(scrape):
    only_a = b'temp{room="a"} 1\n# EOF\n'
    store, _ticks, _clock = scrape(pages(TWO_SERIES, only_a, only_a, TWO_SERIES), ticks=4)
    assert samples(store, "temp", room="b") == [(0, 2.5), (1, "stale"), (3, 2.5)]
    assert samples(store, "temp", room="a") == [(0, 1.5), (1, 1), (2, 1), (3, 1.5)]


def test_samples_with_times_of_their_own_keep_them_and_never_go_stale(scrape):
    timed = b"old 7 1699999990\n# EOF\n"
    store, _ticks, _clock = scrape(pages(timed, b"# EOF\n"), ticks=2)
    assert samples(store, "old") == [(-10, 7)]


def test_lines_that_are_no_samples_are_reported_and_the_others_kept(scrape):
    _store, [tick], _clock = scrape(page(b"temp 1\n???\n", "text/plain"), ticks=1)
    assert tick.samples == 1
    assert "1 lines left out: not a sample" in tick.scrapes[0].notes[0]


def test_several_targets_are_one_commit():
    batches, clock = [], Clock()
    with faulty_server(page(TWO_SERIES)) as first, faulty_server(page(b"# EOF\n")) as second:
        scrapers = [scraper(first.url, clock), scraper(second.url, clock)]
        loop = scrape_on_grid(scrapers, batches.append, every=SECOND, duration=2 * SECOND, timing=clock.timing())
        assert len(list(loop)) == 2
        for one in scrapers:
            one.close()
    assert len(batches) == 2
    metrics = batches[0].metrics
    assert len(metrics.codes) == 2 + 3 + 3
    names = np.array(metrics.series.column("metric_name").to_pylist())[metrics.codes]
    instances = [dict(labels)["instance"] for labels in metrics.series.column("labels").to_pylist()]
    assert sorted(names.tolist()).count("up") == 2
    assert len(set(instances)) == 2


def test_one_dead_target_does_not_disturb_the_other(scrape):
    def dead(_call):
        return Reply(b"no", 503)

    store, ticks, _clock = scrape(page(TWO_SERIES), dead, ticks=2)
    assert [len(tick.failed) for tick in ticks] == [1, 1]
    assert samples(store, "temp", room="a") == [(0, 1.5), (1, 1.5)]


def ticks_of(clock, *, every, duration=None, count=10, work=()):
    """Times of the ticks where the n-th append takes `work[n]` seconds."""
    left = list(work)

    def append(_batch):
        clock.now += left.pop(0) if left else 0.0

    with faulty_server(page(b"# EOF\n")) as server:
        one = scraper(server.url, clock)
        loop = scrape_on_grid([one], append, every=every, duration=duration, timing=clock.timing())
        seen = [(tick.time_ms / 1_000 - START, tick.skipped) for tick in islice(loop, count)]
        loop.close()
        one.close()
    return seen


def test_ticks_are_multiples_of_the_step_whenever_one_starts():
    assert ticks_of(Clock(START + 1.3), every=5 * SECOND, count=3) == [(5, 0), (10, 0), (15, 0)]
    assert ticks_of(Clock(START), every=5 * SECOND, count=2) == [(0, 0), (5, 0)]


def test_work_between_ticks_makes_no_drift():
    assert ticks_of(Clock(), every=SECOND, count=4, work=[0.4, 0.9, 0.2]) == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_a_tick_a_little_late_is_still_done_and_missed_ones_are_counted():
    assert ticks_of(Clock(), every=SECOND, count=3, work=[1.5]) == [(0, 0), (1, 0), (2, 0)]
    assert ticks_of(Clock(), every=SECOND, count=3, work=[3.5]) == [(0, 0), (3, 2), (4, 0)]


def test_the_duration_is_a_number_of_ticks():
    assert len(ticks_of(Clock(START + 0.2), every=SECOND, duration=5 * SECOND, count=99)) == 5


def test_starting_again_continues_in_the_same_store(tmp_path):
    with faulty_server(page(TWO_SERIES)) as server:
        for begin in (START, START + 10.4):
            store, clock = Store.create(tmp_path / "s"), Clock(begin)
            one = scraper(server.url, clock)
            list(scrape_on_grid([one], store.append, every=SECOND, duration=2 * SECOND, timing=clock.timing()))
            one.close()
    assert samples(Store.open(tmp_path / "s"), "temp", room="a") == [(0, 1.5), (1, 1.5), (11, 1.5), (12, 1.5)]


def test_a_store_that_cannot_be_written_ends_the_loop():
    def full(_batch):
        raise StoreError("no space left on the disk.", fix="make room.")

    with faulty_server(page(TWO_SERIES)) as server:
        clock = Clock()
        one = scraper(server.url, clock)
        with pytest.raises(StoreError):
            next(scrape_on_grid([one], full, every=SECOND, timing=clock.timing()))
        one.close()


def test_a_loop_that_is_stopped_ends_after_the_tick_at_work():
    stop, batches, clock = Event(), [], Clock()

    def append(batch):
        batches.append(batch)
        stop.set()

    with faulty_server(page(TWO_SERIES)) as server:
        one = scraper(server.url, clock)
        assert len(list(scrape_on_grid([one], append, every=SECOND, timing=clock.timing(), stop=stop))) == 1
        one.close()
    assert len(batches) == 1


def test_stopping_wakes_a_long_sleep():
    stop = Event()
    with faulty_server(page(TWO_SERIES)) as server:
        one = TargetScraper(parse_target(server.url), timeout=2.0)
        loop = scrape_on_grid([one], lambda _batch: None, every=pd.Timedelta(days=365), stop=stop)
        waker = Timer(0.05, stop.set)
        waker.start()
        assert list(loop) == []
        waker.join()
        one.close()
