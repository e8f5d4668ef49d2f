"""Replies that would fill a memory or a disk are not read to their end."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from gainsight_api.errors import DataError, GainsightError
from tests.api.conftest import Reply, csv, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.calls.session import Session
    from tests.api.conftest import Connect, Server

PACKED = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
MOST_BYTES = 1 << 22
BOMB = gzip.compress(bytes(MOST_BYTES), mtime=0) * 2


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself, 256 MiB, takes seconds to be reached."""
    monkeypatch.setattr("gainsight_api.calls.bodies.MOST_BYTES", MOST_BYTES)


def test_a_chunk_that_inflates_without_end_is_an_error_and_fills_no_disk(
    session: Session, server: Server
) -> None:
    server.answers(csv(BOMB, **{"Content-Encoding": "gzip"}))
    written = 0

    def write(blocks: Iterator[bytes]) -> None:
        nonlocal written
        for block in blocks:
            written += len(block)

    with pytest.raises(DataError, match=r"compressed bytes of a reply become over .*not read"):
        session.download("chunk", write)
    assert len(server.requests) == 1, "what is no table is not fetched again"
    assert written <= MOST_BYTES


def test_a_block_is_inflated_a_piece_at_a_time(session: Session, server: Server) -> None:
    server.answers(csv(gzip.compress(bytes(MOST_BYTES)), **{"Content-Encoding": "gzip"}))
    sizes = session.download("chunk", lambda blocks: [len(block) for block in blocks])
    assert sum(sizes) == MOST_BYTES
    assert max(sizes) <= 1 << 20


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress], ids=["gzip", "zlib"])
def test_pieces_of_any_size_make_up_the_whole(
    session: Session, server: Server, size: int, packed: object
) -> None:
    body = b"x" * size
    server.answers(csv(packed(body) * 2, **{"Content-Encoding": "gzip"}))  # type: ignore[operator]
    assert session.download("chunk", b"".join) == body * 2


def test_a_compressed_file_of_no_bytes_has_broken_off(session: Session, server: Server) -> None:
    packed = {"Content-Encoding": "gzip"}
    server.answers(csv(b"", **packed), csv(gzip.compress(b"Gsid\n1\n"), **packed))
    assert session.download("chunk", b"".join) == b"Gsid\n1\n"


def test_a_refusal_of_no_bytes_is_one_whatever_is_said_of_its_compression(
    session: Session, server: Server
) -> None:
    server.answers(Reply(b"", status=403, headers=PACKED))
    with pytest.raises(GainsightError, match="HTTP 403"):
        session.download("chunk", b"".join)


def test_a_large_table_of_empty_cells_is_read(session: Session, server: Server) -> None:
    """More than 100:1, and larger than what is decompressed whatever it becomes."""
    rows = b"".join(b"%d%s\n" % (n * 7_919 % 1_000_003, b"," * 1_000) for n in range(300))
    server.answers(csv(gzip.compress(rows * 17), **{"Content-Encoding": "gzip"}))
    read = session.download("chunk", lambda blocks: sum(map(len, blocks)))
    assert read == len(rows) * 17 > MOST_BYTES


@pytest.mark.parametrize("method", ["get", "download"])
def test_a_reply_that_inflates_without_end_is_an_error(
    session: Session, server: Server, method: str
) -> None:
    server.answers(Reply(BOMB, headers=PACKED))
    with pytest.raises(DataError, match="reply"):
        session.get("x") if method == "get" else session.download("x", b"".join)
    assert len(server.requests) == 1


def test_a_reply_without_end_is_an_error_without_compression_too(
    session: Session, server: Server
) -> None:
    server.answers(Reply(b" " * (1 << 20), times=5))
    with pytest.raises(DataError, match=r"a reply is larger than 4,194,304 bytes"):
        session.get("x")


def test_a_token_reply_that_inflates_without_end_is_an_error(
    connected: Connect, server: Server
) -> None:
    server.answers(Reply(BOMB, headers=PACKED))
    session = connected(server.url, oauth_client_id="client", oauth_client_secret="a-long-secret")
    with pytest.raises(GainsightError, match="reply"):
        session.get("x")
    assert len(server.requests) == 1


def test_a_token_reply_may_be_compressed(connected: Connect, server: Server) -> None:
    token = gzip.compress(b'{"access_token": "abc"}')
    server.answers(Reply(token, headers=PACKED), ok("fine"))
    session = connected(server.url, oauth_client_id="client", oauth_client_secret="a-long-secret")
    assert session.get("x") == "fine"
