"""The call budgets of a tenant: counted before each call, shared by all who use the credential."""

from gainsight_api.quota.quota import (
    Quota,
    QuotaExhaustedError,
    document_key,
    quota_key,
    usage_in,
)
from gainsight_api.quota.store import QuotaStoreError, Store
from gainsight_api.quota.stores import open_store, place_of, read_store
from gainsight_api.quota.usage import Budget, Limits, Usage, Window, WindowUsage

__all__ = [
    "Budget",
    "Limits",
    "Quota",
    "QuotaExhaustedError",
    "QuotaStoreError",
    "Store",
    "Usage",
    "Window",
    "WindowUsage",
    "document_key",
    "open_store",
    "place_of",
    "quota_key",
    "read_store",
    "usage_in",
]
