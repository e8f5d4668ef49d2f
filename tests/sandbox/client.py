"""A plain HTTP client, so that the tests see what goes over the wire."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import requests

from gainsight_sandbox import DataType, Field, Limits, ManualClock, ObjectSchema, Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_sandbox import Sandbox

UNLIMITED = Limits(10**9, 10**9, 10**9, 10**9)
SMALL = {
    "company": 40,
    "relationship": 30,
    "person": 50,
    "company_person": 50,
    "call_to_action": 30,
    "activity_timeline": 60,
    "nps_survey_response": 30,
    "account_scorecard_history": 30,
    "email_logs": 30,
    "usage_event__gc": 500,
    "awkward__gc": 400,
}
NOW = 1_750_000_000.0  # 2025-06-15T15:06:40Z

RED = Option("Red", "1I00RED")
BLUE = Option("Blue", "1I00BLUE")
THING = ObjectSchema(
    "thing__gc",
    (
        Field("Gsid", DataType.GSID, read_only=True),
        Field("Name"),
        Field("Size__gc", DataType.NUMBER),
        Field("Price__gc", DataType.CURRENCY),
        Field("Share__gc", DataType.PERCENTAGE),
        Field("Good__gc", DataType.BOOLEAN),
        Field("Day__gc", DataType.DATE),
        Field("Color__gc", DataType.PICKLIST, options=(RED, BLUE), category_id="1I00COLOR"),
        Field("Colors__gc", DataType.MULTISELECT, options=(RED, BLUE), category_id="1I00COLORS"),
        Field("Parent_ID__gc", DataType.LOOKUP, lookup="thing__gc"),
        Field("Odd__gc", "BRAND_NEW_TYPE", hidden=True),
        Field("CreatedDate", DataType.DATETIME, read_only=True),
        Field("ModifiedDate", DataType.DATETIME, read_only=True),
    ),
    key_prefix="1C77",
)


def clock() -> ManualClock:
    return ManualClock(NOW)


class Client:
    """Calls one sandbox with its key."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.session = requests.Session()
        self.session.headers["accesskey"] = sandbox.access_key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}/{path.lstrip('/')}", allow_redirects=False)

    def post(self, path: str, payload: object) -> requests.Response:
        return self.session.post(f"{self.url}/{path.lstrip('/')}", json=payload)

    def query(self, name: str, select: list[str], **more: Any) -> requests.Response:
        return self.post(f"v1/data/objects/query/{name}", {"select": select, **more})

    def records(self, name: str, select: list[str], **more: Any) -> list[dict[str, Any]]:
        response = self.query(name, select, **more)
        assert response.status_code == 200, response.text
        reply = json.loads(response.text, parse_float=Decimal)
        records: list[dict[str, Any]] = reply["data"]["records"]
        return records

    def submit(self, name: str, select: list[str], **more: Any) -> requests.Response:
        return self.post(f"v3/exports/data/bulk/{name}", {"select": select, **more})

    def job(self, name: str, select: list[str], **more: Any) -> dict[str, Any]:
        """Submit an export, and tell its first status."""
        response = self.submit(name, select, **more)
        assert response.status_code == 200, response.text
        return self.status(response.json()["data"]["statusURL"])

    def status(self, url: str) -> dict[str, Any]:
        data: dict[str, Any] = self.get(url).json()["data"]
        return data

    def chunks(self, name: str, select: list[str], **more: Any) -> Iterator[str]:
        """The texts of an export's chunks."""
        for chunk in self.job(name, select, **more)["chunkDetails"]:
            yield self.get(chunk["chunkURL"]).content.decode("utf-8")

    def export(self, name: str, select: list[str], **more: Any) -> list[list[str]]:
        """The rows of an export, without its headers."""
        rows: list[list[str]] = []
        for text in self.chunks(name, select, **more):
            header, *body = csv.reader(io.StringIO(text, newline=""))
            assert header == select
            rows += body
        return rows


def where(*conditions: tuple[str, str, list[object]], expression: str = "") -> dict[str, Any]:
    """A where clause whose conditions are A, B, C …, joined by AND unless told otherwise."""
    named = [
        {"name": name, "alias": chr(ord("A") + index), "operator": operator, "value": value}
        for index, (name, operator, value) in enumerate(conditions)
    ]
    joined = " AND ".join(str(condition["alias"]) for condition in named)
    return {"conditions": named, "expression": expression or joined}
