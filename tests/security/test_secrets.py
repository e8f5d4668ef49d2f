"""No credential is shown, kept, or handed on, whatever the tenant answers."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Credentials, DataJob, ManualClock, Sandbox
from tap_gainsight.tap import TapGainsight
from target_gainsight.target import TargetGainsight
from tests.api.conftest import Reply, enveloped
from tests.hostile import Hostile
from tests.target.support import THING, as_lines, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.api.conftest import Request

ROOT = Path(__file__).parents[2]
KEY, ID, SECRET, BULK = "zz-access-key-zz", "zz-client-id-zz", "zz-client-secret-zz", "zz-bulk-zz"
CREDENTIALS = Credentials(KEY, ID, SECRET, BULK)
PAIR = {"oauth_client_id": ID, "oauth_client_secret": SECRET}
BATCHES = {"encoding": {"format": "jsonl", "compression": "none"}}

RUNS: dict[str, dict[str, Any]] = {
    "tap, key": {"access_key": KEY, "extract_method": "bulk"},
    "tap, pair, files": {**PAIR, "extract_method": "query", "batch_config": BATCHES},
    "target, key": {"access_key": KEY, "load_mode": "rest"},
    "target, pair, import jobs": {
        **PAIR,
        "bulk_access_key": BULK,
        "bulk_import_api": "connector",
        "load_mode": "bulk",
        "streams": [{"name": THING, "bulk_job_id": "J1"}],
    },
}


@pytest.fixture(scope="module")
def tenant() -> Iterator[Sandbox]:
    jobs = [DataJob(id="J1", object=THING, operation="UPSERT", keys=("Name",))]
    with Sandbox(
        demo=False,
        clock=ManualClock(),
        objects=[thing()],
        data_jobs=jobs,
        credentials=CREDENTIALS,
    ) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "a"})
        yield sandbox


class Overheard:
    """What goes to the tenant, and all that it has to be kept secret of it."""

    def __init__(self) -> None:
        self.secrets = {KEY, ID, SECRET, BULK}
        self.secrets.add(base64.b64encode(f"{ID}:{SECRET}".encode()).decode())

    def hear(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            self.secrets.add(token)

    def told(self, request: Request) -> list[str]:
        """What of it this request has."""
        text = " ".join(request.headers.values())
        return sorted(secret for secret in self.secrets if secret in text)

    def known_to(self, request: Request) -> list[str]:
        """What whoever answers this request knows of its credential."""
        pair = [ID, SECRET] if "authorization" in request.headers else []
        return self.told(request) + pair


def faithful(overheard: Overheard) -> Any:
    """A tenant that does its work."""

    def answer(request: Request, _: int, __: Callable[[], Reply]) -> None:
        overheard.hear(request)

    return answer


def gossip(overheard: Overheard, status: int, *, after: int) -> Any:
    """A tenant that says all secrets wherever a reply has room for a text."""
    count = 0

    def answer(request: Request, _: int, __: Callable[[], Reply]) -> Reply | None:
        nonlocal count
        overheard.hear(request)
        count += "oauth" not in request.path
        if count <= after or "oauth" in request.path:
            return None
        known = overheard.known_to(request)
        said = known[count % len(known)]
        body = {
            "result": False,
            "errorCode": said,
            "errorDesc": said,
            "message": said,
            "requestId": said,
            "data": {"jobId": said, "statusURL": said, "jobStatus": said, said: said},
        }
        headers = {"X-GS-Request-Id": said, "X-Request-Id": said, "Retry-After": said}
        return enveloped(body, status, **headers)

    return answer


def gossips() -> Iterator[tuple[int, int]]:
    yield 200, 0
    yield 400, 2
    yield 200, 3
    yield 503, 0


class Run:
    """A connector's command in this process, logged at DEBUG, with all that it leaves."""

    def __init__(self, folder: Path, kind: str, url: str, **settings: Any) -> None:
        self.folder = folder
        given = {
            "domain": url,
            "quota_store": str(folder / "quota.sqlite"),
            "report_path": str(folder / "run.html"),
            "job_poll_interval": 0.01,
            "max_retries": 1,
            "on_quota_exhausted": "fail",
            **RUNS[kind],
            **settings,
        }
        plugin: Any = TapGainsight
        arguments = []
        if kind.startswith("target"):
            plugin = TargetGainsight
            given |= {"rejects_path": str(folder / "rejects"), "max_rejects": -1}
            feed = folder / "feed.jsonl"
            bad = record(Name="bad", Number__gc="x")
            feed.write_text(
                as_lines([schema(THING, "Name", "Number__gc"), *records(3), bad, state(1)])
            )
            arguments = [f"--input={feed}"]
        elif "batch_config" in given:
            storage = {"root": str(folder / "batches")}
            given["batch_config"] = {**given["batch_config"], "storage": storage}
        config = folder / "config.json"
        config.write_text(json.dumps(given))
        self.status, self.said = self._run(plugin, [f"--config={config}", *arguments])

    @staticmethod
    def _run(plugin: Any, arguments: list[str]) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        root = logging.getLogger()
        before = root.handlers[:], root.level
        status = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                plugin.cli(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
            finally:
                root.handlers[:], level = before
                root.setLevel(level)
        return status, out.getvalue() + err.getvalue()

    def shown(self, secrets: set[str]) -> list[str]:
        """Where a secret is."""
        texts = {"standard output or error": self.said}
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "config.json":
                texts[path.name] = path.read_text(encoding="latin-1")
        return [
            f"{secret} in {place}"
            for place, text in texts.items()
            for secret in secrets
            if secret in text
        ]


@pytest.fixture(autouse=True)
def _at_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_GAINSIGHT_LOGLEVEL", "DEBUG")
    monkeypatch.setenv("TARGET_GAINSIGHT_LOGLEVEL", "DEBUG")


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_shows_and_keeps_no_secret(tenant: Sandbox, tmp_path: Path, kind: str) -> None:
    overheard = Overheard()
    with Hostile(tenant, faithful(overheard)) as server:
        run = Run(tmp_path, kind, server.url)
        assert any(overheard.told(request) for request in server.requests)
    assert run.status == 0, run.said
    assert "DEBUG" in run.said
    assert run.shown(overheard.secrets) == []


@pytest.mark.parametrize("kind", RUNS)
def test_a_secret_that_the_tenant_says_is_not_said_again(
    tenant: Sandbox, tmp_path: Path, kind: str
) -> None:
    for number, (status, after) in enumerate(gossips()):
        overheard = Overheard()
        folder = tmp_path / str(number)
        folder.mkdir()
        with Hostile(tenant, gossip(overheard, status, after=after)) as server:
            run = Run(folder, kind, server.url)
        assert "Traceback" not in run.said
        assert run.shown(overheard.secrets) == [], (status, after)


@pytest.mark.parametrize("kind", ["tap, key", "target, key"])
def test_the_password_of_the_quota_store_is_not_said_either(
    tenant: Sandbox, tmp_path: Path, kind: str, redis_url: str
) -> None:
    run = Run(tmp_path, kind, tenant.url, quota_store=redis_url)
    assert run.status == 0, run.said
    assert run.shown({"s3cret", KEY}) == []
    folder = tmp_path / "wrong"
    folder.mkdir()
    run = Run(folder, kind, tenant.url, quota_store=redis_url.replace("s3cret", "not-s3cret"))
    assert run.status == 1
    assert "quota_store: redis://127.0.0.1" in run.said
    assert run.shown({"s3cret", KEY}) == []


def test_the_bulk_key_goes_with_import_jobs_alone(tenant: Sandbox, tmp_path: Path) -> None:
    with Hostile(tenant, faithful(Overheard())) as server:
        Run(tmp_path, "target, pair, import jobs", server.url)
        keyed = {
            "bulkimport" in request.path
            for request in server.requests
            if BULK in request.headers.values()
        }
        others = [request for request in server.requests if "bulkimport" not in request.path]
    assert keyed == {True}
    assert others
    assert not [request for request in others if BULK in str(request.headers)]


_runs_code = re.compile(
    r"\b(?:subprocess|multiprocessing|pickle|marshal|shelve|runpy|ctypes)\b|\b(?:eval|exec)\("
    r"|\bos\.(?:system|popen|fork|exec\w*|spawn\w*|posix_spawn)\("
).search


def test_no_connector_starts_a_process_or_runs_what_it_is_given() -> None:
    """So no secret is in the arguments of one, and no reply becomes code."""
    packages = ("gainsight_api", "gainsight_singer", "tap_gainsight", "target_gainsight")
    modules = [path for name in packages for path in (ROOT / name).rglob("*.py")]
    assert len(modules) > len(packages)
    assert [str(path) for path in modules if _runs_code(path.read_text())] == []
