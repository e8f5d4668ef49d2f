"""Discovery: which streams there are, and what they look like."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_sandbox import DataType, Field, ManualClock, ObjectSchema, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from tests.api.conftest import enveloped
from tests.hostile import Hostile
from tests.tap.support import THING, make_tap, status_of_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.api.conftest import Reply, Request

LOCKED = replace(THING, name="locked__gc", readable=False)
FIELDS = ObjectSchema(
    "fields__gc",
    (
        Field("Gsid", DataType.GSID),
        *(Field(f"{kind.name}__gc", kind.value) for kind in DataType),
        Field("UNKNOWN__gc", "SOMETHING_NEW"),
        Field("Hidden__gc", hidden=True),
        Field("ModifiedDate", DataType.DATETIME, hidden=True),
    ),
)
DATES = {
    "modified": ["ModifiedAt", "LastModifiedDate", "ModifiedDate"],
    "last": ["DeletedOn", "ModifiedAt", "LastModifiedDate"],
    "at": ["DeletedOn", "ModifiedAt"],
    "deleted": ["CreatedDate", "DeletedOn"],
    "created": ["CreatedDate", "ActivityDate"],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(demo=False, clock=ManualClock()) as running:
        running.tenant.add_object(THING)
        running.tenant.add_object(LOCKED)
        running.tenant.add_object(FIELDS)
        for name, dates in DATES.items():
            fields = [Field("id"), *(Field(date, DataType.DATETIME) for date in dates)]
            running.tenant.add_object(ObjectSchema(name, tuple(fields)))
        # A date that is none.
        text = Field("ModifiedDate", DataType.STRING)
        running.tenant.add_object(ObjectSchema("text", (Field("Name"), text)))
        yield running


def streams(sandbox: Sandbox, **settings: Any) -> dict[str, dict[str, Any]]:
    catalog = make_tap(sandbox, **settings).catalog_dict
    return {entry["tap_stream_id"]: entry for entry in catalog["streams"]}


def test_there_is_a_stream_for_each_readable_object_and_one_for_deletions(
    sandbox: Sandbox,
) -> None:
    expected = {THING.name, FIELDS.name, "text", *DATES, "deleted_records"}
    assert streams(sandbox).keys() == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["thing__gc"], {"thing__gc"}),
        (["*__gc"], {"thing__gc", "fields__gc"}),
        (["t*"], {"thing__gc", "text"}),
        (["thing__gc", "t*"], {"thing__gc", "text"}),
        (["[lm]a*", "?t"], {"last", "at"}),
        (["nothing_*"], set()),
        (["record_delete_log", "text"], {"text"}),
        (["*"], {"thing__gc", "fields__gc", "text", *DATES}),
    ],
)
def test_objects_are_chosen_by_name_and_by_glob(
    sandbox: Sandbox, wanted: list[str], expected: set[str]
) -> None:
    assert streams(sandbox, objects=wanted).keys() == expected | {"deleted_records"}


@pytest.mark.parametrize("name", ["things__gc", "company"])
def test_a_name_that_does_not_exist_is_an_error_that_says_so(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ConfigError, match=f"`objects`: the object '{name}' does not exist"):
        streams(sandbox, objects=["thing__gc", name])


def test_all_names_that_are_wrong_are_told_at_once(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError) as caught:
        _ = make_tap(sandbox, objects=["compnay", "persn"], streams=[{"object": "usr"}]).streams
    assert [name for name in ("compnay", "persn", "usr") if name not in str(caught.value)] == []


def test_a_name_that_may_not_be_read_is_an_error_that_says_so(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError, match="'locked__gc' may not be read"):
        streams(sandbox, objects=["thing__gc", "locked__gc"])
    assert "locked__gc" not in streams(sandbox, objects=["*"])


def test_only_what_is_wanted_is_described(sandbox: Sandbox) -> None:
    before = len(sandbox.log)
    streams(sandbox, objects=["t*"])
    described = [
        entry.payload()["objectNames"]
        for entry in list(sandbox.log)[before:]
        if entry.kind is CallKind.METADATA and entry.path.endswith("describe")
    ]
    assert described == [["thing__gc", "text"]]


def test_the_replication_key_is_the_first_date_time_of_those_that_tell_a_change(
    sandbox: Sandbox,
) -> None:
    found = streams(sandbox)
    keys = {name: found[name].get("replication_key") for name in (*DATES, "text")}
    assert keys == {
        "modified": "ModifiedDate",
        "last": "LastModifiedDate",
        "at": "ModifiedAt",
        "deleted": "DeletedOn",
        "created": None,
        "text": None,
    }
    methods = {name: found[name]["replication_method"] for name in keys}
    assert methods == {name: "INCREMENTAL" if key else "FULL_TABLE" for name, key in keys.items()}


def test_the_key_is_gsid_or_id_or_none(sandbox: Sandbox) -> None:
    found = streams(sandbox)
    assert tuple(found["thing__gc"]["key_properties"]) == ("Gsid",)
    assert tuple(found["at"]["key_properties"]) == ("id",)
    assert not found["text"]["key_properties"]
    deleted = found["deleted_records"]
    assert tuple(deleted["key_properties"]) == ("ObjectName", "RecordId", "DeletedOn")
    assert deleted["replication_key"] == "DeletedOn"


def test_every_data_type_has_its_json_type_and_only_keys_are_not_nullable(
    sandbox: Sandbox,
) -> None:
    properties = streams(sandbox)["fields__gc"]["schema"]["properties"]
    shapes = {name: (schema["type"], schema.get("format")) for name, schema in properties.items()}
    assert shapes.pop("Gsid") == (["string"], None)
    special = {
        "NUMBER__gc": (["number", "null"], None),
        "CURRENCY__gc": (["number", "null"], None),
        "PERCENTAGE__gc": (["number", "null"], None),
        "BOOLEAN__gc": (["boolean", "null"], None),
        "JSONNUMBER__gc": (["number", "null"], None),
        "JSONBOOLEAN__gc": (["boolean", "null"], None),
        "DATE__gc": (["string", "null"], "date"),
        "DATETIME__gc": (["string", "null"], "date-time"),
        "ModifiedDate": (["string", "null"], "date-time"),
    }
    assert shapes == {name: special.get(name, (["string", "null"], None)) for name in shapes}
    assert len(shapes) == len(DataType) + 3


def test_hidden_fields_are_there_and_not_selected_unless_they_are_keys(sandbox: Sandbox) -> None:
    metadata = {
        tuple(item["breadcrumb"]): item["metadata"]
        for item in streams(sandbox)["fields__gc"]["metadata"]
    }
    assert metadata["properties", "Hidden__gc"]["selected-by-default"] is False
    assert metadata["properties", "Hidden__gc"]["inclusion"] == "available"
    assert metadata["properties", "ModifiedDate"]["inclusion"] == "automatic"
    assert metadata["properties", "ModifiedDate"].get("selected-by-default") is not False
    assert metadata["properties", "STRING__gc"].get("selected-by-default") is not False


def test_a_name_in_another_case_is_the_objects_own_stream(sandbox: Sandbox) -> None:
    assert streams(sandbox, objects=["Thing__GC"]).keys() == {"thing__gc", "deleted_records"}


def test_an_object_without_readable_fields_does_not_vanish_without_a_word(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    def bare(request: Request, _: int, own: Callable[[], Reply]) -> Reply | None:
        if not request.path.endswith("describe"):
            return None
        reply = json.loads(own().body)
        for found in reply["data"]:
            found["fields"] = found["fields"] if found["objectName"] == "text" else []
        return enveloped(reply)

    with Hostile(sandbox, bare) as hostile:
        assert streams(sandbox, domain=hostile.url).keys() == {"text", "deleted_records"}
        assert "thing__gc has no stream" in caplog.text
        named: list[dict[str, Any]] = [
            {"objects": ["thing__gc"]},
            {"objects": ["text"], "streams": [{"object": "thing__gc"}]},
        ]
        for settings in named:
            with pytest.raises(ConfigError, match="'thing__gc' has no field that can be read"):
                streams(sandbox, domain=hostile.url, **settings)


def test_a_discovery_that_waits_for_a_call_prints_nothing_but_the_catalog(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = status_of_command(
        sandbox, tmp_path, "--discover", sync_calls_per_day=1, on_quota_exhausted="fail"
    )
    assert status == 1
    assert capsys.readouterr().out == ""
