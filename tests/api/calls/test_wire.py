"""Calls that drip, and bodies that break off."""

from __future__ import annotations

import gzip
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from gainsight_api.errors import ServerError, TransportError
from tests.api.conftest import Reply, csv, enveloped, ok

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session
    from tests.api.conftest import Connect, Server

CSV = b"Gsid,Name\n" + b"".join(b"%d,Company number %d\n" % (n, n) for n in range(50))


def download(session: Session) -> bytes:
    return session.download("chunk", b"".join)


@pytest.mark.parametrize("measured", [True, False])
def test_a_reply_that_drips_is_given_up_when_its_time_is_over(
    connected: Connect,
    server: Server,
    measured: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    body = enveloped({"result": True, "data": "fine"}).body
    server.answers(Reply(body, drip=0.2, measured=measured))
    session = connected(server.url, request_timeout=0.5, max_retries=1)
    began = time.monotonic()
    with pytest.raises(TransportError, match="request_timeout"):
        session.get("x")
    assert time.monotonic() - began < 3
    assert len(server.requests) == 2


def test_a_chunk_that_drips_is_given_up_when_its_time_is_over(
    connected: Connect, server: Server
) -> None:
    server.answers(Reply(CSV, headers={"Content-Type": "text/csv"}, drip=0.1))
    session = connected(server.url, request_timeout=0.5, max_retries=0)
    with pytest.raises(TransportError, match="request_timeout"):
        download(session)


def test_a_large_file_has_more_time(connected: Connect, server: Server) -> None:
    server.answers(Reply(b"x" * 50_000, headers={"Content-Type": "text/csv"}, times=40))
    session = connected(server.url, request_timeout=5)

    def slowly(blocks: object) -> int:
        read = 0
        for block in blocks:  # type: ignore[attr-defined]
            read += len(block)
        return read

    assert session.download("chunk", slowly) == 2_000_000


@pytest.mark.parametrize("body", [gzip.compress(CSV, mtime=0), zlib.compress(CSV)])
def test_a_compressed_chunk_is_read(session: Session, server: Server, body: bytes) -> None:
    encoding = "gzip" if body[:2] == b"\x1f\x8b" else "deflate"
    server.answers(csv(body, **{"Content-Encoding": encoding}))
    assert download(session) == CSV


def test_a_compressed_chunk_of_two_members_is_read(session: Session, server: Server) -> None:
    body = gzip.compress(CSV, mtime=0) + gzip.compress(b"51,more\n", mtime=0)
    server.answers(csv(body, **{"Content-Encoding": "gzip"}))
    assert download(session) == CSV + b"51,more\n"


@pytest.mark.parametrize("lost", [1, 8, 9, 20])
def test_a_compressed_chunk_without_its_end_is_fetched_again(
    session: Session, server: Server, lost: int
) -> None:
    whole = gzip.compress(CSV, mtime=0)
    headers = {"Content-Encoding": "gzip"}
    server.answers(csv(whole[:-lost], **headers), csv(whole, **headers))
    assert download(session) == CSV
    assert len(server.requests) == 2


def test_a_compressed_chunk_that_is_damaged_is_no_chunk(session: Session, server: Server) -> None:
    whole = bytearray(gzip.compress(CSV, mtime=0))
    whole[20] ^= 0xFF
    server.answers(csv(bytes(whole), **{"Content-Encoding": "gzip"}))
    with pytest.raises(TransportError):
        download(session)


def unmeasured(body: bytes) -> Reply:
    """A chunk of which nobody says how long it is."""
    return Reply(body, headers={"Content-Type": "text/csv"}, measured=False)


@pytest.mark.parametrize("lost", [1, 5, 9])
def test_a_chunk_of_unknown_length_that_ends_within_a_line_is_fetched_again(
    connected: Connect, server: Server, lost: int
) -> None:
    session = connected(server.url, max_retries=1)
    server.answers(unmeasured(CSV[:-lost]), unmeasured(CSV))
    assert download(session) == CSV
    server.answers(unmeasured(CSV[:-lost]))
    with pytest.raises(TransportError, match="ends within a line"):
        download(session)


@pytest.mark.parametrize("body", [b'"Gsid","Name"\n"1","a"', b"Gsid", b""])
def test_a_chunk_of_unknown_length_that_may_be_whole_is_taken(
    session: Session, server: Server, body: bytes
) -> None:
    server.answers(unmeasured(body))
    assert download(session) == body


def test_a_chunk_of_known_length_needs_no_line_end(session: Session, server: Server) -> None:
    server.answers(csv(CSV[:-1]))
    assert download(session) == CSV[:-1]


def test_calls_for_json_ask_for_it(session: Session, server: Server) -> None:
    server.answers(ok("fine"))
    session.get("x")
    session.post("x", {})
    assert {request.headers["accept"] for request in server.requests} == {"application/json"}


def test_a_chunk_under_a_wrong_label_is_read_by_how_it_begins(
    session: Session, server: Server
) -> None:
    for label in ("application/json", "text/html"):
        server.answers(Reply(CSV, headers={"Content-Type": label}))
        assert download(session) == CSV


def test_an_envelope_or_a_page_in_place_of_a_chunk_is_none(
    connected: Connect, server: Server
) -> None:
    session = connected(server.url, max_retries=0)
    for reply in (ok("fine"), Reply(b"<html>", headers={"Content-Type": "text/html"})):
        server.answers(reply)
        with pytest.raises(ServerError):
            download(session)
