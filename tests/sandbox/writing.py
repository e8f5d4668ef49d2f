"""Write calls and import jobs as plain HTTP, and an object with a field of every kind."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gainsight_sandbox import DataType, Field, Option, Sandbox, custom_object
from tests.sandbox.client import UNLIMITED, Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import requests

    from tests.sandbox.conftest import Rig

OPEN = Option("Open", "1I00OPEN")
CLOSED = Option("Closed", "1I00CLOSED")
OLD = Option("Old", "1I00OLD", active=False)
ORDER = custom_object(
    "order__gc",
    Field("Name", required=True, length=20),
    Field("Code__gc"),
    Field("Number__gc", DataType.NUMBER, decimal_places=9),
    Field("Total__gc", DataType.CURRENCY, decimal_places=5),
    Field("Share__gc", DataType.PERCENTAGE, decimal_places=9),
    Field("Paid__gc", DataType.BOOLEAN),
    Field("Day__gc", DataType.DATE),
    Field("Moment__gc", DataType.DATETIME),
    Field("State__gc", DataType.PICKLIST, options=(OPEN, CLOSED, OLD), category_id="1I00STATE"),
    Field("Tags__gc", DataType.MULTISELECT, options=(OPEN, CLOSED, OLD), category_id="1I00TAGS"),
    Field("Buyer__gc", DataType.LOOKUP, lookup="buyer__gc"),
    Field("Buyer_Name__gc"),
    Field("Email__gc", DataType.EMAIL),
    Field("Serial__gc", read_only=True),
    Field("Long__gc", DataType.RICHTEXTAREA),
)
BUYER = custom_object("buyer__gc", Field("Name"), Field("City__gc"))
EVENT = custom_object("event__gc", Field("Name"), high_volume=True)
GSID = "1P02" + "A" * 32


def shop(rig: Rig, **options: Any) -> tuple[Sandbox, Writer]:
    """A tenant of three objects, without limits."""
    sandbox, client = rig.demo(
        demo=False, **{"limits": UNLIMITED, "objects": [ORDER, BUYER, EVENT], **options}
    )
    return sandbox, Writer(client)


class Writer:
    """Writes to one sandbox."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def insert(self, *records: Mapping[str, object], name: str = "order__gc", **more: Any) -> Reply:
        return self.send("POST", name, records, more)

    def update(
        self, keys: str, *records: Mapping[str, object], name: str = "order__gc", **more: Any
    ) -> Reply:
        return self.send("PUT", f"{name}?keys={keys}", records, more)

    def upsert(
        self, keys: str, *records: Mapping[str, object], name: str = "order__gc", **more: Any
    ) -> Reply:
        return self.send("PUT", f"{name}/upsert?keys={keys}", records, more)

    def send(
        self, method: str, path: str, records: Iterable[Mapping[str, object]], more: dict[str, Any]
    ) -> Reply:
        url = f"{self.client.url}/v1/data/objects/{path}"
        return Reply(
            self.client.session.request(method, url, json={"records": list(records), **more})
        )

    def delete(self, gsid: str, name: str = "order__gc") -> Reply:
        url = f"{self.client.url}/v1/data/objects/{name}/{gsid}"
        return Reply(self.client.session.delete(url))

    def read(self, gsid: str, name: str = "order__gc") -> Reply:
        return Reply(self.client.get(f"v1/data/objects/{name}/{gsid}"))

    def submit(
        self,
        content: str | bytes,
        *,
        operation: str = "INSERT",
        keys: str = "",
        name: str = "order__gc",
        file_name: str = "rows.csv",
    ) -> Reply:
        """Create a bulk job."""
        form = {"objectName": name, "operation": operation, "keyFields": keys}
        return self.upload("v1/bulk/jobs", form, content, file_name)

    def upload(
        self, path: str, form: dict[str, str], content: str | bytes, file_name: str = "rows.csv"
    ) -> Reply:
        data = content.encode() if isinstance(content, str) else content
        url = f"{self.client.url}/{path}"
        return Reply(
            self.client.session.post(url, data=form, files={"file": (file_name, data, "text/csv")})
        )

    def job(self, job_id: str) -> dict[str, Any]:
        data: dict[str, Any] = Reply(self.client.get(f"v1/bulk/jobs/{job_id}")).data
        return data

    def errors(self, job_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = Reply(self.client.get(f"v1/bulk/jobs/{job_id}/errors")).data
        return found

    def load(self, content: str | bytes, **how: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Submit a file; the finished job, and what was wrong with its rows."""
        job_id = self.submit(content, **how).data["jobId"]
        return self.job(job_id), self.errors(job_id)


class Reply:
    """A reply with its digits."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.body: dict[str, Any] = json.loads(response.text, parse_float=Decimal)
        self.text = response.text

    @property
    def data(self) -> Any:
        """What was asked for."""
        assert self.status == 200, self.text
        assert self.body["result"] is True, self.text
        return self.body["data"]

    @property
    def code(self) -> str | None:
        """Of a failure, its code."""
        assert self.body["result"] is False, self.text
        code: str | None = self.body["errorCode"]
        return code

    def field_errors(self) -> list[list[tuple[str, str]]]:
        """Of each bad record, the bad fields with their codes."""
        return [
            [
                (error["fieldName"], error["errorCode"])
                for entry in record
                for error in entry["errors"]
            ]
            for record in self.body["data"]["errors"]
        ]


def as_csv(header: list[str], *rows: Iterable[object]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def stored(sandbox: Sandbox, *names: str, name: str = "order__gc") -> list[tuple[object, ...]]:
    """Some fields of all records, in the order in which they were made."""
    return [tuple(row[field] for field in names) for row in sandbox.tenant.rows(name)]
