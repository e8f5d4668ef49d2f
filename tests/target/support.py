"""Runs of the target against a sandbox, in this process, and what they print."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.metadata import GainsightObject
from gainsight_sandbox import DataType, Field, Option, custom_object
from target_gainsight.incoming.batch import Batch
from target_gainsight.incoming.storage import Storage
from target_gainsight.loading.routing import build_route
from target_gainsight.settings import TargetSettings
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from gainsight_api.objects import metadata
    from gainsight_sandbox import ObjectSchema, Sandbox
    from target_gainsight.loading.route import Route

COLOURS = (
    Option("Red", "1I00RED"),
    Option("Blue", "1I00BLUE"),
    Option("Old", "1I00OLD", active=False),
)

THING = "thing__gc"


def thing(name: str = THING, *, high_volume: bool = False) -> ObjectSchema:
    """An object with a field of every kind, and one that must be there."""
    return custom_object(
        name,
        Field("Name", length=40, required=True),
        Field("Code__gc"),
        Field("Number__gc", DataType.NUMBER, decimal_places=9),
        Field("Rate__gc", DataType.PERCENTAGE, decimal_places=9),
        Field("Active__gc", DataType.BOOLEAN),
        Field("Day__gc", DataType.DATE),
        Field("At__gc", DataType.DATETIME),
        Field("Colour__gc", DataType.PICKLIST, options=COLOURS),
        Field("Colours__gc", DataType.MULTISELECT, options=COLOURS),
        Field("Text__gc", DataType.RICHTEXTAREA),
        Field("Company_Name__gc"),
        Field("Company__gc", DataType.LOOKUP, lookup="company"),
        high_volume=high_volume,
    )


def schema(stream: str = THING, *names: str, keys: Iterable[str] = ("Name",)) -> dict[str, Any]:
    """A SCHEMA message."""
    properties: dict[str, Any] = {name: {} for name in names or ("Name", "Code__gc")}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": list(keys),
    }


def record(stream: str = THING, **values: Any) -> dict[str, Any]:
    """A RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": values}


def records(count: int, stream: str = THING, **values: Any) -> list[dict[str, Any]]:
    """RECORD messages of things named n0, n1, …; `{}` in a text value becomes the number."""
    return [
        record(
            stream,
            Name=f"n{index}",
            **{
                name: value.format(index) if isinstance(value, str) else value
                for name, value in values.items()
            },
        )
        for index in range(count)
    ]


def state(value: Any) -> dict[str, Any]:
    """A STATE message."""
    return {"type": "STATE", "value": value}


def route_of(fields: dict[str, metadata.Field], /, **settings: Any) -> Route:
    """The route of the stream `thing` into an object of some fields."""
    given = TargetSettings.from_config({"domain": "acme", **settings}).for_stream("thing")
    found = GainsightObject("thing", "Thing", fields)
    return build_route("thing", (), given, found, connector=False)


def batch_of(records: Iterable[Mapping[str, Any]]) -> Batch:
    """A batch of records, which are the first of their run."""
    batch = Batch(Storage())
    for number, values in enumerate(records, 1):
        batch.extend([json.dumps(values).encode()], range(number, number + 1))
    return batch


@dataclass
class Output:
    """What a run did."""

    states: list[Any] = field(default_factory=list)
    error: Exception | None = None
    stderr: str = ""


def config_for(sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
    """Settings for a sandbox, with a quota of their own."""
    return {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": "memory",
        "job_poll_interval": 1,
        **settings,
    }


def make_target(sandbox: Sandbox, rejects: Path, **settings: Any) -> TargetGainsight:
    """A target that shares the sandbox's clock."""

    class TestTarget(TargetGainsight):
        clock = sandbox.clock

    return TestTarget(config=config_for(sandbox, rejects_path=str(rejects), **settings))


def as_lines(messages: Iterable[Mapping[str, Any] | str]) -> str:
    return "".join(
        (message if isinstance(message, str) else json.dumps(message)) + "\n"
        for message in messages
    )


def run(target: TargetGainsight, *messages: Mapping[str, Any] | str) -> Output:
    """Feed messages until the end of the pipe; an error ends it, and is in the output."""
    output = Output()
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        try:
            target.listen(io.StringIO(as_lines(messages)))
        except Exception as exc:  # noqa: BLE001 - the test looks at it
            output.error = exc
    output.states = [json.loads(line) for line in printed.getvalue().splitlines()]
    output.stderr = said.getvalue()
    return output


def emptied(sandbox: Sandbox) -> Sandbox:
    """A tenant without the records of the objects that have an API of their own, and its past."""
    sandbox.faults.clear()
    sandbox.clock.sleep(sandbox.quirks.timeline_seconds)
    for name in ("person", "company_person", "call_to_action", "activity_timeline", "company"):
        sandbox.tenant.delete(name, [str(row["Gsid"]) for row in sandbox.tenant.rows(name)])
    sandbox.journal.clear()
    sandbox.log.clear()
    return sandbox


@dataclass
class Runner:
    """Runs targets against one sandbox."""

    sandbox: Sandbox
    rejects: Path

    def load(self, *messages: Mapping[str, Any] | str, **settings: Any) -> Output:
        """Feed messages to a new target."""
        return run(make_target(self.sandbox, self.rejects, **settings), *messages)

    def loaded(self, *messages: Mapping[str, Any] | str, **settings: Any) -> Output:
        """The same, where nothing may go wrong."""
        output = self.load(*messages, **settings)
        if output.error:
            raise output.error
        return output

    def letters(self, stream: str = THING) -> list[dict[str, Any]]:
        """A stream's dead letters."""
        path = self.rejects / f"{stream}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def rows(self, name: str = THING, key: str = "Name") -> dict[Any, dict[str, Any]]:
        """An object's records by their names, once deletions are done."""
        self.sandbox.clock.sleep(self.sandbox.quirks.delete_seconds)
        return {row[key]: row for row in self.sandbox.tenant.rows(name)}
