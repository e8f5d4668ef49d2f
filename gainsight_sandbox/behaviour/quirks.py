"""What Gainsight's documents leave open or contradict, each as a setting of the tenant.

The defaults are what the documents say or show; where they are silent, what working clients see.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo


class DateForm(StrEnum):
    """How a reply writes dates and date-times."""

    ISO = "iso"  # 2022-06-23T09:37:02.000Z
    ISO_SHORT = "iso-short"  # 2022-06-23T09:37:02Z, milliseconds only if there are any
    EPOCH = "epoch"  # milliseconds since 1970
    SPACE = "space"  # 2022-06-23 09:37:02.0


class QueryShape(StrEnum):
    """Where a query's records stand in its reply."""

    RECORDS = "records"  # data.records
    LIST = "list"  # data


class QueryEmpty(StrEnum):
    """How a query without a match is answered."""

    LIST = "list"  # an empty list
    NO_DATA = "no-data"  # result false, GSOBJ_1XXX
    NOT_FOUND = "not-found"  # HTTP 400, GSOBJ_1011


class QueryNull(StrEnum):
    """How a query's record shows a field without a value."""

    NULL = "null"
    EMPTY = "empty"  # "" for texts, [] for multi-selects


class MultiSelect(StrEnum):
    """How a query's record shows a multi-select."""

    LIST = "list"
    JOINED = "joined"  # ids joined by ;


class ExportEmpty(StrEnum):
    """What a completed export of no rows lists as its chunks."""

    LIST = "list"
    NULL = "null"
    HEADER = "header"  # one chunk of 0 rows


class BooleanForm(StrEnum):
    """How an export CSV writes booleans."""

    LOWER = "true"
    UPPER = "TRUE"
    DIGIT = "1"


class Quoting(StrEnum):
    """Which cells of an export CSV are in quotes."""

    ALL = "all"
    MINIMAL = "minimal"


class LineEnd(StrEnum):
    """How an export CSV ends its lines."""

    LF = "lf"
    CRLF = "crlf"


class NotNull(StrEnum):
    """Which spelling of "is not null" is understood; the article prints IS_NOT_NUL."""

    BOTH = "both"
    PRINTED = "IS_NOT_NUL"
    CORRECT = "IS_NOT_NULL"


class ListOperators(StrEnum):
    """Which spelling of includes and excludes is understood."""

    BOTH = "both"
    INCLUDES = "INCLUDES"  # and EXCLUDES
    IN = "IN"  # and NOT_IN


class Refusal(StrEnum):
    """How a call without a valid key is answered."""

    UNAUTHORIZED = "401"  # GS_APIG_2401
    BAD_REQUEST = "400"  # GSOBJ_1024


class JobCalls(StrEnum):
    """Which budget the status and chunk calls of an export job use up."""

    NONE = "none"
    SYNC = "sync"
    BULK = "bulk"


class Partial(StrEnum):
    """Whether a reply to several records confirms fewer, as the article's sample of 3 does."""

    NONE = "none"
    WRITTEN = "written"  # the last one is not confirmed, but written
    SKIPPED = "skipped"  # the last one is neither confirmed nor written


class ManyMatches(StrEnum):
    """What an update does whose keys match several records."""

    ERROR = "error"  # GSOBJ_1008
    ALL = "all"  # all are changed


class ImportApi(StrEnum):
    """Which API for import jobs the tenant has."""

    BOTH = "both"
    JOBS = "jobs"  # /v1/bulk/jobs
    CONNECTOR = "connector"  # /v1.0/admin/connector/job/bulkimport


@dataclass(frozen=True, slots=True)
class Quirks:
    """The tenant's ways."""

    auth_header: str = "accesskey"
    auth_refusal: Refusal = Refusal.UNAUTHORIZED
    errors_as_200: bool = False
    retry_after: bool = False
    job_calls: JobCalls = JobCalls.NONE

    query_shape: QueryShape = QueryShape.RECORDS
    query_empty: QueryEmpty = QueryEmpty.LIST
    query_dates: DateForm = DateForm.EPOCH
    query_null: QueryNull = QueryNull.NULL
    query_multiselect: MultiSelect = MultiSelect.LIST
    query_caps_limit: bool = False

    export_empty: ExportEmpty = ExportEmpty.LIST
    export_late_errors: bool = False
    export_max_limit: int = 1_000_000
    csv_dates: DateForm = DateForm.ISO
    csv_booleans: BooleanForm = BooleanForm.LOWER
    csv_quoting: Quoting = Quoting.ALL
    csv_line_end: LineEnd = LineEnd.LF
    csv_bom: bool = False
    csv_header: bool = True
    csv_null: str = ""

    filter_zone: str = "UTC"
    filter_by_second: bool = False
    not_null_operator: NotNull = NotNull.BOTH
    list_operators: ListOperators = ListOperators.BOTH
    parentheses: bool = True
    nulls_last: bool = False
    unstable_order: bool = False
    high_volume_delete_log: bool = True

    upsert_everywhere: bool = False
    write_max_records: int = 50
    write_labels: bool = False
    write_inactive: bool = False
    write_dates: DateForm = DateForm.ISO_SHORT
    write_keeps_order: bool = False
    write_errors_null: bool = False
    write_errors_flat: bool = False
    partial: Partial = Partial.NONE
    many_matches: ManyMatches = ManyMatches.ERROR
    update_skips_unmatched: bool = False
    delete_of_missing_succeeds: bool = False
    lookup_columns_free: bool = False

    import_api: ImportApi = ImportApi.BOTH
    import_row_base: int = 1
    import_max_bytes: int = 80_000_000
    import_list_oldest_first: bool = False

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.filter_zone)
        except (ValueError, KeyError, OSError) as error:
            raise ValueError(f"there is no time zone {self.filter_zone!r}") from error


def parse_quirks(texts: dict[str, str]) -> Quirks:
    """Quirks from their names and values in text; raises ValueError for a wrong one."""
    types = get_type_hints(Quirks)
    known = [field.name for field in fields(Quirks)]
    settings: dict[str, Any] = {}
    for name, text in texts.items():
        attribute = name.replace("-", "_")
        if attribute not in known:
            raise ValueError(f"no quirk is named {name!r}; there are {', '.join(known)}")
        settings[attribute] = _parse(attribute, types[attribute], text)
    return Quirks(**settings)


def _parse(name: str, kind: type, text: str) -> object:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"quirk {name} is true or false, not {text!r}")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        choices = f"one of {', '.join(kind)}" if issubclass(kind, StrEnum) else "a whole number"
        raise ValueError(f"quirk {name} is {choices}, not {text!r}") from None
