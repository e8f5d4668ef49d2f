"""The demo's last step: a CSV of product usage becomes accounts, persons, risks and notes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gainsight_sandbox import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_sandbox import Sandbox

CSV = Path(__file__).with_name("product_usage.csv")
CSM = {"Name": "Sam Carter", "Email": "sam.carter@vendor.example"}
BY_NAME = {
    "fields": {"account": "Name"},
    "objectName": "company",
    "lookupField": "Gsid",
    "onNoMatch": "ERROR",
    "multiMatchOption": "FIRSTMATCH",
}
STREAMS: list[dict[str, Any]] = [
    {
        "name": "accounts",
        "object": "company",
        "fields": {"account": "Name", "active_users": "Employees"},
        "unchanged": "skip",
    },
    {
        "name": "champions",
        "object": "person",
        "fields": {"email": "Email", "champion": "Name", "title": "Title"},
        "lookups": {"Company_ID": BY_NAME},
    },
    {
        "name": "risks",
        "object": "call_to_action",
        "fields": {"id": "Source_ID__gc", "title": "Name", "due": "DueDate", "owner": "OwnerEmail"},
        "lookups": {"CompanyId": BY_NAME},
    },
    {
        "name": "notes",
        "object": "activity_timeline",
        "fields": {"note": "Notes", "title": "Subject", "at": "ActivityDate", "owner": "Author"},
        "lookups": {"GsCompanyId": BY_NAME},
    },
]
KEYS = {"accounts": "account", "champions": "email", "risks": "id", "notes": "account"}


def usage_into(tenant: Sandbox) -> int:
    """Load the CSV twice, and print what came of it; how many loads went wrong."""
    tenant.tenant.insert("gsuser", CSM)
    print(f"\n$ target-gainsight < {CSV.name}, as a feed of four streams; then once more")
    print(f"{'stream':<12}{'into':<20}{'records':>8}{'written':>9}{'once more':>11}")
    feed = [*messages()]
    sent = Counter(message["stream"] for message in feed if message["type"] == "RECORD")
    before = tenant.usage()
    first, second = (written(tenant, feed) for _ in range(2))
    after = tenant.usage()
    for stream in STREAMS:
        name, into = stream["name"], stream["object"]
        print(f"{name:<12}{into:<20}{sent[name]:>8}{first[into]:>9}{second[into]:>11}")
    print(
        f"Both runs: {after.sync - before.sync} ordinary calls, and "
        f"{after.timeline - before.timeline} of the timeline."
    )
    wrong = [name for name in STREAMS if first[name["object"]] != sent[name["name"]]]
    return len(wrong) + (second["company"] > 0)


def messages() -> Iterator[dict[str, Any]]:
    """The CSV's rows as Singer messages, each of the four streams on its own."""
    with CSV.open(newline="", encoding="utf-8") as lines:
        rows = [*csv.DictReader(lines)]
    for stream, key in KEYS.items():
        records = [record for row in rows if (record := record_of(stream, row))]
        properties = {name: {"type": ["string", "null"]} for name in records[0]}
        yield {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"properties": properties},
            "key_properties": [key],
        }
        for record in records:
            yield {"type": "RECORD", "stream": stream, "record": record}


def record_of(stream: str, row: dict[str, str]) -> dict[str, str] | None:
    """What a row says to one stream; None if it says nothing."""
    match stream:
        case "accounts":
            return {name: row[name] for name in ("account", "active_users")}
        case "champions":
            return {name: row[name] for name in ("email", "champion", "title", "account")}
        case "risks" if row["at_risk"] == "yes":
            return {
                "id": f"usage-{row['account']}",
                "title": f"{row['account']}: {row['active_users']} active users",
                "account": row["account"],
                "owner": CSM["Email"],
                "type": "Risk",
                "reason": "Bugs Risk",
                "status": "New",
                "priority": "High",
                "due": "2026-12-31",
            }
        case "notes":
            return {
                "account": row["account"],
                "title": "Product usage",
                "note": row["note"],
                "at": "2026-11-27T09:00:00Z",
                "owner": CSM["Email"],
                "ContextName": "Company",
                "TypeName": "Update",
            }
    return None


def written(tenant: Sandbox, feed: list[dict[str, Any]]) -> Counter[str]:
    """Load messages; how many records were written to each object."""
    with tempfile.TemporaryDirectory() as folder:
        before = writes(tenant)
        status = subprocess.run(
            [sys.executable, "-m", "target_gainsight", "--config=ENV"],
            input="".join(json.dumps(message) + "\n" for message in feed),
            text=True,
            cwd=folder,
            capture_output=True,
            check=False,
            env={
                **os.environ,
                "TARGET_GAINSIGHT_DOMAIN": tenant.url,
                "TARGET_GAINSIGHT_ACCESS_KEY": tenant.access_key,
                "TARGET_GAINSIGHT_STREAMS": json.dumps(STREAMS),
            },
        )
        if status.returncode:
            print(status.stderr, file=sys.stderr)
        return writes(tenant) - before


def writes(tenant: Sandbox) -> Counter[str]:
    """How many records have been added to or changed in each object."""
    done = {stream["object"]: tenant.journal.written(stream["object"]) for stream in STREAMS}
    return Counter({name: n[Outcome.INSERTED] + n[Outcome.UPDATED] for name, n in done.items()})
