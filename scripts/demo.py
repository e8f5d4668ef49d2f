"""Take a sandbox tenant's objects out with Meltano, load some into another; say what came of it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from demo_usage import usage_into

from gainsight_sandbox import Credentials, Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "output" / "demo"
REJECTS = OUTPUT / "rejects"
BIG = "usage_event__gc"
COPIED = ("relationship", BIG)


def main() -> int:
    """Run the demo; the status is 1 if Meltano failed, or a row is missing."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    with (
        Sandbox(rows={BIG: 50_000}) as tenant,
        Sandbox(
            empty=True, credentials=Credentials(access_key="key-of-the-second-tenant")
        ) as second,
    ):
        print(f"Tenant A runs at {tenant.url}, an empty tenant B at {second.url}.\n")
        meltano("tap-gainsight", "target-csv", ["*.*", f"!{BIG}.*"], tenant, second)
        meltano("tap-gainsight", "target-gainsight", [f"{n}.*" for n in COPIED], tenant, second)
        missing = report_files(tenant) + report_copies(tenant, second)
        missing += usage_into(second)
        print("Every row is there." if not missing else "ROWS ARE MISSING.")
    return 1 if missing else 0


def meltano(
    tap: str, target: str, selection: Sequence[str], tenant: Sandbox, second: Sandbox
) -> None:
    """Run Meltano from the first tenant to a loader; end the demo if it fails."""
    print(f"$ meltano run {tap} {target}", flush=True)
    status = subprocess.call(
        ["meltano", "--environment=demo", "run", "--full-refresh", tap, target],
        cwd=ROOT,
        env={
            **os.environ,
            "TAP_GAINSIGHT_DOMAIN": tenant.url,
            "TAP_GAINSIGHT_ACCESS_KEY": tenant.access_key,
            "TAP_GAINSIGHT__SELECT": json.dumps(selection),
            "TARGET_GAINSIGHT_DOMAIN": second.url,
            "TARGET_GAINSIGHT_ACCESS_KEY": second.access_key,
        },
    )
    if status:
        sys.exit(1)


def report_files(tenant: Sandbox) -> int:
    """Print the tenant's rows beside the files'; how many objects differ."""
    print(f"\n{'object':<28}{'rows in tenant A':>17}{'rows in file':>14}  file")
    missing = 0
    for name, rows in sorted(tenant.tenant.counts().items()):
        schema = tenant.tenant.schema(name)
        if not rows or name == BIG or not schema.readable or name.startswith("record_delete_log"):
            continue
        file = next(OUTPUT.glob(f"{name}-*.csv"), OUTPUT / name)
        found = rows_of(file)
        missing += rows != found
        print(f"{name:<28}{rows:>17,}{found:>14,}  {file.relative_to(ROOT)}")
    return missing


def rows_of(file: Path) -> int:
    """Rows of a CSV file, without its header."""
    if not file.exists():
        return 0
    with file.open(newline="", encoding="utf-8") as lines:
        return max(sum(1 for _ in csv.reader(lines)) - 1, 0)


def report_copies(tenant: Sandbox, second: Sandbox) -> int:
    """Print both tenants' rows of what was copied, and what it cost."""
    print(f"\n{'object':<28}{'rows in tenant A':>17}{'rows in tenant B':>18}  loaded by")
    missing = 0
    for name in COPIED:
        rows, copied = tenant.tenant.count(name), second.tenant.count(name)
        by_job = any(job.object == name for job in second.journal.imports)
        missing += rows != copied
        print(f"{name:<28}{rows:>17,}{copied:>18,}  {'import job' if by_job else 'REST calls'}")
    for label, used in (("A", tenant.usage()), ("B", second.usage())):
        print(
            f"Tenant {label}: {used.bulk_this_hour} of this hour's 10 bulk calls, and "
            f"{used.sync} ordinary calls."
        )
    rejects = [line for file in REJECTS.glob("*.jsonl") for line in file.read_text().splitlines()]
    print(f"Rejected records: {len(rejects)}.")
    return missing


if __name__ == "__main__":
    sys.exit(main())
