from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.auth import AccessKey, OAuth
from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError
from gainsight_api.quota import Budget, QuotaExhaustedError
from gainsight_api.settings import CONNECTION_SETTINGS, ConnectionSettings, with_defaults

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_api.session import Session
    from tests.api.conftest import Connect, Server, Time

SETTINGS: dict[str, Any] = {
    "domain": None,
    "access_key": None,
    "auth_header": "accesskey",
    "oauth_client_id": None,
    "oauth_client_secret": None,
    "request_timeout": 300,
    "max_retries": 8,
    "sync_calls_per_minute": 100,
    "sync_calls_per_day": 50_000,
    "bulk_calls_per_hour": 10,
    "bulk_calls_per_day": 100,
    "quota_reserve_percent": 0,
    "job_poll_interval": 5,
    "job_timeout": 7200,
    "quota_store": None,
    "on_quota_exhausted": "wait",
    "max_quota_wait": 3600,
}
SECRETS = {"access_key", "oauth_client_id", "oauth_client_secret", "quota_store"}
GOOD = {"domain": "acme", "access_key": "hidden", "quota_store": "memory"}


MAY_BE_ZERO = {"max_retries", "max_quota_wait", "quota_reserve_percent"}

# The schema.


def test_the_settings_and_their_defaults_are_the_promised_ones() -> None:
    assert {name: schema.get("default") for name, schema in CONNECTION_SETTINGS.items()} == SETTINGS
    assert with_defaults({}) == SETTINGS


def test_every_setting_is_described_for_those_who_read_about() -> None:
    for name, schema in CONNECTION_SETTINGS.items():
        assert schema["title"], name
        assert schema["description"], name


def test_secrets_are_marked_as_such() -> None:
    marked = {name for name, schema in CONNECTION_SETTINGS.items() if schema.get("secret")}
    assert marked == SECRETS
    assert all(CONNECTION_SETTINGS[name]["writeOnly"] for name in SECRETS)


def test_all_but_the_domain_may_be_null() -> None:
    strict = {name for name, schema in CONNECTION_SETTINGS.items() if "null" not in schema["type"]}
    assert strict == {"domain"}


@pytest.mark.parametrize("name", SETTINGS)
def test_null_is_the_default(name: str) -> None:
    assert with_defaults({name: None})[name] == SETTINGS[name]


def test_what_is_set_is_kept() -> None:
    assert with_defaults({"max_retries": 0})["max_retries"] == 0
    assert with_defaults({"max_quota_wait": 0})["max_quota_wait"] == 0
    assert "unknown" not in with_defaults({"unknown": 1})


def test_a_decimal_of_a_config_file_is_a_number_like_others(connected: Connect) -> None:
    assert connected("acme", request_timeout=Decimal("2.5")).timeout == 2.5


# The session.


def test_the_settings_make_the_session(connected: Connect, time: Time) -> None:
    session = connected("acme", access_key="key", request_timeout=7.5, max_retries=3)
    assert session.root == "https://acme.gainsightcloud.com/"
    assert isinstance(session.auth, AccessKey)
    assert (session.timeout, session.max_retries) == (7.5, 3)
    assert session.clock is time


def test_the_limits_are_the_settings(connected: Connect) -> None:
    session = connected(
        "acme",
        sync_calls_per_minute=1,
        sync_calls_per_day=2,
        bulk_calls_per_hour=3,
        bulk_calls_per_day=4,
    )
    limits = [
        window.window.limit
        for budget in (Budget.SYNC, Budget.BULK)
        for window in session.quota.remaining(budget).windows
    ]
    assert limits == [1, 2, 3, 4]


def test_a_part_of_every_limit_can_be_left_to_others(connected: Connect) -> None:
    session = connected("acme", quota_reserve_percent=30)
    limits = [
        window.window.limit
        for budget in (Budget.SYNC, Budget.BULK)
        for window in session.quota.remaining(budget).windows
    ]
    assert limits == [70, 35_000, 7, 70]


def test_one_call_is_left_however_much_is_reserved(connected: Connect) -> None:
    session = connected("acme", quota_reserve_percent=99)
    assert session.quota.remaining(Budget.BULK).left == 1


def test_the_longest_wait_is_a_setting(connected: Connect) -> None:
    session = connected("acme", sync_calls_per_day=1, max_quota_wait=5)
    session.quota.acquire(Budget.SYNC)
    with pytest.raises(QuotaExhaustedError, match=r"max_quota_wait \(5 s\)"):
        session.quota.acquire(Budget.SYNC)


def test_an_oauth_pair_is_a_credential(connected: Connect) -> None:
    session = connected("acme", oauth_client_id="id", oauth_client_secret="secret")
    assert isinstance(session.auth, OAuth)


def test_proxies_and_certificates_of_the_environment_are_honoured(connected: Connect) -> None:
    assert connected("acme").http.trust_env
    assert connected("https://127.0.0.1:8787").http.trust_env
    assert not connected("http://127.0.0.1:8787").http.trust_env


def test_nothing_is_called_yet(connected: Connect, server: Server) -> None:
    session = connected(server.url)
    assert server.requests == []
    assert session.quota.remaining(Budget.SYNC).windows[0].used == 0


# Who shares a budget.


def shared(tmp_path: Path, **settings: Any) -> Session:
    store = str(tmp_path / "quota.sqlite")
    return connect(
        ConnectionSettings.from_config(
            {"domain": "acme", "access_key": "key", "quota_store": store, **settings}
        )
    )


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        ({}, True),
        ({"domain": "https://ACME.gainsightcloud.com/"}, True),
        ({"auth_header": "authentication"}, True),
        ({"access_key": "another"}, False),
        ({"domain": "other"}, False),
        ({"oauth_client_id": "id", "oauth_client_secret": "secret"}, False),
    ],
)
def test_who_has_the_same_credential_shares_a_budget(
    tmp_path: Path,
    settings: dict[str, str],
    share: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    shared(tmp_path).quota.acquire(Budget.BULK)
    used = shared(tmp_path, **settings).quota.remaining(Budget.BULK).windows[0].used
    assert used == (1 if share else 0)


def test_the_store_holds_no_credential(tmp_path: Path) -> None:
    shared(tmp_path, access_key="a-hidden-key").quota.acquire(Budget.BULK)
    files = list(tmp_path.iterdir())
    assert files
    for file in files:
        assert b"a-hidden-key" not in file.read_bytes()
        assert b"acme" not in file.read_bytes()


def test_by_default_the_budget_is_kept_in_the_users_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    session = connect(ConnectionSettings.from_config({"domain": "acme", "access_key": "key"}))
    session.quota.acquire(Budget.BULK)
    assert (tmp_path / "singer-gainsight" / "quota.sqlite").is_file()


# Bad settings.

NUMBERS = [name for name, schema in CONNECTION_SETTINGS.items() if "string" not in schema["type"]]
TEXTS = [name for name in CONNECTION_SETTINGS if name not in NUMBERS]


def refused(settings: dict[str, Any]) -> str:
    """The text of the one error that a setting raises."""
    with pytest.raises(ConfigError) as caught:
        connect(ConnectionSettings.from_config(settings))
    text = str(caught.value)
    assert "hidden" not in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["hidden", True, [], {}, float("nan"), float("inf"), -1])
def test_a_number_setting_of_another_kind_is_named(name: str, value: object) -> None:
    assert f"`{name}`" in refused({**GOOD, name: value})


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - MAY_BE_ZERO))
def test_a_setting_that_must_be_more_than_zero_is_named(name: str) -> None:
    assert f"`{name}`" in refused({**GOOD, name: 0})


@pytest.mark.parametrize("name", [name for name in NUMBERS if "calls" in name or "retr" in name])
def test_a_setting_that_must_be_whole_is_named(name: str) -> None:
    assert f"`{name}`" in refused({**GOOD, name: 1.5})


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [5, True, ["hidden"], {"hidden": 1}])
def test_a_text_setting_of_another_kind_is_named(name: str, value: object) -> None:
    assert f"`{name}`" in refused({**GOOD, name: value})


@pytest.mark.parametrize("domain", [None, "", "hidden/path", "http://hidden", "user:hidden@acme"])
def test_a_bad_domain_is_named(domain: str | None) -> None:
    assert "`domain`" in refused({**GOOD, "domain": domain})


def test_a_missing_domain_is_named() -> None:
    assert "`domain`" in refused({"access_key": "hidden"})


@pytest.mark.parametrize("key", [None, "", " hidden", "hidden\n", "hid\nhidden", "hiddené", " "])
def test_a_bad_access_key_is_named(key: str | None) -> None:
    assert "`access_key`" in refused({**GOOD, "access_key": key})


@pytest.mark.parametrize("header", ["", "two words", "accesskey:", "a\nb", "é", "hidden:", " "])
def test_a_bad_header_is_named(header: str) -> None:
    assert "`auth_header`" in refused({**GOOD, "auth_header": header})


@pytest.mark.parametrize("access_key", [None, "hidden"])
@pytest.mark.parametrize("half", [{"oauth_client_id": "hidden"}, {"oauth_client_secret": "hidden"}])
def test_half_of_a_pair_is_named(half: dict[str, str], access_key: str | None) -> None:
    text = refused({**GOOD, "access_key": access_key, **half})
    assert "`oauth_client_id`" in text
    assert "`oauth_client_secret`" in text


def test_a_bad_choice_is_named_with_the_choices() -> None:
    text = refused({**GOOD, "on_quota_exhausted": "hidden"})
    assert "`on_quota_exhausted`" in text
    assert "wait" in text
    assert "fail" in text


@pytest.mark.parametrize("store", ["ftp://hidden", "/proc/hidden/quota.sqlite"])
def test_a_bad_quota_store_is_named(store: str) -> None:
    try:
        session = connect(ConnectionSettings.from_config({**GOOD, "quota_store": store}))
    except ConfigError as exc:
        text = str(exc)
    else:
        with pytest.raises(ConfigError) as caught:
            session.quota.acquire(Budget.SYNC)
        text = str(caught.value)
    assert "quota_store" in text
