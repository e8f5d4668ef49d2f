from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.calls.auth import AccessKey, OAuth
from gainsight_api.connect import connect
from gainsight_api.errors import ConfigError
from gainsight_api.quota import Budget, QuotaExhaustedError
from gainsight_api.settings import ConnectionSettings
from tests.api.conftest import GOOD, refused

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_api.calls.session import Session
    from tests.api.conftest import Connect, Server, Time


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
        timeline_calls_per_minute=5,
        bulk_calls_per_hour=3,
        bulk_calls_per_day=4,
    )
    limits = [
        window.window.limit
        for budget in (Budget.SYNC, Budget.BULK, Budget.TIMELINE)
        for window in session.quota.remaining(budget).windows
    ]
    assert limits == [1, 2, 3, 4, 5]


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
