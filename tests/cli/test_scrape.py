"""`obslib scrape`: what it stores, what it says, and how it ends."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time

import pytest

from obslib.cli import main
from obslib.cli.scrape import Journal, parse_labels
from obslib.core.errors import InputError
from obslib.store.store import Store
from obslib.testing.faults import Reply, faulty_server
from obslib.workspace.scrape import Scrape, Tick, parse_target


def page(_call):
    return Reply(b"temp 20.5\n# EOF\n", content_type="application/openmetrics-text")


def values(folder, name):
    found = Store.open(folder).sql("select value from metrics where metric_name = ? order by time", [name])
    return found["value"].tolist()


def test_scraping_for_a_while_stores_and_says_how_much(tmp_path, capsys):
    folder = str(tmp_path / "store")
    with faulty_server(page) as server:
        code = main(["scrape", server.url, "--every", "50ms", "--for", "150ms", "--store", folder, "--label", "env=x"])
    assert code == 0
    count = len(values(folder, "temp"))  # 3, or fewer on a machine so busy that moments were skipped
    assert 1 <= count <= 3
    assert f"stored {count} samples of {count} scrapes" in capsys.readouterr().out
    assert values(folder, "temp") == [20.5] * count
    assert values(folder, "up") == [1.0] * count


def test_a_target_that_never_answers_fails_the_command_but_is_stored(tmp_path, capsys):
    folder = str(tmp_path / "store")
    with faulty_server(lambda _call: Reply(b"no", 503)) as server:
        code = main(["scrape", server.url, "--every", "50ms", "--for", "100ms", "--store", folder])
    out, err = capsys.readouterr()
    assert code == 1
    assert "failed scrapes as up = 0" in out
    assert err.count("status 503") == 1, "the same problem is said once"
    assert set(values(folder, "up")) == {0.0}


def test_trouble_and_its_end_are_each_said_once(capsys):
    target, journal = parse_target("node:9100"), Journal(live=False)
    for at, problem in enumerate(["", "it is gone.", "it is gone.", "it is slow.", "", ""]):
        journal.note(Tick(at, [Scrape(target, 0.01, problem=problem)]))
    assert capsys.readouterr().err == "it is gone.\nit is slow.\nnode:9100: fine again\n"
    assert (journal.good, journal.failed) == (3, 3)


@pytest.mark.parametrize("wrong", [["--every", "0s"], ["--every", "soon"], ["--label", "env"], ["--label", "job=x"]])
def test_wrong_arguments_are_refused_with_a_fix(wrong, tmp_path, capsys):
    assert main(["scrape", "localhost:1", "--store", str(tmp_path / "s"), *wrong]) == 1
    assert "To fix:" in capsys.readouterr().err


def test_labels_are_read_up_to_the_first_equals_sign():
    assert parse_labels(["a=b", "c=d=e"]) == {"a": "b", "c": "d=e"}
    with pytest.raises(InputError, match="has no '='"):
        parse_labels(["a"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_cleanly_and_says_what_was_stored(number, tmp_path):
    folder = tmp_path / "store"
    with faulty_server(page) as server:
        command = [sys.executable, "-m", "obslib", "scrape", server.url, "--every", "100ms", "--store", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        give_up = time.monotonic() + 60
        while len(server.served) < 3 and time.monotonic() < give_up:
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("interrupted; stored ")
    assert len(values(folder, "temp")) >= 2


def test_on_a_terminal_one_line_is_rewritten(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    target = parse_target("node:9100")
    journal = Journal(live=True)
    journal.note(Tick(1_700_000_000_000, [Scrape(target, 0.012, samples=900)]))
    journal.note(Tick(1_700_000_005_000, [Scrape(target, 0.012, problem="it is gone.")], skipped=2))
    journal.close()
    assert terminal.getvalue().split("\r\x1b[K") == [
        "",
        "22:13:20 1 of 1 up, 12 ms; stored 900 samples of 1 scrapes",
        "it is gone.\n",
        "22:13:25 0 of 1 up, 12 ms; stored 900 samples of 1 scrapes, 1 failed scrapes as up = 0, 2 moments skipped\n",
    ]


def test_what_was_stored_survives_a_kill_and_scraping_goes_on_where_it_was(tmp_path):
    folder = tmp_path / "store"
    with faulty_server(page) as server:
        command = [sys.executable, "-m", "obslib", "scrape", server.url, "--every", "50ms", "--store", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + 60
        while len(server.served) < 5 and time.monotonic() < give_up:
            time.sleep(0.01)
        process.kill()
        process.wait()
        begun = len(server.served)
        stored = len(values(folder, "temp"))
        assert begun - 1 <= stored <= begun, "all but the scrape at work"
        main(["scrape", server.url, "--every", "50ms", "--for", "100ms", "--store", str(folder)])
    assert len(values(folder, "temp")) > stored


def test_the_token_of_the_environment_opens_the_targets(tmp_path, monkeypatch):
    monkeypatch.setenv("NODE_TOKEN", "abc")
    options = ["--every", "50ms", "--for", "50ms", "--store", str(tmp_path / "s"), "--token-env", "NODE_TOKEN"]
    with faulty_server(page) as server:
        assert main(["scrape", server.url, *options]) == 0
        assert server.served[0][0].headers["authorization"] == "Bearer abc"


def test_two_targets_of_the_same_name_are_refused(tmp_path, capsys):
    assert main(["scrape", "a:1/metrics", "a:1/probe", "--store", str(tmp_path / "s")]) == 1
    assert "two targets are both called a:1" in capsys.readouterr().err
