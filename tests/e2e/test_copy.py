"""Tap and target in one pipe, between two tenants, and from a real PostgreSQL into one."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Limits, Sandbox, read_objects
from tests.e2e.support import environment, run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

NAME = "awkward__gc"
TAP = f"{shlex.quote(sys.executable)} -m tap_gainsight --config=ENV"


def target(folder: Path, sandbox: Sandbox, **settings: Any) -> str:
    """The command of a target that loads into the sandbox."""
    config = folder / "target.json"
    given = {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": "memory",
        "job_poll_interval": 0.1,
        "rejects_path": str(folder / "rejects"),
        **settings,
    }
    config.write_text(json.dumps(given))
    return f"{shlex.quote(sys.executable)} -m target_gainsight --config {shlex.quote(str(config))}"


def pipe(*commands: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run("bash", "-o", "pipefail", "-c", " | ".join(commands), env=env)


def written(sandbox: Sandbox, key: str = "Name") -> dict[object, dict[str, Any]]:
    """The records of the awkward object, without what each tenant sets by itself."""
    fields = [
        field.name
        for field in sandbox.tenant.schema(NAME).fields
        if not field.read_only and not field.hidden
    ]
    return {row[key]: {name: row[name] for name in fields} for row in sandbox.tenant.rows(NAME)}


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_an_object_copied_between_two_tenants_is_equal_value_for_value(
    tmp_path: Path, mode: str
) -> None:
    with (
        Sandbox(rows={NAME: 200}) as source,
        Sandbox(empty=True) as copy,
    ):
        without_inactive_items(source)
        env = environment(source, objects=json.dumps([NAME]))
        streams = [{"name": NAME, "load_mode": mode, "keys": ["Name"]}]
        catalog = tmp_path / "catalog.json"
        catalog.write_text(run("bash", "-c", f"{TAP} --discover", env=env).stdout)
        select(catalog, NAME)
        tap = f"{TAP} --catalog {shlex.quote(str(catalog))}"
        done = pipe(tap, target(tmp_path, copy, streams=streams), env=env)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["bookmarks"][NAME]["replication_key_value"]
        assert written(copy) == written(source)
        assert copy.usage().bulk == (1 if mode == "bulk" else 0)


def without_inactive_items(sandbox: Sandbox) -> None:
    """Gainsight takes no picklist item that has become inactive, as some records hold."""
    fields = {field.name: field for field in sandbox.tenant.schema(NAME).fields if field.options}
    for row in list(sandbox.tenant.rows(NAME)):
        changes: dict[str, Any] = {}
        for name, field in fields.items():
            active = {option.value for option in field.options if option.active}
            value = row[name]
            if isinstance(value, list):
                changes[name] = [item for item in value if item in active] or None
            elif value not in active:
                changes[name] = None
        sandbox.tenant.update(NAME, str(row["Gsid"]), changes)


def select(catalog: Path, *streams: str) -> None:
    """Select whole streams, and no other."""
    content = json.loads(catalog.read_text())
    for stream in content["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    catalog.write_text(json.dumps(content))


def test_a_table_of_a_real_postgresql_is_loaded(tmp_path: Path, postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS accounts")
        connection.execute(
            "CREATE TABLE accounts (name text PRIMARY KEY, arr numeric(20, 5), active boolean, "
            "since date, seen timestamptz, notes jsonb)"
        )
        connection.execute(
            "INSERT INTO accounts SELECT 'Account ' || n, n * 1000.12345, n % 2 = 0, "
            "date '1969-12-30' + n, timestamptz '2026-01-01 10:00:00+02' + n * interval '1 s', "
            "jsonb_build_object('n', n) FROM generate_series(1, 120) AS n"
        )
        connection.execute("UPDATE accounts SET arr = NULL WHERE name = 'Account 7'")
    objects = tmp_path / "objects.json"
    objects.write_text(
        json.dumps(
            [
                {
                    "name": "account__gc",
                    "fields": [
                        {"name": "Gsid", "dataType": "GSID", "readOnly": True},
                        {"name": "Name", "dataType": "STRING"},
                        {"name": "Arr__gc", "dataType": "CURRENCY", "decimalPlaces": 5},
                        {"name": "Active__gc", "dataType": "BOOLEAN"},
                        {"name": "Since__gc", "dataType": "DATE"},
                        {"name": "Seen__gc", "dataType": "DATETIME"},
                        {"name": "Notes__gc", "dataType": "JSON"},
                    ],
                }
            ]
        )
    )
    with Sandbox(
        demo=False, objects=list(read_objects(objects)), limits=Limits(10**6, 10**6, 10, 100)
    ) as sandbox:
        fields = {
            "name": "Name",
            "arr": "Arr__gc",
            "active": "Active__gc",
            "since": "Since__gc",
            "seen": "Seen__gc",
            "notes": "Notes__gc",
        }
        streams = [{"name": "*accounts", "object": "account__gc", "fields": fields}]
        source = tmp_path / "source.json"
        source.write_text(
            json.dumps(
                {"sqlalchemy_url": sqlalchemy_url(postgres_url), "filter_schemas": ["public"]}
            )
        )
        env = environment(sandbox)
        tap = f"tap-postgres --config {shlex.quote(str(source))}"
        catalog = tmp_path / "catalog.json"
        catalog.write_text(run("bash", "-c", f"{tap} --discover", env=env).stdout)
        select(catalog, "public-accounts")
        done = pipe(
            f"{tap} --catalog {shlex.quote(str(catalog))}",
            target(tmp_path, sandbox, streams=streams),
            env=env,
        )
        assert done.returncode == 0, done.stderr
        rows = {row["Name"]: row for row in sandbox.tenant.rows("account__gc")}
        assert len(rows) == 120
        assert str(rows["Account 3"]["Arr__gc"]) == "3000.37035"
        assert rows["Account 7"]["Arr__gc"] is None
        assert rows["Account 2"]["Active__gc"] is True
        assert str(rows["Account 1"]["Since__gc"]) == "1969-12-31"
        assert str(rows["Account 1"]["Seen__gc"]) == "2026-01-01 08:00:01+00:00"
        assert json.loads(str(rows["Account 5"]["Notes__gc"])) == {"n": 5}


def sqlalchemy_url(url: str) -> str:
    """The server's address in the form that tap-postgres takes: its socket is an option."""
    socket = url.rpartition("?host=")[2]
    return f"postgresql+psycopg2://postgres:any@localhost:5432/postgres?host={socket}"
