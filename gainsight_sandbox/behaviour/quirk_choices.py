"""The values of the quirks that are a choice; `quirks` says which article each comes from."""

from __future__ import annotations

from enum import StrEnum


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
    MIXED = "mixed"  # data for company, data.records for the others


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

    JOINED = "joined"  # ids joined by ;, with another ; after several of them
    LIST = "list"


class NullOrder(StrEnum):
    """Where `orderBy` puts records without a value."""

    LARGEST = "largest"  # last ascending and first descending, as PostgreSQL does
    SMALLEST = "smallest"  # first ascending and last descending
    FIRST = "first"
    LAST = "last"


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
    FIRST = "first"  # the oldest is changed


class MultiSelectForm(StrEnum):
    """How a write call may send the items of a multi-select; import files always join them."""

    BOTH = "both"
    LIST = "list"
    TEXT = "text"  # joined by ;


class WriteCount(StrEnum):
    """What the `count` of a write's reply counts."""

    CONFIRMED = "confirmed"  # the records in the reply
    SENT = "sent"  # the records of the call
    NONE = "none"  # nothing: it is 0


class Decimals(StrEnum):
    """What becomes of a number with more decimals than its field's `decimalPlaces`."""

    ROUND = "round"  # half up
    KEEP = "keep"
    REFUSE = "refuse"  # GSOBJ_1002


class ErrorForm(StrEnum):
    """How the errors of an import job put an error."""

    SENTENCE = "sentence"  # text. (Field = value).
    CODE = "code"  # CODE: text.
    CODE_VALUE = "code-value"  # CODE: text. (Field = value).


class PeopleKey(StrEnum):
    """By which field a tenant tells persons apart."""

    EMAIL = "Email"
    EXTERNAL = "ExternalRecordID"


class PeopleReply(StrEnum):
    """What the reply to a person's write holds."""

    PERSON = "person"  # all its fields
    GSID = "gsid"
    LIST = "list"  # of the one person
    NULL = "null"


class MapForm(StrEnum):
    """How a reply holds what became of each record, by its name."""

    MAP = "map"
    LIST = "list"  # of maps of one entry each


class FailureForm(StrEnum):
    """How a reply puts why a record failed."""

    CODE = "code"  # CODE: text
    TEXT = "text"  # without a code
    OBJECT = "object"  # errorCode and errorMessage or message
    LIST = "list"  # of such objects


class GoodBesideBad(StrEnum):
    """What becomes of the good records of a call that has bad ones."""

    STORED = "stored"
    REFUSED = "refused"  # nothing is stored: HTTP 400, and the bad ones are named
    MISNAMED = "misnamed"  # likewise, but by names that no record of the call has
    UNNAMED = "unnamed"  # nothing is stored: HTTP 400, with the first error alone


class ImportApi(StrEnum):
    """Which API for import jobs the tenant has."""

    BOTH = "both"
    JOBS = "jobs"  # /v1/bulk/jobs
    CONNECTOR = "connector"  # /v1.0/admin/connector/job/bulkimport
