"""Routes into objects with an API of their own, whatever their descriptions say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_api.objects.metadata import Field, GainsightObject
from target_gainsight.loading.route import LoadMode, Operation, Route
from target_gainsight.own_apis.cta_fields import is_sent
from target_gainsight.own_apis.routes import route_to
from target_gainsight.rows.mapping import RecordMap
from target_gainsight.settings import TargetSettings


def route_of(name: str, *fields: Field) -> Route:
    settings = TargetSettings.from_config({"domain": "acme", "keys": ["Ref__gc"]})
    found = GainsightObject(name, name, {field.name: field for field in fields}, high_volume=True)
    return route_to("thing", (), settings.for_stream("thing"), found, connector=False)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        (
            "person",
            {"operation": "insert", "deletes": "delete", "load_mode": "bulk", "keys": ["Ref__gc"]},
            ["deletes persons", "only upserted", "by Email", "import jobs cannot write"],
        ),
        (
            "call_to_action",
            {"deletes": "delete", "load_mode": "bulk", "keys": ["nowhere"]},
            ["deletes calls to action", "no field 'nowhere'", "import jobs cannot write"],
        ),
        (
            "activity_timeline",
            {"deletes": "delete", "fields": {"x": "nowhere"}},
            ["deletes activities", "told apart by ExternalId", "no field 'nowhere'"],
        ),
    ],
)
def test_all_mistakes_are_told_at_once(
    name: str, settings: dict[str, Any], words: list[str]
) -> None:
    given = TargetSettings.from_config({"domain": "acme", **settings}).for_stream("thing")
    found = GainsightObject(name, name, {"Ref__gc": REF})
    with pytest.raises(ConfigError) as caught:
        route_to("thing", (), given, found, connector=False)
    assert [word for word in words if word not in str(caught.value)] == []


REF, NAME = Field("Ref__gc", "Ref", "STRING"), Field("Name", "Name", "STRING")
COMPANY = Field("CompanyId", "Company", "LOOKUP", updateable=False)


@pytest.mark.parametrize("name", ["call_to_action", "activity_timeline"])
def test_a_description_that_lets_nothing_be_written_is_not_of_these_calls(name: str) -> None:
    fields = [
        replace(field, createable=False, updateable=False)
        for field in (REF, NAME, Field("Gsid", "Gsid", "GSID"))
    ]
    route = route_of(name, *fields)
    mapping = RecordMap(route, lambda _: ())
    assert route.load_mode is LoadMode.REST
    assert mapping.left_out(["Ref__gc", "Name", "Gsid", "Nope"]) == ["Gsid", "Nope"]


@pytest.mark.parametrize("name", ["person", "call_to_action", "activity_timeline"])
def test_what_a_query_does_not_show_as_it_was_written_is_always_sent(name: str) -> None:
    settings = {"domain": "acme", "unchanged": "skip", "keys": ["Email"]}
    given = TargetSettings.from_config(settings).for_stream("thing")
    found = GainsightObject(name, name, {"Email": Field("Email", "Email", "EMAIL")})
    assert not route_to("thing", (), given, found, connector=False).skip_unchanged


def test_a_field_that_only_creates_take_goes_with_creates_alone() -> None:
    route = route_of("call_to_action", REF, NAME, COMPANY)
    assert RecordMap(route, lambda _: ()).left_out(["CompanyId", "Name"]) == []
    described = route.object.fields
    assert is_sent(described["CompanyId"], Operation.INSERT)
    assert not is_sent(described["CompanyId"], Operation.UPDATE)
    assert is_sent(described["Name"], Operation.UPDATE)
    assert is_sent(described.get("nowhere"), Operation.UPDATE)
