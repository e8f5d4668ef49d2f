"""A local Gainsight CS tenant to try and to test the connectors on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.clock import Clock, ManualClock, SystemClock
from gainsight_sandbox.behaviour.faults import Effect, Fault
from gainsight_sandbox.behaviour.job_settings import JobSettings
from gainsight_sandbox.behaviour.journal import (
    Journal,
    Outcome,
    RecordOutcome,
    SubmittedImport,
    WriteCall,
)
from gainsight_sandbox.behaviour.limits import Limits, Usage
from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import (
    BooleanForm,
    DateForm,
    Decimals,
    ErrorForm,
    ExportEmpty,
    FailureForm,
    GoodBesideBad,
    ImportApi,
    JobCalls,
    LineEnd,
    ListOperators,
    ManyMatches,
    MapForm,
    MultiSelect,
    MultiSelectForm,
    NotNull,
    NullOrder,
    Partial,
    PeopleKey,
    PeopleReply,
    QueryEmpty,
    QueryNull,
    QueryShape,
    Quoting,
    Refusal,
    WriteCount,
)
from gainsight_sandbox.behaviour.quirks import Quirks
from gainsight_sandbox.imports.data_jobs import DataJob
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema, ObjectType, Option
from gainsight_sandbox.tenant.schema_file import custom_object, read_objects
from gainsight_sandbox.wire.auth import Credentials
from gainsight_sandbox.wire.calls import Hooks, LoggedRequest

if TYPE_CHECKING:
    from gainsight_sandbox.sandbox import Sandbox

__all__ = [
    "BooleanForm",
    "CallKind",
    "Clock",
    "Credentials",
    "DataJob",
    "DataType",
    "DateForm",
    "Decimals",
    "Effect",
    "ErrorForm",
    "ExportEmpty",
    "FailureForm",
    "Fault",
    "Field",
    "GoodBesideBad",
    "Hooks",
    "ImportApi",
    "JobCalls",
    "JobSettings",
    "Journal",
    "Limits",
    "LineEnd",
    "ListOperators",
    "LoggedRequest",
    "ManualClock",
    "ManyMatches",
    "MapForm",
    "MultiSelect",
    "MultiSelectForm",
    "NotNull",
    "NullOrder",
    "ObjectSchema",
    "ObjectType",
    "Operation",
    "Option",
    "Outcome",
    "Partial",
    "PeopleKey",
    "PeopleReply",
    "QueryEmpty",
    "QueryNull",
    "QueryShape",
    "Quirks",
    "Quoting",
    "RecordOutcome",
    "Refusal",
    "Sandbox",
    "SubmittedImport",
    "SystemClock",
    "Usage",
    "WriteCall",
    "WriteCount",
    "custom_object",
    "read_objects",
]


def __getattr__(name: str) -> Any:
    """Import the server only when it is asked for, so that `--help` is quick."""
    if name == "Sandbox":
        from gainsight_sandbox.sandbox import Sandbox  # noqa: PLC0415 - see above

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
