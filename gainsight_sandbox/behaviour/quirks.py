"""What Gainsight's documents leave open or contradict, each as a setting of the tenant.

The defaults are what the documents say or show; where they are silent, what working clients see.
Each field says what it means and, in brackets, which article leaves it open:

- Bulk REST APIs: "Gainsight Bulk REST APIs",
  https://support.gainsight.com/gainsight_nxt/API_and_Developer_Docs/Bulk_API/Gainsight_Bulk_REST_APIs
- Relationship APIs: in the folder Company_and_Relationship_API, beside Bulk_API above
- Error Codes: "Error Codes for Company, Relationship, and Custom Object APIs", in that folder, too
- Data Management APIs, Timeline APIs, People API Documentation, Call To Action (CTA) API
  Documentation, Company API Documentation, Custom Object API, API Documentation Overview: articles
  of these titles on support.gainsight.com
- Gainsight Bulk API: the article of API_and_Developer_Docs/Connectors/API_Integrations
- Bulk API specification: "Gainsight CS Bulk API", an OpenAPI document published on apis.apis.io,
  which is not Gainsight's own
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a tenant does what the documents do not settle.

    On the command line a name has hyphens (`query-dates=iso`), an enumeration its values, and the
    others `true` or `false`, a number or a text.
    """

    auth_header: str = "accesskey"
    """Header of the access key. [Relationship APIs: `accesskey` in prose, `authentication` in
    tables]"""
    auth_refusal: Refusal = Refusal.UNAUTHORIZED
    """Answer to a wrong key. [Error Codes: GSOBJ_1024, HTTP 400; samples elsewhere:
    GS_APIG_2401]"""
    errors_as_200: bool = False
    """Whether refusals with HTTP 400 come with 200. [Relationship APIs: failures without a
    status]"""
    nulls_absent: bool = False
    """Whether a reply leaves out errorCode, errorDesc and message where they are null. [Data
    Management APIs: the sample of the object list has none of them]"""
    html_errors: bool = False
    """Whether refusals come as an HTML page with 200 to calls without `Accept: application/json`.
    [Relationship APIs: its table of headers names Accept without saying what it is for]"""
    gzip: bool = True
    """Whether replies are compressed for clients that ask for it. [no article says]"""
    retry_after: bool = False
    """Whether HTTP 429 has a Retry-After. [Timeline APIs: names only the header
    x-ratelimit-limit]"""
    job_calls: JobCalls = JobCalls.NONE
    """Which limit the calls about a job's progress and results count in. [Bulk REST APIs: "10 calls
    per hour", without saying which]"""

    query_shape: QueryShape = QueryShape.RECORDS
    """Where records stand. [Relationship APIs: in `data.records`; Company API Documentation: in
    `data`, perhaps of companies only]"""
    query_empty: QueryEmpty = QueryEmpty.LIST
    """Answer to a query that finds nothing. [Company API Documentation: "No data found for given
    criteria"; Error Codes: GSOBJ_1011, HTTP 400]"""
    query_dates: DateForm = DateForm.EPOCH
    """Dates in queries. [Custom Object API: "shown in epoch format"; clients have also seen ISO and
    a blank between date and time]"""
    query_null: QueryNull = QueryNull.NULL
    """A field without a value, unless it is a date. [Relationship APIs: null; Gainsight's own pages
    also read empty texts]"""
    query_null_dates: QueryNull = QueryNull.EMPTY
    """A date or date-time without a value. [Relationship APIs: no sample; live clients see empty
    texts]"""
    query_multiselect: MultiSelect = MultiSelect.JOINED
    """A multi-select's item ids: in a list, or joined by `;`. [no article shows one; Gainsight's
    own pages read them joined]"""
    query_page_records: int = 5000
    """Records that a query gives at most, whatever limit it asks for. [Relationship APIs: says only
    that 5,000 is the maximum]"""
    query_caps_limit: bool = False
    """Whether a limit over 5,000 gives 5,000 records in place of an error. [Relationship APIs: says
    only that 5,000 is the maximum]"""

    export_empty: ExportEmpty = ExportEmpty.LIST
    """The chunks of an export of no rows. [Bulk REST APIs: no sample of one]"""
    export_late_errors: bool = False
    """Whether a wrong export is accepted and its job then fails, in place of a refusal at once.
    [Bulk REST APIs: shows GSOBJ_ESS_9150 in both places]"""
    export_max_limit: int = 1_000_000
    """Rows that one job may ask for, and has if it names no limit. [Bulk REST APIs: gives the
    latter]"""
    csv_dates: DateForm = DateForm.ISO
    """Dates in an export's CSV. [Bulk REST APIs: the sample has none]"""
    csv_booleans: BooleanForm = BooleanForm.LOWER
    """Booleans in the CSV. [Bulk REST APIs: the sample has none]"""
    csv_quoting: Quoting = Quoting.ALL
    """Which cells are in quotes. [Bulk REST APIs: in the sample all, none of which needs them]"""
    csv_line_end: LineEnd = LineEnd.LF
    """How the CSV's lines end. [Bulk REST APIs: not said]"""
    csv_bom: bool = False
    """Whether a chunk begins with a byte order mark. [Bulk REST APIs: not said]"""
    csv_header: bool = True
    """Whether a chunk begins with the field names. [Bulk REST APIs: in the sample of one chunk it
    does]"""
    csv_null: str = ""
    """The cell of a field without a value. [Bulk REST APIs: the sample has none]"""

    filter_zone: str = "UTC"
    """Time zone (an IANA name) of filter times without an offset. [Data Management APIs: a sample
    has such a time, and no zone]"""
    filter_by_second: bool = False
    """Whether filters compare date-times by the second, and not by the millisecond. [no article
    says]"""
    not_null_operator: NotNull = NotNull.BOTH
    """The operator for "is not null". [Bulk REST APIs: prints IS_NOT_NUL; clients send
    IS_NOT_NULL]"""
    list_operators: ListOperators = ListOperators.BOTH
    """The operators for lists. [Bulk REST APIs: prints "INCLUDES /IN" and "EXCLUDES/ NOT_IN"]"""
    wide_operators: bool = False
    """Whether there are also the operators of Gainsight's own pages: IS_NULL for BOOLEAN, IN for
    STRING and EMAIL, BTW for numbers, CONTAINS_CS. [Bulk REST APIs: its table has none of them]"""
    contains_ignores_case: bool = True
    """Whether CONTAINS, STARTS_WITH and ENDS_WITH take upper and lower case as equal. [no article
    says; Gainsight's own pages send CONTAINS_CS to tell them apart]"""
    eq_ignores_case: bool = False
    """Whether EQ and NE do. [no article says]"""
    order_ignores_case: bool = False
    """Whether LT, GT, LTE, GTE and `orderBy` do. [no article says]"""
    parentheses: bool = True
    """Whether an expression may have parentheses. [Bulk REST APIs: only `A OR B` and `A AND B`]"""
    null_order: NullOrder = NullOrder.LARGEST
    """Where records without a value stand in an order. [Bulk REST APIs: "Order by" is silent; the
    store behind ordinary objects is a PostgreSQL]"""
    rich_text_filterable: bool = True
    """Whether filters may name RICHTEXTAREA fields; their `filterable` says so, too. [Bulk REST
    APIs: the table of operators does not have the type]"""
    unstable_order: bool = False
    """Whether records that `orderBy` leaves equal come in another order at each call. [as above]"""
    high_volume_delete_log: bool = True
    """Whether there is record_delete_log_high_volume. [Data Management APIs: names it; clients
    report tenants without it]"""
    deleted_lists: bool = True
    """Whether deleted calls to action and success plans are listed. [Retrieve Deleted Data API]"""
    deletion_modifies: bool = True
    """Whether the modified date that such a list shows is that of the deletion. [as above: finds
    what was deleted today by it, and shows no other date]"""

    upsert_everywhere: bool = False
    """Whether all objects can be upserted. [Relationship APIs: shows the call for `relationship`
    only]"""
    write_max_records: int = 50
    """Records in a write call. [API Documentation Overview: 50; Relationship APIs: silent]"""
    write_labels: bool = False
    """Whether writes may name picklist items by label. [Relationship APIs: the samples send ids]"""
    write_multiselect: MultiSelectForm = MultiSelectForm.BOTH
    """How calls may send a multi-select's items. [no article shows it; Gainsight's own pages send
    lists]"""
    write_decimals: Decimals = Decimals.ROUND
    """What becomes of decimals that a field does not show. [Error Codes: not said]"""
    write_any_email: bool = False
    """Whether EMAIL fields take texts that are no e-mail addresses. [Error Codes: not said]"""
    write_inactive: bool = False
    """Whether inactive picklist items may be written. [Error Codes: GSOBJ_1012 says
    "Invalid/Inactive"]"""
    write_dates: DateForm = DateForm.ISO_SHORT
    """Dates in the replies of writes. [Relationship APIs: `2022-06-23T09:37:02Z` in the samples]"""
    write_milliseconds: bool = False
    """Whether the dates that the tenant sets have milliseconds, or whole seconds. [Relationship
    APIs: whole seconds in the samples]"""
    write_keeps_order: bool = False
    """Whether a reply has the records in the order sent. [Relationship APIs: a sample has
    another]"""
    write_errors_null: bool = False
    """Whether `errors` of a success is null. [Relationship APIs: an empty list; clients have seen
    null]"""
    write_errors_first: bool = False
    """Whether `errors` of a failure tells only the first bad field of the first bad record.
    [Relationship APIs: the samples have one]"""
    write_count: WriteCount = WriteCount.CONFIRMED
    """What `count` of a success counts. [Relationship APIs: a sample has 2 for 3 sent]"""
    write_errors_flat: bool = False
    """Whether `errors` of a failure is one list. [Relationship APIs: a list for each record]"""
    partial: Partial = Partial.NONE
    """Records that a success does not confirm. [Relationship APIs: a sample confirms 2 of 3
    sent]"""
    keys_ignore_case: bool = False
    """Whether texts of key fields match in upper and lower case alike. [Relationship APIs: not
    said]"""
    many_matches: ManyMatches = ManyMatches.ERROR
    """An update whose keys match several records. [Relationship APIs: not said]"""
    repeated_keys_refused: bool = False
    """Whether a call is refused that has two records of equal keys. [Relationship APIs: not
    said]"""
    upsert_inserts_unknown: bool = False
    """Whether an upsert by Gsid inserts a record whose Gsid is unknown, with a Gsid of its own.
    [Relationship APIs: not said]"""
    update_skips_unmatched: bool = False
    """Whether an update passes over records that its keys do not find, if it finds any.
    [Relationship APIs: GSOBJ_1011 for a record that is not found, nothing about the others]"""
    delete_seconds: int = 2
    """When a deletion takes effect, in seconds after its call. [Relationship APIs: "Delete process
    initiated", without saying when it ends]"""
    delete_of_missing_succeeds: bool = False
    """Whether deleting a record that is not there succeeds. [Relationship APIs: not said]"""
    lookup_columns_free: bool = False
    """Whether a column that a lookup goes by need not be a field of the object. [Relationship APIs:
    in the sample it is one]"""

    people_key: PeopleKey = PeopleKey.EMAIL
    """By which field persons are told apart. [People API Documentation: a setting of the tenant;
    connectors name both]"""
    people_email_optional: bool = False
    """Whether a person may lack an Email if that is not the key. [People API Documentation: not
    said]"""
    people_ignore_case: bool = False
    """Whether keys of persons match in upper and lower case alike. [People API Documentation: not
    said]"""
    people_links_replace: bool = False
    """Whether a person's links that a write does not name are removed by one that names some.
    [People API Documentation: not said]"""
    people_reply: PeopleReply = PeopleReply.PERSON
    """What the reply holds of the person. [People API Documentation: no sample]"""

    cta_good: GoodBesideBad = GoodBesideBad.STORED
    """The good records of a call that has bad ones. [Call To Action (CTA) API Documentation: not
    readable; mock servers store them]"""
    cta_reply: MapForm = MapForm.LIST
    """How `success` and `failure` hold the records. [as above: mock servers list maps]"""
    cta_failure: FailureForm = FailureForm.CODE
    """How a failure is put. [as above: mock servers send a text, with or without a code]"""
    cta_all_mandatory: bool = False
    """Whether a new one needs a reason, status, priority and due date, too. [as above: all samples
    have them]"""

    timeline_bad: GoodBesideBad = GoodBesideBad.STORED
    """What becomes of good activities beside bad ones, and of the reply. [Timeline APIs: not
    readable; a mock server stores them]"""
    timeline_reply: MapForm = MapForm.MAP
    """How the reply holds the activities. [as above: in maps]"""
    timeline_failure: FailureForm = FailureForm.LIST
    """How a failure is put. [as above: as a list of objects]"""
    timeline_failure_singular: bool = False
    """Whether the reply names its part of failures `failure`. [as above: `failures`]"""
    timeline_silent: bool = False
    """Whether a success names no activity. [Timeline APIs: no reply is readable]"""
    timeline_seconds: int = 2
    """After how many seconds a new activity shows in queries. [Timeline APIs: not said; the `es` of
    the path hints at an index]"""
    timeline_author_needed: bool = False
    """Whether an activity needs an Author, also beside an AuthorId. [Timeline APIs: Author is
    required; a mock server takes either]"""
    timeline_counts_as_sync: bool = False
    """Whether writes to the timeline count as ordinary calls, too. [Timeline APIs: not said]"""

    import_api: ImportApi = ImportApi.BOTH
    """Which calls for import jobs there are. [Bulk API specification: /v1/bulk/jobs; Gainsight Bulk
    API: /v1.0/admin/connector/job/bulkimport]"""
    bulk_key_for_jobs: bool = False
    """Whether /v1/bulk/jobs demands the key of the GS Bulk API connection, too. [Bulk API
    specification: the ordinary key]"""
    import_absent_fails_job: bool = False
    """Whether an insert job whose file lacks a required column fails as a whole, or row by row.
    [Bulk API specification: not said]"""
    import_error_form: ErrorForm = ErrorForm.SENTENCE
    """How a job's errors put an error. [Bulk API specification: a text without a sample]"""
    import_errors_by_row: bool = False
    """Whether a job has one error for a bad row, or one for each bad field of it. [Bulk API
    specification: not said]"""
    import_counts_flat: bool = False
    """Whether a connector job's status has its counts as `success` and `failed` in its data, or as
    `success` and `failure` in a `count`. [Gainsight Bulk API: describes both without a sample]"""
    import_row_base: int = 1
    """The number of the first row after the header in a job's errors. [Bulk API specification: not
    said]"""
    import_max_bytes: int = 80_000_000
    """The largest file. [Timeline APIs: 80 MB for its own jobs; those for other objects: not
    said]"""
    import_list_oldest_first: bool = False
    """Whether jobs are listed the oldest first. [Bulk API specification: not said]"""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.filter_zone)
        except (ValueError, KeyError, OSError) as error:
            raise ValueError(f"there is no time zone {self.filter_zone!r}") from error
