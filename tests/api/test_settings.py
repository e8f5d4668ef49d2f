from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.settings import CONNECTION_SETTINGS, with_defaults
from tests.api.conftest import GOOD, refused

if TYPE_CHECKING:
    from tests.api.conftest import Connect

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
    "timeline_calls_per_minute": 200,
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


# Bad settings.

NUMBERS = [name for name, schema in CONNECTION_SETTINGS.items() if "string" not in schema["type"]]
TEXTS = [name for name in CONNECTION_SETTINGS if name not in NUMBERS]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["hidden", True, [], {}, float("nan"), float("inf"), -1])
def test_a_number_setting_of_another_kind_is_named(name: str, value: object) -> None:
    assert f"`{name}`" in refused({**GOOD, name: value})


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - MAY_BE_ZERO))
def test_a_setting_that_must_be_more_than_zero_is_named(name: str) -> None:
    assert f"`{name}`" in refused({**GOOD, name: 0})


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("max_retries", -1, "must be at least 0"),
        ("sync_calls_per_minute", 0, "must be at least 1"),
        ("request_timeout", 0, "must be more than 0"),
        ("quota_reserve_percent", 100, "must be at most 99"),
        ("max_quota_wait", float("inf"), "is not a finite number"),
    ],
)
def test_a_number_out_of_bounds_names_the_bound(name: str, value: float, bound: str) -> None:
    assert refused({**GOOD, name: value}) == f"setting `{name}` {bound}"


@pytest.mark.parametrize("name", [name for name in NUMBERS if "calls" in name or "retr" in name])
def test_a_setting_that_must_be_whole_is_named(name: str) -> None:
    assert f"`{name}`" in refused({**GOOD, name: 1.5})


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", [5, True, ["hidden"], {"hidden": 1}])
def test_a_text_setting_of_another_kind_is_named(name: str, value: object) -> None:
    assert f"`{name}`" in refused({**GOOD, name: value})


def test_a_bad_choice_is_named_with_the_choices() -> None:
    text = refused({**GOOD, "on_quota_exhausted": "hidden"})
    assert "`on_quota_exhausted`" in text
    assert "wait" in text
    assert "fail" in text
