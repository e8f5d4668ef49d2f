"""The SDK's own tests for taps, against a sandbox tenant, by both ways of reading."""

from __future__ import annotations

import atexit

from singer_sdk.testing import get_tap_test_class

from gainsight_sandbox import Limits, Sandbox
from tap_gainsight.tap import TapGainsight

# The SDK's classes discover when they are made, so the tenant must be up before pytest collects.
_TENANT = Sandbox(
    rows={"activity_timeline": 300, "call_to_action": 200, "usage_event__gc": 100},
    limits=Limits(10**6, 10**6, 10**6, 10**6),
).start()
atexit.register(_TENANT.stop)
_TENANT.tenant.delete("company", str(next(_TENANT.tenant.rows("company"))["Gsid"]))
_CONFIG = {
    "domain": _TENANT.url,
    "access_key": _TENANT.access_key,
    "quota_store": "memory",
    "sync_calls_per_minute": 10**6,
    "bulk_calls_per_hour": 10**6,
    "job_poll_interval": 0.01,
}
TestTapByAuto = get_tap_test_class(TapGainsight, config=_CONFIG)
TestTapByExportJobs = get_tap_test_class(TapGainsight, config={**_CONFIG, "extract_method": "bulk"})
