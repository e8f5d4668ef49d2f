"""A custom object for volume: usage events, made by the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_sandbox.demo.draw import HISTORY_DAYS, PREFIXES
from gainsight_sandbox.tenant.ids import ID_FACTOR, ID_MASK
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema, ObjectType
from gainsight_sandbox.tenant.store import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gainsight_sandbox.tenant.store import Store

NAME = "usage_event__gc"

# Pseudo-random whole numbers from a row's number, one series for each factor.
_MODULUS = 2147483647
_SPREAD = 742938285


def usage_events() -> ObjectSchema:
    """A high volume custom object of 25 fields."""
    fields = (
        Field("Gsid", DataType.GSID, read_only=True, length=36),
        Field("Event_ID__gc", DataType.STRING, length=40),
        Field("Company_ID__gc", DataType.LOOKUP, lookup="company"),
        Field("Person_Email__gc", DataType.EMAIL),
        Field("Event_Name__gc", DataType.STRING),
        Field("Feature__gc", DataType.STRING),
        Field("Page_Url__gc", DataType.URL),
        Field("Session_ID__gc", DataType.STRING),
        Field("Country__gc", DataType.STRING),
        Field("City__gc", DataType.STRING),
        Field("Browser__gc", DataType.STRING),
        Field("Device__gc", DataType.STRING),
        Field("App_Version__gc", DataType.STRING),
        Field("Comment__gc", DataType.STRING),
        Field("Clicks__gc", DataType.NUMBER),
        Field("Duration_Ms__gc", DataType.NUMBER),
        Field("Data_Volume__gc", DataType.NUMBER, decimal_places=2),
        Field("Cost__gc", DataType.CURRENCY, decimal_places=5),
        Field("Load__gc", DataType.PERCENTAGE, decimal_places=2),
        Field("Is_Trial__gc", DataType.BOOLEAN),
        Field("Is_Mobile__gc", DataType.BOOLEAN),
        Field("Event_Day__gc", DataType.DATE),
        Field("Event_Time__gc", DataType.DATETIME),
        Field("CreatedDate", DataType.DATETIME, read_only=True),
        Field("ModifiedDate", DataType.DATETIME, read_only=True),
    )
    return ObjectSchema(
        NAME, fields, object_type=ObjectType.CUSTOM, key_prefix=PREFIXES[NAME], high_volume=True
    )


def fill_usage_events(
    store: Store,
    schema: ObjectSchema,
    count: int,
    *,
    seed: int,
    now: datetime,
    counts: Mapping[str, int],
) -> None:
    """Fill the table by one INSERT … SELECT."""
    event_time, values = _values(seed, int(now.timestamp()), counts.get("company", 0))
    names = ", ".join(quoted(field.name) for field in schema.fields)
    # The recursion carries the event's time, which takes long to format and stands in 3 fields.
    sql = (
        "WITH RECURSIVE numbers(n, event) AS "  # noqa: S608 - made of this module's expressions
        f"(SELECT -1, '' UNION ALL SELECT n + 1, {event_time} FROM numbers WHERE n + 1 < ?) "
        f"INSERT INTO {quoted(schema.name)} ({names}) "
        f"SELECT {', '.join(values[field.name] for field in schema.fields)} "
        "FROM numbers WHERE n >= 0"
    )
    with store.writing() as connection:
        connection.execute(sql, (count,))


def _values(seed: int, now: int, companies: int) -> tuple[str, dict[str, str]]:
    """SQL for the time of the event n + 1, and for the fields of the event n."""

    def series(factor: int, limit: int, number: str = "n") -> str:
        spread = factor * _SPREAD % _MODULUS
        return f"(({number} + {seed}) * {spread} % {_MODULUS} % {limit})"

    def moment(seconds: str, milliseconds: str) -> str:
        return f"strftime('%Y-%m-%dT%H:%M:%fZ', {seconds} + {milliseconds} / 1000.0, 'unixepoch')"

    def modified(number: str) -> str:
        return f"{now} - {series(48271, HISTORY_DAYS * 86400, number)}"

    def one_of(factor: int, *words: str) -> str:
        cases = " ".join(f"WHEN {i} THEN '{word}'" for i, word in enumerate(words))
        return f"CASE {series(factor, len(words))} {cases} END"

    def record(name: str, number: str) -> str:
        id_part = f"({number}) * {ID_FACTOR} & {ID_MASK}"
        return f"'{PREFIXES[name]}' || printf('%010X%08X', {id_part}, {number})"

    event_time = moment(
        f"{modified('n + 1')} - 1 - {series(69621, 3600, 'n + 1')}", series(3413, 1000, "n + 1")
    )
    return event_time, {
        "Gsid": record(NAME, "n"),
        "Event_ID__gc": f"'evt-' || (1000000000 + n) || '-' || {series(39373, 65536)}",
        "Company_ID__gc": record("company", series(40692, companies)) if companies else "NULL",
        "Person_Email__gc": f"'person' || {series(16807, 5000)} || '@customer.example'",
        "Event_Name__gc": one_of(45991, "login", "export", "view", "edit", "share", "print"),
        "Feature__gc": one_of(52627, "Dashboards", "Reports", "Rules", "Mobile", "Exports"),
        "Page_Url__gc": f"'https://app.example/' || {series(30269, 9999)} || '?tab=' || (n % 7)",
        "Session_ID__gc": f"{series(30307, 2147483647)} || '-' || n",
        "Country__gc": one_of(30323, "US", "DE", "FR", "GB", "IN", "JP", "BR", "ES"),
        "City__gc": one_of(63308, "Austin", "Köln", "Lyon", "Leeds", "Pune", "São Paulo", "Vigo"),
        "Browser__gc": one_of(21401, "Chrome", "Firefox", "Safari", "Edge"),
        "Device__gc": one_of(62089, "desktop", "phone", "tablet"),
        "App_Version__gc": f"{series(742, 5)} || '.' || {series(938, 30)} || '.' || (n % 10)",
        "Comment__gc": (
            f"CASE {series(37911, 10)} WHEN 0 THEN 'said \"well done\", twice' "
            "WHEN 1 THEN 'two' || char(10) || 'lines' ELSE NULL END"
        ),
        "Clicks__gc": f"CAST({series(41358, 500)} AS TEXT)",
        "Duration_Ms__gc": f"CAST({series(39711, 900000)} AS TEXT)",
        "Data_Volume__gc": f"{series(950, 99999)} || '.' || (10 + n % 90)",
        "Cost__gc": f"{series(630, 900)} || '.' || (10000 + {series(7411, 90000)})",
        "Load__gc": f"{series(1021, 100)} || '.' || (10 + {series(1279, 90)})",
        "Is_Trial__gc": one_of(1597, "true", "false"),
        "Is_Mobile__gc": one_of(2213, "true", "false", "false"),
        "Event_Day__gc": "substr(event, 1, 10)",
        "Event_Time__gc": "event",
        "CreatedDate": "event",
        "ModifiedDate": moment(modified("n"), series(5557, 1000)),
    }
