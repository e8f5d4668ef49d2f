"""Streams whose schemas arrive together: few calls describe their objects, and blame no other."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_sandbox import CallKind, Effect, Fault, ManualClock, Sandbox
from tests.target.support import as_lines, make_target, record, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAMES = [f"thing{number}__gc" for number in range(30)]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    objects = [thing(name) for name in NAMES]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as tenant:
        yield tenant


def arrived(sandbox: Sandbox, folder: Path, *messages: Mapping[str, Any], **settings: Any) -> None:
    """Load messages that arrive together, as they do through a pipe."""
    source = io.TextIOWrapper(io.BytesIO(as_lines(messages).encode()))
    with contextlib.redirect_stdout(io.StringIO()):
        make_target(sandbox, folder, load_mode="rest", **settings).listen(source)


def described(sandbox: Sandbox) -> list[list[str]]:
    """The objects that each call has asked for."""
    calls = [entry for entry in sandbox.log if entry.path.endswith("/objects/describe")]
    return [entry.payload()["objectNames"] for entry in calls]


def loaded(sandbox: Sandbox) -> list[str]:
    """The objects that have records."""
    return [name for name in NAMES if sandbox.tenant.count(name)]


def feed(*names: str) -> list[dict[str, Any]]:
    """A SCHEMA of each stream, a RECORD of each, and a STATE."""
    rows = [record(name, Name="a") for name in names]
    return [*(schema(name) for name in names), *rows, state(1)]


def test_objects_of_streams_that_arrive_together_take_a_call_for_every_25(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    arrived(sandbox, tmp_path, *feed(*NAMES))
    assert described(sandbox) == [NAMES[:25], NAMES[25:]]
    assert loaded(sandbox) == NAMES


def test_streams_that_go_into_one_object_ask_for_it_once(sandbox: Sandbox, tmp_path: Path) -> None:
    streams = [{"name": "a*", "object": NAMES[0]}, {"name": "b", "object": NAMES[1]}]
    arrived(sandbox, tmp_path, *feed("a1", "b", "a2"), streams=streams)
    assert described(sandbox) == [NAMES[:2]]
    assert loaded(sandbox) == NAMES[:2]


def test_an_object_that_does_not_exist_is_told_of_its_own_stream_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    names = [*NAMES[:2], "nowhere", NAMES[2]]
    with pytest.raises(ConfigError, match=r"^stream nowhere: this tenant has no object 'nowhere'"):
        arrived(sandbox, tmp_path, *feed(*names))
    assert described(sandbox) == [names, [NAMES[0]], [NAMES[1]], ["nowhere"]]
    assert loaded(sandbox) == []


@pytest.mark.parametrize(
    "body",
    [
        {"result": True, "data": []},
        {"result": True, "data": [{"objectName": NAMES[2], "fields": []}]},
        {"result": True, "data": "text"},
        {"result": False, "errorCode": "GSOBJ_1008"},
    ],
)
def test_what_a_shared_reply_lacks_is_asked_for_alone(
    sandbox: Sandbox, tmp_path: Path, body: dict[str, Any]
) -> None:
    lacking = Fault(Effect.STATUS, on=CallKind.METADATA, status=200, body=json.dumps(body))
    sandbox.faults.add(lacking)
    arrived(sandbox, tmp_path, *feed(*NAMES[:2]))
    assert described(sandbox) == [NAMES[:2], [NAMES[0]], [NAMES[1]]]
    assert loaded(sandbox) == NAMES[:2]


def test_a_shared_call_that_fails_for_good_costs_no_stream_its_description(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.faults.add(Fault(Effect.STATUS, on=CallKind.METADATA, status=500, count=2))
    arrived(sandbox, tmp_path, *feed(*NAMES[:2]), max_retries=1)
    assert described(sandbox) == [NAMES[:2], NAMES[:2], [NAMES[0]], [NAMES[1]]]
    assert loaded(sandbox) == NAMES[:2]


def test_streams_that_maps_may_rename_are_described_by_their_new_names(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    maps = {"old": {"__alias__": f"'{NAMES[0]}'"}, "older": {"__alias__": f"'{NAMES[1]}'"}}
    arrived(sandbox, tmp_path, *feed("old", "older"), stream_maps=maps)
    assert described(sandbox) == [[NAMES[0]], [NAMES[1]]]
    assert loaded(sandbox) == NAMES[:2]


def test_a_schema_that_comes_again_is_no_other_one(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    again = schema(NAMES[0], "Name", "_sdc_deleted_at")
    arrived(sandbox, tmp_path, again, again)
    assert "Schema has changed" not in caplog.text
    arrived(sandbox, tmp_path, again, schema(NAMES[0], "Name", "Code__gc"))
    assert "Schema has changed" in caplog.text
