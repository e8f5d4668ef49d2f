"""The SDK's own target suite, into objects made from its files."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_target_test_class, target_test_streams
from singer_sdk.testing.runners import TargetTestRunner

from gainsight_sandbox import DataType, Field, ManualClock, Sandbox, custom_object
from target_gainsight.outcomes.tally import RejectsError
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gainsight_sandbox import ObjectSchema

_SYSTEM = {"Gsid", "CreatedDate", "CreatedBy", "ModifiedDate", "ModifiedBy"}
_WITHOUT_KEYS = {
    "test_no_pk",
    "test_object_schema_with_properties",
    "test_object_schema_no_properties",
    "string_formats",  # from singer-sdk 0.55 on
}


def _object_of(stream: str) -> str:
    return "".join(filter(str.isalnum, stream)).lower() + "__gc"


def _data_type(schema: Mapping[str, Any]) -> DataType:
    types = schema.get("type", [])
    if "integer" in types or "number" in types:
        return DataType.NUMBER
    if "boolean" in types:
        return DataType.BOOLEAN
    return DataType.STRING


def _streams() -> dict[str, dict[str, Any]]:
    """All properties of the streams of the suite's files."""
    found: dict[str, dict[str, Any]] = {}
    for file in importlib.resources.files(target_test_streams).iterdir():
        if file.name.endswith(".singer"):
            for line in file.read_text(encoding="utf-8").splitlines():
                message = json.loads(line)
                if message["type"] == "SCHEMA":
                    properties = message["schema"].get("properties", {})
                    found.setdefault(message["stream"], {}).update(properties)
    return found


def _objects() -> list[ObjectSchema]:
    return [
        custom_object(
            _object_of(stream),
            *(
                Field(name, _data_type(schema))
                for name, schema in properties.items()
                if name not in _SYSTEM
            ),
        )
        for stream, properties in _streams().items()
    ]


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    with Sandbox(empty=True, clock=ManualClock(), objects=_objects()) as sandbox:
        yield sandbox


class _Target(TargetGainsight):
    clock = ManualClock()


_Suite = get_target_test_class(_Target, config={}, suite_config=SuiteConfig())


class TestTargetGainsight(_Suite):  # type: ignore[misc, valid-type]
    @pytest.fixture
    def rejects(self, tmp_path: Path) -> Path:
        return tmp_path / "rejects"

    @pytest.fixture
    def runner(self, tenant: Sandbox, rejects: Path) -> Iterator[TargetTestRunner]:
        streams: list[dict[str, Any]] = [
            {
                "name": stream,
                "object": _object_of(stream),
                "operation": "insert" if stream in _WITHOUT_KEYS else "upsert",
                **({"keys": ["id"]} if stream == "example_stream" else {}),
            }
            for stream in _streams()
        ]
        runner = TargetTestRunner(
            _Target,
            config={
                "domain": tenant.url,
                "access_key": tenant.access_key,
                "quota_store": "memory",
                "rejects_path": str(rejects),
                "streams": streams,
                "sync_calls_per_minute": 10_000,
            },
            suite_config=SuiteConfig(),
        )
        yield runner
        if runner.target_input:
            runner.target_input.close()

    def test_target_record_missing_key_property(
        self, runner: TargetTestRunner, rejects: Path
    ) -> None:
        """Here a record without its key is a reject, and no crash."""
        folder = importlib.resources.files(target_test_streams)
        runner.input_filepath = folder / "record_missing_key_property.singer"
        with pytest.raises(RejectsError):
            runner.sync_all()
        [line] = (rejects / "test_record_missing_key_property.jsonl").read_text().splitlines()
        assert json.loads(line)["errors"][0]["code"] == "MISSING_KEY"
        assert json.loads(line)["record"] == {"metric": 8214}

    def test_multiple_state_messages(self, runner: TargetTestRunner) -> None:
        """A state is written once what comes before it is loaded."""
        folder = importlib.resources.files(target_test_streams)
        runner.input_filepath = folder / "multiple_state_messages.singer"
        runner.sync_all()
        assert runner.state_messages[-1] == {
            "test_multiple_state_messages_a": 5,
            "test_multiple_state_messages_b": 6,
        }

    def test_the_last_of_several_records_of_a_key_counts(
        self, runner: TargetTestRunner, tenant: Sandbox
    ) -> None:
        folder = importlib.resources.files(target_test_streams)
        runner.input_filepath = folder / "duplicate_records.singer"
        runner.sync_all()
        rows = tenant.tenant.rows(_object_of("test_duplicate_records"))
        assert sorted((int(str(row["id"])), int(str(row["metric"]))) for row in rows) == [
            (1, 100),
            (2, 20),
        ]
