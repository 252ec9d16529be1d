"""Profiles: which file and which variable wins, and that no secret comes to light on the way."""

from __future__ import annotations

import traceback

import pytest

from obslib.core import config
from obslib.core.config import Profile, load_profile, parse_address, profile_names
from obslib.core.errors import InputError
from obslib.core.secrets import Secret
from obslib.workspace import available_sources

TEXT = "hunter2-s3cr3t"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project folder below an empty home; nothing of this machine's environment shines through."""
    for name in [name for name in config.os.environ if name.startswith("OBSLIB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home/cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "obslib.toml").write_text(text)


def user(project):
    return project.parent / "home/config/obslib"


def everything_of(error):
    """All that a notebook, a crash reporter or `pytest -l` may show of an error."""
    ours = error.with_traceback(error.__traceback__.tb_next)  # without the frame of the test, which knows the secret
    return "".join(traceback.TracebackException.from_exception(ours, capture_locals=True).format())


LAPTOP = '[profiles.laptop]\nsource = "store"\npath = "telemetry"\n'


# ---- which profile


def test_without_any_configuration_it_is_the_demo(project):
    profile = load_profile()
    assert profile.name == "demo"
    assert set(profile.signals) == {"metrics", "logs", "traces", "events"}
    assert {binding.source for binding in profile.signals.values()} == {"demo"}
    assert "demo" in available_sources()


def test_demo_takes_settings_from_the_environment(project, monkeypatch):
    monkeypatch.setenv("OBSLIB_DEMO_SCALE", "0.1")
    assert load_profile().signals["logs"].settings == {"scale": "0.1"}


def test_name_given_wins_over_variable_over_default(project, monkeypatch):
    write(project, 'default = "b"\n' + "".join(f'[profiles.{name}]\nsource = "store"\n' for name in "abc"))
    assert load_profile().name == "b"
    monkeypatch.setenv("OBSLIB_PROFILE", "c")
    assert load_profile().name == "c"
    assert load_profile("a").name == "a"


def test_project_file_wins_over_the_user_s(project):
    write(project, LAPTOP)
    write(user(project), '[profiles.laptop]\nsource = "demo"\n[profiles.home]\nsource = "store"\n')
    assert load_profile("laptop").signals["logs"].source == "store"
    assert load_profile("laptop").origin == str(project / "obslib.toml")
    assert load_profile("home").origin == str(user(project) / "obslib.toml")
    assert profile_names() == ["demo", "home", "laptop"]


def test_default_of_the_project_wins_over_the_user_s(project):
    write(user(project), 'default = "home"\n[profiles.home]\nsource = "store"\n')
    assert load_profile().name == "home"
    write(project, 'default = "laptop"\n' + LAPTOP)
    assert load_profile().name == "laptop"


def test_file_of_the_nearest_parent_is_found(project, monkeypatch):
    write(project, LAPTOP)
    below = project / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load_profile("laptop").origin == str(project / "obslib.toml")
    assert load_profile("laptop", folder=below).name == "laptop"


def test_own_profile_may_be_called_demo(project):
    write(project, '[profiles.demo]\nsource = "store"\npath = "x"\n')
    assert load_profile().signals["metrics"].source == "store"


def test_unknown_profile_offers_the_nearest(project):
    write(project, LAPTOP)
    with pytest.raises(InputError, match="no profile 'labtop'") as caught:
        load_profile("labtop")
    assert "did you mean 'laptop'" in caught.value.fix


# ---- settings


def test_one_source_answers_every_signal(project):
    write(project, LAPTOP)
    profile = load_profile("laptop")
    assert {binding.source for binding in profile.signals.values()} == {"store"}
    assert profile.signals["traces"].settings == {"path": str(project / "telemetry")}


def test_signals_have_their_own_source_and_share_the_rest(project):
    write(
        project,
        '[profiles.prod]\nuser = "ada"\nnow = "2026-11-01"\n'
        '[profiles.prod.metrics]\nsource = "prometheus"\nurl = "http://prom"\n'
        '[profiles.prod.logs]\nsource = "elastic"\nuser = "bob"\n',
    )
    profile = load_profile("prod")
    assert profile.signals["metrics"].settings == {"user": "ada", "url": "http://prom"}
    assert profile.signals["logs"].settings == {"user": "bob"}
    assert "traces" not in profile.signals
    assert profile.options == {"now": "2026-11-01"}


def test_environment_wins_over_the_file(project, monkeypatch):
    write(project, LAPTOP + '[profiles.laptop.logs]\npath = "logs"\n')
    monkeypatch.setenv("OBSLIB_LAPTOP_PATH", "elsewhere")
    assert load_profile("laptop").signals["metrics"].settings["path"] == "elsewhere"
    assert load_profile("laptop").signals["logs"].settings["path"] == str(project / "logs")
    monkeypatch.setenv("OBSLIB_LAPTOP_LOGS_PATH", "logs2")
    assert load_profile("laptop").signals["logs"].settings["path"] == "logs2"


@pytest.mark.parametrize("variable", ["OBSLIB_CI_RUN_SOURCE", "OBSLIB_CI_RUN_METRICS_SOURCE"])
def test_profile_may_be_in_the_environment_alone(project, monkeypatch, variable):
    monkeypatch.setenv(variable, "store")
    monkeypatch.setenv("OBSLIB_CI_RUN_PATH", "x")
    profile = load_profile("ci-run")
    assert profile.signals["metrics"].source == "store"
    assert profile.signals["metrics"].settings["path"] == "x"
    assert profile.origin == "environment"


def test_variables_of_a_longer_named_profile_are_not_ours(project, monkeypatch):
    write(project, '[profiles.prod]\nsource = "store"\n[profiles.prod_eu]\nsource = "store"\n')
    monkeypatch.setenv("OBSLIB_PROD_EU_PATH", "eu")
    monkeypatch.setenv("OBSLIB_PROD_PATH", "prod")
    assert load_profile("prod").signals["logs"].settings == {"path": "prod"}
    assert load_profile("prod_eu").signals["logs"].settings == {"path": "eu"}


def test_settings_cannot_be_changed_by_accident(project):
    write(project, LAPTOP)
    with pytest.raises(TypeError):
        load_profile("laptop").signals["logs"].settings["path"] = "x"


# ---- faults


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[profiles.x\n", "is not valid TOML"),
        ("profiles = 3\n", "profiles must be a table"),
        ("[profiles]\nx = 3\n", "profiles.x must be a table"),
        ('[profiles.x]\nmetrics = "prometheus"\n', "profiles.x.metrics must be a table"),
        ('[profiles.x]\npath = "a"\n', "profile 'x' names no source"),
        ('[profiles.x.logs]\npath = "a"\n', "profiles.x.logs has no source"),
        ("[profiles.x]\nsource = 3\n", "has no source"),
        ('[profile.x]\nsource = "store"\n', "there is no setting 'profile'"),
    ],
)
def test_faults_name_the_file_and_the_key(project, text, problem):
    write(project, text)
    with pytest.raises(InputError, match=problem) as caught:
        load_profile("x")
    assert str(project / "obslib.toml") in caught.value.problem


def test_default_must_be_a_name(project):
    write(project, "default = 3\n")
    with pytest.raises(InputError, match="default must be a profile's name"):
        load_profile()


def test_bad_toml_names_the_line(project):
    write(project, "[profiles.x]\nsource = store\n")
    with pytest.raises(InputError, match="line 2"):
        load_profile("x")


def test_misspelt_setting_offers_the_nearest(project):
    write(project, '[profile.x]\nsource = "store"\n')
    with pytest.raises(InputError) as caught:
        load_profile("x")
    assert caught.value.fix == "did you mean 'profiles'?"


def test_file_that_is_no_text_is_refused(project):
    (project / "obslib.toml").write_bytes(b"# \xff")
    with pytest.raises(InputError, match="no UTF-8 at byte 2"):
        load_profile()


@pytest.mark.parametrize("where", ["", ".metrics"])
@pytest.mark.parametrize("key", ["path", "ca_file"])
def test_relative_path_of_a_file_counts_from_its_folder(project, monkeypatch, key, where):
    write(project, f'[profiles.x{where}]\nsource = "any"\n{key} = "data/one"\n')
    monkeypatch.chdir(project.parent)
    settings = load_profile("x", folder=project).signals["metrics"].settings
    assert settings == {key: str(project / "data/one")}


def test_absolute_path_and_home_stay_what_they_are(project, monkeypatch):
    monkeypatch.setenv("HOME", str(project.parent))
    write(project, '[profiles.x]\nsource = "any"\npath = "/srv/data"\nca_file = "~/ca.pem"\n')
    settings = load_profile("x").signals["logs"].settings
    assert settings == {"path": "/srv/data", "ca_file": str(project.parent / "ca.pem")}


def test_only_paths_are_counted_from_the_folder(project):
    write(project, '[profiles.x]\nsource = "any"\nurl = "here"\nca_file = ""\nheaders = {path = "a"}\n')
    settings = load_profile("x").signals["logs"].settings
    assert settings == {"url": "here", "ca_file": "", "headers": {"path": "a"}}


def test_relative_path_of_a_variable_or_an_address_stays_with_the_working_directory(project, monkeypatch):
    write(project, LAPTOP)
    monkeypatch.setenv("OBSLIB_LAPTOP_PATH", "elsewhere")
    assert load_profile("laptop").signals["logs"].settings["path"] == "elsewhere"
    assert parse_address("store:here").signals["logs"].settings["path"] == "here"


def test_secret_in_a_file_is_found_from_the_folder_of_the_profile(project, monkeypatch):
    (project / "token").write_text(TEXT)
    write(project, LAPTOP + 'token = {file = "token"}\n')
    monkeypatch.chdir(project.parent)
    assert load_profile("laptop", folder=project).signals["logs"].settings["token"].reveal() == TEXT


def test_settings_that_a_source_knows_pass():
    config.known_keys({"path": "x"}, {"path", "retention"}, source="store")


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("pth", "did you mean 'path'?"),
        ("scrape_intervall", "did you mean 'scrape_interval'?"),
        ("zzz", "known: now, path, scrape_interval."),
        ("now", "set it for the whole profile, not for one signal."),
    ],
)
def test_setting_that_a_source_does_not_know_offers_the_nearest(key, fix):
    with pytest.raises(InputError, match=f"the source store has no setting '{key}'") as caught:
        config.known_keys({"path": "x", key: 1}, {"path"}, source="store")
    assert caught.value.fix == fix


# ---- secrets


@pytest.mark.parametrize("key", sorted(config.SECRET_KEYS))
def test_secrets_come_from_the_environment_by_reference(project, monkeypatch, key):
    monkeypatch.setenv("MINE", TEXT)
    write(project, LAPTOP + f'{key} = {{env = "MINE"}}\n')
    profile = load_profile("laptop")
    assert profile.signals["logs"].settings[key].reveal() == TEXT
    assert TEXT not in repr(profile)


@pytest.mark.parametrize("key", sorted(config.SECRET_KEYS))
@pytest.mark.parametrize("signal", ["", "LOGS_"])
def test_secrets_come_from_the_environment_by_name(project, monkeypatch, key, signal):
    write(project, LAPTOP)
    monkeypatch.setenv(f"OBSLIB_LAPTOP_{signal}{key.upper()}", TEXT)
    secret = load_profile("laptop").signals["logs"].settings[key]
    assert type(secret) is Secret
    assert secret.reveal() == TEXT
    assert secret.origin == f"environment variable OBSLIB_LAPTOP_{signal}{key.upper()}"


def test_variable_wins_over_a_reference_and_over_plain_text(project, monkeypatch):
    monkeypatch.setenv("OBSLIB_LAPTOP_TOKEN", TEXT)
    write(project, LAPTOP + 'token = {env = "ABSENT"}\n')
    assert load_profile("laptop").signals["logs"].settings["token"].reveal() == TEXT


@pytest.mark.parametrize("value", [f'"{TEXT}"', "20261101", f'["{TEXT}"]'])
def test_plain_text_secret_is_refused_and_nowhere_to_be_seen(project, value):
    write(project, LAPTOP + f"token = {value}\n")
    with pytest.raises(InputError, match="must be a reference to a secret") as caught:
        load_profile("laptop")
    shown = everything_of(caught.value)
    assert TEXT not in shown
    assert "20261101" not in shown


@pytest.mark.parametrize("url", [f"https://ada:{TEXT}@prom.example.com/x", f"http://:{TEXT}@prom"])
def test_password_in_a_url_is_refused_and_nowhere_to_be_seen(project, url):
    write(project, f'[profiles.prod]\nsource = "prometheus"\nurl = "{url}"\n')
    with pytest.raises(InputError, match="has a password in its URL") as caught:
        load_profile("prod")
    assert TEXT not in everything_of(caught.value)


@pytest.mark.parametrize(
    "broken", ["metrics = 3\n", "[profiles.laptop.metrics]\nsource = 3\n", "password = {vault = 'x'}\n"]
)
def test_other_faults_do_not_show_the_secrets_of_the_environment(project, monkeypatch, broken):
    monkeypatch.setenv("OBSLIB_LAPTOP_TOKEN", TEXT)
    monkeypatch.setenv("OBSLIB_LAPTOP_LOGS_TOKEN", TEXT)
    write(project, LAPTOP + broken)
    with pytest.raises(InputError) as caught:
        load_profile("laptop")
    assert TEXT not in everything_of(caught.value)


def test_broken_file_does_not_show_a_secret_that_should_not_be_in_it(project):
    write(project, f'[profiles.x]\ntoken = "{TEXT}"\nsource = store\n')
    with pytest.raises(InputError, match="is not valid TOML") as caught:
        load_profile("x")
    assert TEXT not in everything_of(caught.value)


# ---- addresses and folders


@pytest.mark.parametrize(
    ("address", "source", "settings"),
    [
        ("prometheus+https://prom.example.com/x", "prometheus", {"url": "https://prom.example.com/x"}),
        ("elastic+http://localhost:9200", "elastic", {"url": "http://localhost:9200"}),
        ("store:telemetry/day", "store", {"path": "telemetry/day"}),
        ("store://telemetry", "store", {"path": "telemetry"}),
        ("prometheus+https://ada@prom/x", "prometheus", {"url": "https://ada@prom/x"}),
    ],
)
def test_addresses(address, source, settings):
    profile = parse_address(address)
    assert isinstance(profile, Profile)
    assert {binding.source for binding in profile.signals.values()} == {source}
    assert profile.signals["logs"].settings == settings


@pytest.mark.parametrize("name", ["demo", "prod", "prod_eu", "C", ""])
def test_names_are_no_addresses(name):
    assert parse_address(name) is None


def test_address_with_a_password_is_refused_without_showing_it():
    with pytest.raises(InputError, match="has a password in its URL") as caught:
        parse_address(f"prometheus+https://ada:{TEXT}@prom")
    assert TEXT not in str(caught.value)


def test_folders_follow_the_environment(project, monkeypatch):
    assert config.user_folder() == user(project)
    assert config.data_folder() == project.parent / "home/cache/obslib"
    monkeypatch.setenv("OBSLIB_HOME", str(project / "here"))
    assert config.data_folder() == project / "here"
    monkeypatch.delenv("OBSLIB_HOME")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(project))
    assert config.data_folder() == project / ".cache/obslib"
