"""The kinds of calls, by which limits, faults and the log tell them apart."""

from __future__ import annotations

from enum import StrEnum


class CallKind(StrEnum):
    """What a call is for."""

    EXPORT_SUBMIT = "export-submit"
    EXPORT_STATUS = "export-status"
    EXPORT_CHUNK = "export-chunk"
    QUERY = "query"
    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"
    RECORD = "record"
    PERSON_UPSERT = "person-upsert"
    CTA_CREATE = "cta-create"
    CTA_UPDATE = "cta-update"
    CTA_LIST = "cta-list"
    CTA_PICKLISTS = "cta-picklists"
    DELETED_LIST = "deleted-list"
    ACTIVITY_INSERT = "activity-insert"
    ACTIVITY_UPDATE = "activity-update"
    IMPORT_SUBMIT = "import-submit"
    IMPORT_STATUS = "import-status"
    IMPORT_LIST = "import-list"
    IMPORT_ERRORS = "import-errors"
    METADATA = "metadata"
    TOKEN = "token"  # noqa: S105 - a name, no secret
    CONTROL = "control"
    UNKNOWN = "unknown"
