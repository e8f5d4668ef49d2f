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

from gainsight_api.connect import connect
from gainsight_api.errors import (
    AuthError,
    ConfigError,
    DataError,
    GainsightError,
    JobFailedError,
    NoDataError,
    NotFoundError,
    RateLimitedError,
    RequestError,
    RetriableError,
)
from gainsight_api.exports import Chunk, Exports, Job, JobStatus
from gainsight_api.filters.build import Condition, Operator, all_of, any_of
from gainsight_api.imports import ImportJob, JobImports, RowError, Upload
from gainsight_api.job_states import JobState
from gainsight_api.metadata import Field, GainsightObject, Metadata, ObjectSummary, Option
from gainsight_api.polling import polls
from gainsight_api.query import Query
from gainsight_api.quota import Budget, Limits, Quota, QuotaExhaustedError, Usage
from gainsight_api.read import Read
from gainsight_api.records import FieldError, Records, WriteReply
from gainsight_api.session import Session
from gainsight_api.settings import CONNECTION_SETTINGS, ConnectionSettings

__all__ = [
    "CONNECTION_SETTINGS",
    "AuthError",
    "Budget",
    "Chunk",
    "Condition",
    "ConfigError",
    "ConnectionSettings",
    "DataError",
    "Exports",
    "Field",
    "FieldError",
    "GainsightError",
    "GainsightObject",
    "ImportJob",
    "Job",
    "JobFailedError",
    "JobImports",
    "JobState",
    "JobStatus",
    "Limits",
    "Metadata",
    "NoDataError",
    "NotFoundError",
    "ObjectSummary",
    "Operator",
    "Option",
    "Query",
    "Quota",
    "QuotaExhaustedError",
    "RateLimitedError",
    "Read",
    "Records",
    "RequestError",
    "RetriableError",
    "RowError",
    "Session",
    "Upload",
    "Usage",
    "WriteReply",
    "all_of",
    "any_of",
    "connect",
    "polls",
]
