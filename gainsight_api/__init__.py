"""A client for Gainsight CS: sessions, quotas, metadata, queries, writes, and bulk jobs.

    settings = ConnectionSettings.from_config(
        {"domain": "acme.gainsightcloud.com", "access_key": "..."}
    )
    session = connect(settings)
    for company in Query(session).page(Read("company", ("Gsid", "Name"), limit=10)):
        print(company["Name"])

Each call is counted in the tenant's budgets before it is made, by all programs that use the same
credential and `quota_store`. Errors are a `GainsightError`; `gainsight_api.errors` has them all.
"""

from gainsight_api.calls.session import Session
from gainsight_api.clock import Clock
from gainsight_api.connect import connect
from gainsight_api.errors import (
    AuthError,
    ConfigError,
    DataError,
    ForbiddenError,
    ForeignAddressError,
    GainsightError,
    GatewayError,
    JobFailedError,
    NoDataError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    RetriableError,
    ServerError,
    TooLargeError,
    TransportError,
)
from gainsight_api.filters.build import (
    Condition,
    Filter,
    Operator,
    UserFilter,
    all_of,
    any_of,
    parse_user_filter,
)
from gainsight_api.jobs.exports import Chunk, Exports, Job, JobStatus
from gainsight_api.jobs.import_replies import ImportJob, RowError
from gainsight_api.jobs.imports import ConnectorImports, Imports, JobImports, Operation, Upload
from gainsight_api.jobs.job_states import JobState
from gainsight_api.jobs.paid_jobs import PaidJobs
from gainsight_api.jobs.polling import polls
from gainsight_api.objects.deleted_lists import DELETED_LISTS, DeletedLists, Deletion
from gainsight_api.objects.metadata import (
    Field,
    GainsightObject,
    LookupTarget,
    Metadata,
    ObjectSummary,
    Option,
)
from gainsight_api.objects.partial_replies import PartialReply
from gainsight_api.objects.query import LARGEST_PAGE, Query
from gainsight_api.objects.read import Read
from gainsight_api.objects.records import (
    LARGEST_CALL,
    FieldError,
    Records,
    Refusal,
    WriteReply,
    refusal,
)
from gainsight_api.own_apis.cockpit import Cockpit
from gainsight_api.own_apis.people import People
from gainsight_api.own_apis.timeline import Timeline
from gainsight_api.quota import (
    Budget,
    Limits,
    Quota,
    QuotaExhaustedError,
    QuotaStoreError,
    Usage,
)
from gainsight_api.settings import CONNECTION_SETTINGS, ConnectionSettings

__all__ = [
    "CONNECTION_SETTINGS",
    "DELETED_LISTS",
    "LARGEST_CALL",
    "LARGEST_PAGE",
    "AuthError",
    "Budget",
    "Chunk",
    "Clock",
    "Cockpit",
    "Condition",
    "ConfigError",
    "ConnectionSettings",
    "ConnectorImports",
    "DataError",
    "DeletedLists",
    "Deletion",
    "Exports",
    "Field",
    "FieldError",
    "Filter",
    "ForbiddenError",
    "ForeignAddressError",
    "GainsightError",
    "GainsightObject",
    "GatewayError",
    "ImportJob",
    "Imports",
    "Job",
    "JobFailedError",
    "JobImports",
    "JobState",
    "JobStatus",
    "Limits",
    "LookupTarget",
    "Metadata",
    "NoDataError",
    "NotFoundError",
    "ObjectSummary",
    "Operation",
    "Operator",
    "Option",
    "PaidJobs",
    "PartialReply",
    "People",
    "Query",
    "Quota",
    "QuotaExhaustedError",
    "QuotaStoreError",
    "RateLimitedError",
    "Read",
    "Records",
    "Refusal",
    "RequestError",
    "RetriableError",
    "RowError",
    "ServerError",
    "Session",
    "Timeline",
    "TooLargeError",
    "TransportError",
    "Upload",
    "Usage",
    "UserFilter",
    "WriteReply",
    "all_of",
    "any_of",
    "connect",
    "parse_user_filter",
    "polls",
    "refusal",
]
