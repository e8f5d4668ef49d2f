"""An address that the tenant names is followed on its own host, port and scheme, or not at all."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from gainsight_api.errors import ForeignAddressError
from gainsight_api.jobs.exports import Exports, Job
from gainsight_api.objects.read import Read
from tests.api.conftest import KEY, csv, ok

if TYPE_CHECKING:
    from tests.api.conftest import Connect, Server

ELSEWHERE = {
    "another port": "http://127.0.0.1:{foreign}/x",
    "another name": "http://localhost:{own}/x",
    "another address": "http://127.0.0.2:{own}/x",
    "no port": "http://127.0.0.1/x",
    "another scheme": "https://127.0.0.1:{own}/x",
    "a scheme that is no web's": "gopher://127.0.0.1:{foreign}/x",
    "a file": "file://127.0.0.1:{own}/etc/passwd",
    "a script": "javascript://127.0.0.1:{own}/%0aalert(1)",
    "a user before it": "http://127.0.0.1:{own}@127.0.0.1:{foreign}/x",
    "a user of its own": "http://user:word@127.0.0.1:{own}/x",
    "an empty user": "http://@127.0.0.1:{own}/x",
    "backslashes": "http:\\\\127.0.0.1:{foreign}\\x",
    "one backslash before an @": "http://127.0.0.1:{own}\\@127.0.0.1:{foreign}/x",
    "two backslashes and no scheme": "\\\\127.0.0.1:{foreign}\\x",
    "a slash and a backslash": "/\\127.0.0.1:{foreign}/x",
    "a dot behind it": "http://127.0.0.1.:{own}/x",
    "a number for it": "http://2130706433:{foreign}/x",
    "hexadecimal": "http://0x7f000001:{foreign}/x",
    "octal": "http://0177.0.0.1:{foreign}/x",
    "short": "http://127.1:{foreign}/x",
    "an IPv6 address": "http://[::ffff:127.0.0.1]:{foreign}/x",
    "an IPv6 address that is none": "http://[::1",
    "an ideographic full stop": "http://127\u30020.0.1:{foreign}/x",
    "a fullwidth digit": "http://\uff1127.0.0.1:{foreign}/x",
    "a fullwidth slash": "http://127.0.0.1:{own}\uff0f@127.0.0.1:{foreign}/x",
    "a name that is not ASCII": "http://127.0.0.1\u2024example:{foreign}/x",
    "punycode": "http://xn--127-zzz:{foreign}/x",
    "a longer name": "http://127.0.0.1:{own}.evil.example/x",
    "two ports": "http://127.0.0.1:{own}:{foreign}/x",
    "a port that is none": "http://127.0.0.1:{own}x/x",
    "a tab in the scheme": "ht\ttp://127.0.0.1:{foreign}/x",
    "a blank before it": " http://127.0.0.1:{foreign}/x",
    "breaks in the host": "http://127.0.0.1:{foreign}\r\n/x",
    "a header behind breaks": "http://127.0.0.1:{own}/x HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "breaks within the path": "/x\r\nHost:127.0.0.1",
    "NUL": "http://127.0.0.1:{own}/x\0",
    "escape": "http://127.0.0.1:{own}/\x1b[31m",
    "a question before an @": "http://127.0.0.1:{foreign}?@127.0.0.1:{own}/x",
    "a fragment before an @": "http://127.0.0.1:{foreign}#@127.0.0.1:{own}/x",
    "another one in the query, without a scheme": "//127.0.0.1:{foreign}/x?u=http://y",
}
HERE = {
    "two slashes and no scheme": "//127.0.0.1:{foreign}/x",
    "a fragment": "http://127.0.0.1:{own}/x#@127.0.0.1:{foreign}/",
    "another one in the query": "/x?next=http://127.0.0.1:{foreign}/",
    "another one behind two dots": "x/../../../http%3A//127.0.0.1:{foreign}/",
    "escaped breaks": "/x%0d%0aHost:%20127.0.0.1:{foreign}",
}
READ = Read("company", ("Gsid",), order_by=("Gsid",))


@pytest.fixture
def exports(connected: Connect, server: Server) -> Exports:
    return Exports(connected(server.url, max_retries=0, bulk_calls_per_hour=100))


def led(exports: Exports, server: Server, place: str, address: str) -> None:
    """Go where the tenant says that a job's status, or a chunk of it, is."""
    if place == "statusURL":
        server.answers(ok({"jobId": "1", "statusURL": address}), ok({"jobStatus": "RUNNING"}))
        exports.status(exports.submit(READ))
        return
    chunk = {"chunkURL": address, "offset": 0, "limit": 1}
    status = {"jobStatus": "COMPLETED", "totalRecords": 1, "chunkDetails": [chunk]}
    server.answers(ok(status), csv(b"Gsid\n1\n"))
    exports.fetch(exports.status(Job("1", "v3/status/1")).chunks[0], io.BytesIO())


@pytest.mark.parametrize("place", ["statusURL", "chunkURL"])
def test_an_address_elsewhere_is_refused_and_not_quoted(
    exports: Exports, server: Server, foreign: Server, place: str
) -> None:
    for what, form in ELSEWHERE.items():
        server.requests.clear()
        address = form.format(own=server.port, foreign=foreign.port)
        with pytest.raises(ForeignAddressError, match="not on the tenant's own host") as caught:
            led(exports, server, place, address)
        assert str(foreign.port) not in str(caught.value), what
        assert foreign.requests == [], what
        assert len(server.requests) == 1, what  # by which it was named


@pytest.mark.parametrize("place", ["statusURL", "chunkURL"])
def test_what_only_looks_like_elsewhere_is_asked_of_the_tenant_itself(
    exports: Exports, server: Server, foreign: Server, place: str
) -> None:
    for what, form in HERE.items():
        server.requests.clear()
        led(exports, server, place, form.format(own=server.port, foreign=foreign.port))
        assert foreign.requests == [], what
        assert len(server.requests) == 2, what
        assert server.requests[-1].headers["host"] == f"127.0.0.1:{server.port}", what
        assert server.requests[-1].headers["accesskey"] == KEY, what
