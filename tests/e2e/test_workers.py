"""Many workers over several tenants, as a scheduler starts them, each tenant with one budget."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from gainsight_sandbox import Credentials, Limits, Sandbox

WORKERS = 8
TENANTS = ("acme", "globex", "initech")
BULK, SYNC = 4, 30

WORKER = """
import json, sys
from gainsight_api import ConnectionSettings, Exports, Query, Read, connect
from gainsight_api.quota import QuotaExhaustedError

session = connect(ConnectionSettings.from_config(json.loads(sys.argv[1])))
exports, query = Exports(session), Query(session)
read = Read("company", ("Gsid",), limit=1)
ends = 0
for call in (lambda: exports.submit(read), lambda: list(query.page(read))):
    try:
        while True:
            call()
    except QuotaExhaustedError:
        ends += 1
print(ends)
"""
"""Makes calls of both kinds until it is told that none is left."""


def worker(sandbox: Sandbox, store: str) -> subprocess.Popen[str]:
    config = {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": store,
        "on_quota_exhausted": "fail",
        "max_retries": 0,  # a limit that is run into is to be seen
        "bulk_calls_per_hour": BULK,
        "sync_calls_per_day": SYNC,
    }
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, json.dumps(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("store", [pytest.param("redis", marks=pytest.mark.slow), "postgres"])
def test_eight_workers_over_three_tenants_run_into_no_limit(
    store: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(f"{store}_url")
    with ExitStack() as stack:
        tenants = [
            stack.enter_context(
                Sandbox(
                    rows={"company": 5},
                    credentials=Credentials(access_key=f"a-worker's-key-for-{name}-in-{store}"),
                    limits=Limits(bulk_per_hour=BULK, sync_per_day=SYNC),
                )
            )
            for name in TENANTS
        ]
        workers = [worker(tenants[number % len(tenants)], url) for number in range(WORKERS)]
        ended = [process.communicate(timeout=120) for process in workers]
    assert [out.strip() for out, _ in ended] == ["2"] * WORKERS, ended
    for tenant in tenants:
        used = tenant.usage()
        assert used.violations == 0
        # All that there is was used; more only if an hour or a day began meanwhile.
        assert used.bulk >= BULK
        assert used.sync >= SYNC
