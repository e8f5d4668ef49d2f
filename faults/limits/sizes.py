"""Catalogs of thousands of streams, objects of a thousand fields, values of many megabytes."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from faults.kills import truth
from faults.kills.running import TAP, TARGET
from faults.kills.striking import Pipe
from faults.kills.tenants import JOBS, PAGES
from faults.limits.stage import Limit, Stage, clean, last_line
from gainsight_sandbox import DataType, Field, ObjectSchema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.kills.striking import Ran

STREAMS, COLUMNS, MEGABYTES = 10_000, 1_000, 30
WIDE = "wide__gc"
_WIDE_ROWS = 20
_OK = "nothing is wrong"


def _many_in_a_catalog(stage: Stage) -> Iterator[str]:
    site = stage.site(TAP)
    found = Pipe([[*site.commands()[0], "--discover"]], stage.folder).end()
    catalog = json.loads(found.out)
    (entry,) = (each for each in catalog["streams"] if each["tap_stream_id"] == PAGES)
    for number in range(STREAMS):
        name = f"{number}__gc"
        metadata = [
            {**each, "metadata": {**each["metadata"], "selected": False}}
            for each in entry["metadata"]
            if not each["breadcrumb"]
        ]
        catalog["streams"].append(
            {**entry, "tap_stream_id": name, "stream": name, "metadata": metadata}
        )
    path = stage.folder / "catalog.json"
    path.write_text(json.dumps(catalog), "utf-8")
    ran = Pipe([[*site.commands()[0], "--catalog", str(path)]], stage.folder).end()
    yield from stage.ends_well(site, ran)


def _many_schemas(stage: Stage) -> Iterator[str]:
    site = stage.site(TARGET)
    whole = site.feed()
    if whole is None:
        raise TypeError("a target without a feed")
    text = whole.read_text("utf-8")
    (schema,) = (line for line in text.splitlines() if f'"SCHEMA", "stream": "{PAGES}"' in line)
    feed = stage.folder / "many.jsonl"
    many = (schema.replace(f'"{PAGES}"', f'"{number}"') for number in range(STREAMS))
    feed.write_text("\n".join(many) + "\n" + text, "utf-8")
    site.feed = lambda: feed  # type: ignore[method-assign]
    entries = [{"name": "[0-9]*", "object": PAGES}, {"name": JOBS, "load_mode": "bulk"},
               {"name": "inserted__gc", "load_mode": "bulk", "operation": "insert"},
               {"name": "removed__gc", "deletes": "delete"}]  # fmt: skip
    site.more = {"streams": entries}
    yield from stage.ends_well(site, stage.run(site))


def _wide() -> tuple[ObjectSchema, list[str]]:
    names = [f"Field_{number}__gc" for number in range(COLUMNS)]
    fields = (Field("Gsid", DataType.GSID, read_only=True), Field("Name"), *map(Field, names))
    return ObjectSchema(WIDE, fields, key_prefix="1W01"), names


def _rows(names: list[str], count: int, text: str = "") -> Iterator[dict[str, Any]]:
    for number in range(count):
        values = {name: f"{name} {number}{text}" for name in names}
        yield {"Gsid": f"1W01{number:032}", "Name": f"n{number}", **values}


def _read(
    stage: Stage, method: str, schema: ObjectSchema, rows: list[dict[str, Any]]
) -> Iterator[str]:
    site = stage.site(TAP, objects=[WIDE], streams=None, extract_method=method)
    if site.source is None:
        raise TypeError("a tap without a tenant")
    site.source.tenant.add_object(schema, rows)
    ran = stage.run(site)
    yield from _ended(ran)
    got = {key: record for _, key, record in truth.records(truth.whole_messages(ran.out))}
    for row in rows:
        if any(got.get(row["Gsid"], {}).get(name) != value for name, value in row.items()):
            yield "a row is missing, or changed"


def _load(
    stage: Stage, mode: str, schema: ObjectSchema, rows: list[dict[str, Any]]
) -> Iterator[str]:
    site = stage.site(TARGET, streams=[{"name": WIDE, "load_mode": mode}])
    if site.target is None:
        raise TypeError("a target without a tenant")
    site.target.tenant.add_object(schema)
    names = [name for name in rows[0] if name != "Gsid"]
    properties = {name: {"type": "string"} for name in names}
    messages: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": WIDE, "key_properties": ["Name"],
         "schema": {"type": "object", "properties": properties}}
    ]  # fmt: skip
    for row in rows:
        record = {name: row[name] for name in names}
        messages.append({"type": "RECORD", "stream": WIDE, "record": record})
    messages.append({"type": "STATE", "value": {"done": True}})
    feed = stage.folder / "wide.jsonl"
    feed.write_text("".join(json.dumps(each) + "\n" for each in messages), "utf-8")
    site.feed = lambda: feed  # type: ignore[method-assign]
    ran = stage.run(site)
    yield from _ended(ran)
    if '"done"' not in ran.out:
        yield "no STATE"
    held = {str(row["Name"]): row for row in site.target.tenant.rows(WIDE)}
    for row in rows:
        if any(held.get(row["Name"], {}).get(name) != row[name] for name in names):
            yield "a record is missing, or changed"


def _ended(ran: Ran) -> Iterator[str]:
    yield from clean(ran)
    if not ran.done:
        yield f"exit {ran.statuses}: {last_line(ran)}"


def _columns(stage: Stage, way: str, program: str) -> Iterator[str]:
    schema, names = _wide()
    rows = list(_rows(names, _WIDE_ROWS))
    yield from (_read if program == TAP else _load)(stage, way, schema, rows)


def _large_value(stage: Stage, way: str, program: str) -> Iterator[str]:
    text = Field("Text__gc", DataType.RICHTEXTAREA, length=2**31 - 1)
    fields = (Field("Gsid", DataType.GSID, read_only=True), Field("Name"), text)
    schema = ObjectSchema(WIDE, fields, key_prefix="1W01")
    rows = list(_rows(["Text__gc"], 2, 'é,"\n' * (MEGABYTES * 10**6 // 5)))
    yield from (_read if program == TAP else _load)(stage, way, schema, rows)


_WAYS = ((TAP, "query"), (TAP, "bulk"), (TARGET, "rest"), (TARGET, "bulk"))
LIMITS = (
    Limit(f"tap: a catalog of {STREAMS:,} streams", _OK, _many_in_a_catalog),
    Limit(f"target: SCHEMA messages of {STREAMS:,} streams", _OK, _many_schemas),
    *(
        Limit(f"{program}: {COLUMNS:,} fields, {way}", _OK,
              partial(_columns, way=way, program=program))
        for program, way in _WAYS
    ),
    *(
        Limit(f"{program}: a value of {MEGABYTES} MB, {way}", _OK,
              partial(_large_value, way=way, program=program))
        for program, way in _WAYS
    ),
)  # fmt: skip
