"""Take a sandbox tenant's objects out with Meltano, and say what came of it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from gainsight_sandbox import Sandbox

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "output"


def main() -> int:
    """Run the demo; the exit status is Meltano's, or 1 if a row is missing."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    with Sandbox(job_seconds=2) as tenant:
        print(f"A sandbox tenant runs at {tenant.url}. Now: meltano run tap-gainsight target-csv\n")
        status = subprocess.call(
            ["meltano", "--environment=demo", "run", "--full-refresh", "tap-gainsight", "target-csv"],
            cwd=ROOT,
            env={
                **os.environ,
                "TAP_GAINSIGHT_DOMAIN": tenant.url,
                "TAP_GAINSIGHT_ACCESS_KEY": tenant.access_key,
            },
        )
        if status:
            return status
        return report(tenant)


def report(tenant: Sandbox) -> int:
    """Compare the tenant's rows with the files', and print both."""
    print(f"\n{'object':<28}{'rows in tenant':>15}{'rows in file':>15}  file")
    missing = 0
    for name, rows in sorted(tenant.tenant.counts().items()):
        if not rows or not tenant.tenant.schema(name).readable:
            continue
        file = OUTPUT / f"{name}.csv"
        found = rows_of(file)
        missing += rows != found
        print(f"{name:<28}{rows:>15,}{found:>15,}  {file.relative_to(ROOT)}")
    usage = tenant.usage()
    print(
        f"\nUsed {usage.bulk_this_hour} of this hour's 10 bulk calls, and {usage.sync} ordinary "
        f"calls. {'Every row is there.' if not missing else 'ROWS ARE MISSING.'}"
    )
    return 1 if missing else 0


def rows_of(file: Path) -> int:
    """Rows of a CSV file, without its header."""
    if not file.exists():
        return 0
    with file.open(newline="", encoding="utf-8") as lines:
        return max(sum(1 for _ in csv.reader(lines)) - 1, 0)


if __name__ == "__main__":
    sys.exit(main())
